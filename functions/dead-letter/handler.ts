import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { endCallsWith } from '../../shared/adapters/aws-calls.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { readEnvironment } from '../../shared/lambda/environment.ts';
import { logFailure } from '../../shared/lambda/failure-log.ts';
import { answerBatchInTime } from '../../shared/lambda/in-time.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { type DeadLetterDeps, explainBatch } from './explain-parked.ts';

const env = readEnvironment(
  process.env,
  'ENVIRONMENT',
  'CLAIMS_TABLE',
  'EVENT_LOG_TABLE',
  'ACTION_LOG_TABLE',
  'LOG_RETENTION_DAYS',
  'USERS_INDEX',
);
const logger = new Logger({ serviceName: 'dead-letter' });
const client = makeDocumentClient();
const retentionDays = env.LOG_RETENTION_DAYS;

const deps: DeadLetterDeps = {
  eventLog: makeEventLog({ client, table: env.EVENT_LOG_TABLE, retentionDays, usersIndex: env.USERS_INDEX }),
  actionLog: makeActionLog({
    client,
    table: env.ACTION_LOG_TABLE,
    retentionDays,
    onUnreadable: (execution, error) =>
      logFailure(logger, 'a part of a row of the action log cannot be read', error, { execution }),
  }),
  claims: makeClaimStore(client, env.CLAIMS_TABLE),
  metrics: makeStageMetrics(env.ENVIRONMENT),
  log: logger,
  nowMs: Date.now,
};

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(({ Records }, context) =>
  answerBatchInTime(context, { Records, log: logger, metrics: deps.metrics, endCallsWith }, () =>
    explainBatch(Records, deps),
  ),
);
