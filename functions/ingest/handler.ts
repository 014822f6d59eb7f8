import { randomBytes } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeSecrets, makeSecretsClient } from '../../shared/adapters/secrets-manager-secrets.ts';
import { makeEventsQueue, makeQueueClient } from '../../shared/adapters/sqs-queues.ts';
import { readEnvironment } from '../../shared/lambda/environment.ts';
import { logFailure } from '../../shared/lambda/failure-log.ts';
import { answerFaults, type HttpResult } from '../../shared/lambda/http-errors.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { reportUnreadable } from '../../shared/lambda/unreadable-configuration.ts';
import { type Reporting, report, toHttpResult, toIngestRequest } from './answer.ts';
import { type IngestDeps, ingestRequest } from './ingest-request.ts';

export function makeHandler(deps: IngestDeps & Reporting) {
  return middy<APIGatewayProxyEventV2, HttpResult>()
    .use({ after: () => deps.metrics.flush(), onError: () => deps.metrics.flush() })
    .use(answerFaults((error) => report({ source: 'unknown', answer: { kind: 'unavailable', error } }, {}, deps)))
    .handler(async (event) => {
      const request = toIngestRequest(event);
      const ingested = await ingestRequest(request, deps);
      report(ingested, { request_id: event.requestContext.requestId, bytes: request.rawBody.length }, deps);
      return toHttpResult(ingested.answer);
    });
}

const env = readEnvironment(
  process.env,
  'ENVIRONMENT',
  'EVENTS_QUEUE_URL',
  'CONFIGURATION_TABLE',
  'SECRETS_PREFIX',
  'LOG_SHARDS',
);

const metrics = makeStageMetrics(env.ENVIRONMENT);
const logger = new Logger({ serviceName: 'ingest' });

export const handler = makeHandler({
  configuration: makeConfigurationSource(
    { client: makeDocumentClient(), table: env.CONFIGURATION_TABLE },
    { onUnreadable: reportUnreadable({ metrics, error: (message, context) => logger.error(message, context) }) },
  ),
  secrets: makeSecrets({
    client: makeSecretsClient(),
    prefix: env.SECRETS_PREFIX,
    onFailure: (name, error) =>
      logFailure(logger, 'a secret cannot be used', error, { secret: name, reason: error.reason }),
  }),
  events: makeEventsQueue(makeQueueClient(), env.EVENTS_QUEUE_URL),
  logShards: env.LOG_SHARDS,
  metrics,
  log: logger,
  nowMs: Date.now,
  randomBytes,
});
