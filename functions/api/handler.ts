import { randomBytes } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { endCallsWith } from '../../shared/adapters/aws-calls.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeApiKeys } from '../../shared/adapters/dynamodb-api-keys.ts';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeBulkOperations } from '../../shared/adapters/dynamodb-bulk-operations.ts';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeDirectoryList } from '../../shared/adapters/dynamodb-directory-list.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { makeSecrets, makeSecretsClient } from '../../shared/adapters/secrets-manager-secrets.ts';
import { makeActionsQueue, makeEventsQueue, makeQueueClient } from '../../shared/adapters/sqs-queues.ts';
import { readEnvironment } from '../../shared/lambda/environment.ts';
import { logFailure } from '../../shared/lambda/failure-log.ts';
import type { HttpResult } from '../../shared/lambda/http-errors.ts';
import { inTime } from '../../shared/lambda/in-time.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { makeRefusals } from '../../shared/lambda/refusals.ts';
import { lookAgainFor } from '../../shared/lambda/sender/look-again.ts';
import { reportUnreadable } from '../../shared/lambda/unreadable-configuration.ts';
import { makeRunReads } from '../../shared/operations/runs/run-reads.ts';
import { type ApiDeps, answerRequest } from './answer-request.ts';
import { routes } from './routes/index.ts';

export function makeHandler(parts: Omit<ApiDeps, 'refusals'>) {
  const deps = { ...parts, refusals: makeRefusals({ ...parts, service: 'api' }) };
  return middy<APIGatewayProxyEventV2, HttpResult>()
    .use({ after: () => deps.metrics.flush(), onError: () => deps.metrics.flush() })
    .handler((event, context) =>
      inTime(context, spareMs, ({ signal }) => endCallsWith(signal, () => answerRequest(event, deps))),
    );
}

/** How long before Lambda's end, which is at 28 s, all calls end and the request is answered 503. */
const spareMs = 3_000;

const env = readEnvironment(
  process.env,
  'ENVIRONMENT',
  'ACTIONS_QUEUE_URL',
  'CLAIMS_TABLE',
  'EVENTS_QUEUE_URL',
  'EVENT_LOG_TABLE',
  'ACTION_LOG_TABLE',
  'WORKFLOW_RUNS_TABLE',
  'DIRECTORY_TABLE',
  'CONFIGURATION_TABLE',
  'LOG_SHARDS',
  'LOG_RETENTION_DAYS',
  'USERS_INDEX',
  'SYNC_LIMITS',
  'SECRETS_PREFIX',
);

const metrics = makeStageMetrics(env.ENVIRONMENT);
const logger = new Logger({ serviceName: 'api' });
const client = makeDocumentClient();
const queues = makeQueueClient();
const table = { client, table: env.CONFIGURATION_TABLE };
const configuration = makeConfigurationSource(table, {
  withErased: true,
  onUnreadable: reportUnreadable({ metrics, error: (message, context) => logger.error(message, context) }),
});
const retentionDays = env.LOG_RETENTION_DAYS;

export const handler = makeHandler({
  routes,
  // It is beside this file, where it is deployed.
  openApi: async () => (await import(new URL('openapi-document.mjs', import.meta.url).href)).document,
  environment: env.ENVIRONMENT,
  configuration: () => configuration.current(),
  keys: makeApiKeys(table),
  seen: makeSeenRegistry(table),
  directory: makeDirectory(client, env.DIRECTORY_TABLE),
  list: makeDirectoryList(client, env.DIRECTORY_TABLE),
  subscriptions: makeSubscriptions(client, env.DIRECTORY_TABLE),
  audiences: makeAudiences(client, env.DIRECTORY_TABLE),
  claims: makeClaimStore(client, env.CLAIMS_TABLE),
  eventLog: makeEventLog({ client, table: env.EVENT_LOG_TABLE, retentionDays, usersIndex: env.USERS_INDEX }),
  actionLog: makeActionLog({ client, table: env.ACTION_LOG_TABLE, retentionDays }),
  runReads: makeRunReads({
    runs: { client, table: env.WORKFLOW_RUNS_TABLE },
    actionLog: { client, table: env.ACTION_LOG_TABLE },
    registry: table,
    configuration: () => configuration.current(),
    logShards: env.LOG_SHARDS,
    retentionDays,
  }),
  bulkOperations: makeBulkOperations({ client, table: env.ACTION_LOG_TABLE, retentionDays }),
  actionsQueue: makeActionsQueue(queues, env.ACTIONS_QUEUE_URL),
  senders: {
    configuration,
    secrets: makeSecrets({
      client: makeSecretsClient(),
      prefix: env.SECRETS_PREFIX,
      onFailure: (name, error) =>
        logFailure(logger, 'a secret cannot be used', error, { secret: name, reason: error.reason }),
    }),
    lookAgain: lookAgainFor(Date.now),
    log: logger,
    nowMs: Date.now,
  },
  eventsQueue: makeEventsQueue(queues, env.EVENTS_QUEUE_URL),
  logShards: env.LOG_SHARDS,
  syncLimits: env.SYNC_LIMITS,
  metrics,
  log: logger,
  nowMs: Date.now,
  randomBytes,
});
