import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { endCallsWith } from '../../shared/adapters/aws-calls.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import { makeActionsQueue, makeQueueClient, makeReceivedMessages } from '../../shared/adapters/sqs-queues.ts';
import { readEnvironment } from '../../shared/lambda/environment.ts';
import { answerBatchInTime } from '../../shared/lambda/in-time.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { reportUnreadable } from '../../shared/lambda/unreadable-configuration.ts';
import { type ProcessorDeps, processBatch } from './process-batch.ts';

const env = readEnvironment(
  process.env,
  'ENVIRONMENT',
  'EVENTS_QUEUE_URL',
  'ACTIONS_QUEUE_URL',
  'CLAIMS_TABLE',
  'EVENT_LOG_TABLE',
  'CONFIGURATION_TABLE',
  'LOG_RETENTION_DAYS',
  'USERS_INDEX',
  'MAX_RECEIVE_COUNT',
);
const logger = new Logger({ serviceName: 'processor' });
const metrics = makeStageMetrics(env.ENVIRONMENT);
const client = makeDocumentClient();
const queues = makeQueueClient();
const configuration = { client, table: env.CONFIGURATION_TABLE };

const deps: ProcessorDeps = {
  configuration: makeConfigurationSource(configuration, {
    withErased: true,
    onUnreadable: reportUnreadable({ metrics, error: (message, context) => logger.error(message, context) }),
  }),
  claims: makeClaimStore(client, env.CLAIMS_TABLE),
  eventLog: makeEventLog({
    client,
    table: env.EVENT_LOG_TABLE,
    retentionDays: env.LOG_RETENTION_DAYS,
    usersIndex: env.USERS_INDEX,
  }),
  actionsQueue: makeActionsQueue(queues, env.ACTIONS_QUEUE_URL),
  receivedMessages: makeReceivedMessages(queues, env.EVENTS_QUEUE_URL),
  seen: makeSeenRegistry(configuration),
  preprocessor: makePreprocessor(() => performance.now()),
  metrics,
  log: logger,
  nowMs: Date.now,
  random: Math.random,
  maxReceiveCount: env.MAX_RECEIVE_COUNT,
};

// A lease outlives the call that took it, so that no other call takes over while it is still
// working.
const leaseMarginMs = 5000;

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(({ Records }, context) =>
  answerBatchInTime(context, { Records, log: logger, metrics, endCallsWith }, () =>
    processBatch(Records, deps, context.getRemainingTimeInMillis() + leaseMarginMs),
  ),
);
