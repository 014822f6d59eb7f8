import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { endCallsWith } from '../../shared/adapters/aws-calls.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeRunLimits } from '../../shared/adapters/dynamodb-run-limits.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { makeTargetBreakers } from '../../shared/adapters/dynamodb-target-breakers.ts';
import { makeWorkflowHolds } from '../../shared/adapters/dynamodb-workflow-holds.ts';
import { makeWorkflowRuns } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import { makeSecrets, makeSecretsClient } from '../../shared/adapters/secrets-manager-secrets.ts';
import { makeActionsQueue, makeQueueClient } from '../../shared/adapters/sqs-queues.ts';
import { makeWorkflowTargets } from '../../shared/adapters/workflow-targets.ts';
import { asError } from '../../shared/core/errors.ts';
import { makeRunLimiter } from '../../shared/core/targets/run-limiter.ts';
import { readEnvironment } from '../../shared/lambda/environment.ts';
import { logFailure } from '../../shared/lambda/failure-log.ts';
import { answerBatchInTime } from '../../shared/lambda/in-time.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { reportUnreadable } from '../../shared/lambda/unreadable-configuration.ts';
import type { TargetBreakers } from '../../shared/ports/target-breakers.ts';
import { runActions, type WorkflowTriggerDeps } from './run-actions.ts';

const env = readEnvironment(
  process.env,
  'ENVIRONMENT',
  'ACTIONS_QUEUE_URL',
  'CLAIMS_TABLE',
  'ACTION_LOG_TABLE',
  'WORKFLOW_RUNS_TABLE',
  'DIRECTORY_TABLE',
  'CONFIGURATION_TABLE',
  'SECRETS_PREFIX',
  'LOG_RETENTION_DAYS',
  'MAX_RECEIVE_COUNT',
  'LOCAL',
);
const logger = new Logger({ serviceName: 'workflow-trigger' });
const metrics = makeStageMetrics(env.ENVIRONMENT);
const client = makeDocumentClient();
const retentionDays = env.LOG_RETENTION_DAYS;

/** Runs go on without breakers; this line shows it. */
function reported(breakers: TargetBreakers): TargetBreakers {
  const report = (workflow: string) => (error: unknown) => {
    logFailure(logger, 'the breaker of a target could not be used', asError(error), { workflow });
    throw error;
  };
  return {
    read: (workflow) => breakers.read(workflow).catch(report(workflow)),
    writeIfUnchanged: (workflow, next) => breakers.writeIfUnchanged(workflow, next).catch(report(workflow)),
  };
}

const limiter = makeRunLimiter(makeRunLimits(client, env.DIRECTORY_TABLE), Date.now, randomUUID);

const deps: WorkflowTriggerDeps = {
  environment: env.ENVIRONMENT,
  configuration: makeConfigurationSource(
    { client, table: env.CONFIGURATION_TABLE },
    {
      withErased: true,
      onUnreadable: reportUnreadable({ metrics, error: (message, context) => logger.error(message, context) }),
    },
  ),
  claims: makeClaimStore(client, env.CLAIMS_TABLE),
  actionLog: makeActionLog({
    client,
    table: env.ACTION_LOG_TABLE,
    retentionDays,
    onUnreadable: (execution, error) =>
      logFailure(logger, 'a part of a row of the action log cannot be read', error, { execution }),
  }),
  actionsQueue: makeActionsQueue(makeQueueClient(), env.ACTIONS_QUEUE_URL),
  directory: makeDirectory(client, env.DIRECTORY_TABLE),
  subscriptions: makeSubscriptions(client, env.DIRECTORY_TABLE),
  audiences: makeAudiences(client, env.DIRECTORY_TABLE),
  runs: makeWorkflowRuns({ client, table: env.WORKFLOW_RUNS_TABLE, retentionDays }),
  holds: makeWorkflowHolds({ client, runsTable: env.WORKFLOW_RUNS_TABLE, configurationTable: env.CONFIGURATION_TABLE }),
  limiter,
  openTarget: makeWorkflowTargets({
    limiter,
    secrets: makeSecrets({
      client: makeSecretsClient(),
      prefix: env.SECRETS_PREFIX,
      onFailure: (name, error) =>
        logFailure(logger, 'a secret cannot be used', error, { secret: name, reason: error.reason }),
    }),
    breakers: reported(makeTargetBreakers(client, env.DIRECTORY_TABLE)),
    allowPrivate: env.LOCAL,
    nowMs: Date.now,
  }),
  metrics,
  log: logger,
  nowMs: Date.now,
  random: Math.random,
  maxReceiveCount: env.MAX_RECEIVE_COUNT,
  retentionDays,
};

// Enough time to send retries and write rows after the last target's answer, even with a slow
// table.
const finishMs = 10_000;

export const handler = middy<SQSEvent, SQSBatchResponse>().handler(({ Records }, context) =>
  answerBatchInTime(context, { Records, log: logger, metrics, endCallsWith }, () =>
    runActions(Records, deps, Date.now() + context.getRemainingTimeInMillis() - finishMs),
  ),
);
