import { Logger } from '@aws-lambda-powertools/logger';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { callLimits, endable, endCallsWith } from '../../shared/adapters/aws-calls.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeSourceLinks } from '../../shared/adapters/dynamodb-source-links.ts';
import { readEnvironment } from '../../shared/lambda/environment.ts';
import type { HttpResult } from '../../shared/lambda/http-errors.ts';
import { inTime } from '../../shared/lambda/in-time.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { reportUnreadable } from '../../shared/lambda/unreadable-configuration.ts';
import type { LinkedEnvironment } from '../../shared/operations/links/linked-source.ts';
import { answerPage, type PageDeps, rememberedCounts } from './answer-page.ts';
import { makeRateLimit } from './rate-limit.ts';

const env = readEnvironment(process.env, 'ENVIRONMENT', 'CONFIGURATION_TABLE', 'EVENT_LOG_TABLE', 'LOG_SHARDS');

const metrics = makeStageMetrics(env.ENVIRONMENT);
const logger = new Logger({ serviceName: 'sender-page' });
const documents = makeDocumentClient();
const configuration = { client: documents, table: env.CONFIGURATION_TABLE };
const cloudWatch = endable(new CloudWatchClient(callLimits({ attempts: 2, attemptMs: 2_000 })));

const environment: LinkedEnvironment = {
  name: env.ENVIRONMENT,
  configuration,
  documents,
  metrics: async () => cloudWatch,
  outputs: { EventLogTable: env.EVENT_LOG_TABLE, LogShards: env.LOG_SHARDS },
};

const deps: PageDeps = {
  environment,
  configuration: makeConfigurationSource(configuration, {
    onUnreadable: reportUnreadable({ metrics, error: (message, context) => logger.error(message, context) }),
  }),
  links: makeSourceLinks(configuration),
  rateLimit: makeRateLimit(),
  counts: rememberedCounts(environment, Date.now),
  metrics,
  log: logger,
  nowMs: Date.now,
};

/** How long before Lambda's end, which is at 10 s, all calls end and the request is answered 503. */
const spareMs = 2_000;

export const handler = middy<APIGatewayProxyEventV2, HttpResult>()
  .use({ after: () => metrics.flush(), onError: () => metrics.flush() })
  .handler((event, context) =>
    inTime(context, spareMs, ({ signal }) => endCallsWith(signal, () => answerPage(event, deps))),
  );
