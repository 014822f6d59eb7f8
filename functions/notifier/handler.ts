import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { endCallsWith } from '../../shared/adapters/aws-calls.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeAnnouncements } from '../../shared/adapters/dynamodb-announcements.ts';
import { makeSecrets, makeSecretsClient } from '../../shared/adapters/secrets-manager-secrets.ts';
import { readEnvironment } from '../../shared/lambda/environment.ts';
import { logFailure } from '../../shared/lambda/failure-log.ts';
import { answerBatchInTime } from '../../shared/lambda/in-time.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { explainAlarm } from '../../shared/operations/alarms/explain-alarm.ts';
import { openChannels } from './channels/open-channels.ts';
import { postJson } from './channels/post.ts';
import { type NotifierDeps, notifyBatch } from './notify-batch.ts';

const env = readEnvironment(
  process.env,
  'ENVIRONMENT',
  'CONFIGURATION_TABLE',
  'EVENT_LOG_TABLE',
  'ACTION_LOG_TABLE',
  'SECRETS_PREFIX',
  'LOG_SHARDS',
  'NOTIFY',
);
const logger = new Logger({ serviceName: 'notifier' });
const documents = makeDocumentClient();
const configuration = { client: documents, table: env.CONFIGURATION_TABLE };
const outputs = { EventLogTable: env.EVENT_LOG_TABLE, ActionLogTable: env.ACTION_LOG_TABLE };

const deps: NotifierDeps = {
  environment: env.ENVIRONMENT,
  channels: openChannels(env.NOTIFY, {
    secrets: makeSecrets({
      client: makeSecretsClient(),
      prefix: env.SECRETS_PREFIX,
      onFailure: (name, error) =>
        logFailure(logger, 'a secret cannot be used', error, { secret: name, reason: error.reason }),
    }),
    post: postJson,
    nowMs: Date.now,
  }),
  announcements: makeAnnouncements(configuration),
  gather: () => sleep(env.NOTIFY.gatherSeconds * 1000),
  explain: (explanation, range) =>
    explainAlarm(explanation, { documents, outputs, configuration, logShards: env.LOG_SHARDS }, range),
  runbooksUrl: env.NOTIFY.runbooks,
  metrics: makeStageMetrics(env.ENVIRONMENT),
  log: logger,
  nowMs: Date.now,
};

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(({ Records }, context) =>
  answerBatchInTime(context, { Records, log: logger, metrics: deps.metrics, endCallsWith }, () =>
    notifyBatch(Records, deps),
  ),
);
