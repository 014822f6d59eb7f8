import { Logger } from '@aws-lambda-powertools/logger';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import packageJson from '../../package.json' with { type: 'json' };
import { patientCalls } from '../../shared/adapters/aws-calls.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeQueueClient } from '../../shared/adapters/sqs-queues.ts';
import { asError } from '../../shared/core/errors.ts';
import { readEnvironment } from '../../shared/lambda/environment.ts';
import { logFailure } from '../../shared/lambda/failure-log.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { makeAcceptedCounts } from '../../shared/operations/verify/accepted-counts.ts';
import { makeDailyStatements } from '../../shared/operations/verify/daily-statements.ts';
import type { StatementEnvironment } from '../../shared/operations/verify/statement.ts';

const env = readEnvironment(
  process.env,
  'ENVIRONMENT',
  'CONFIGURATION_TABLE',
  'EVENT_LOG_TABLE',
  'ACTION_LOG_TABLE',
  'EVENTS_QUEUE_URL',
  'ACTIONS_QUEUE_URL',
  'EVENTS_DEAD_LETTER_QUEUE_URL',
  'ACTIONS_DEAD_LETTER_QUEUE_URL',
  'LOG_SHARDS',
  'LOG_RETENTION_DAYS',
  'FUNCTION_CODE',
  'LOCAL',
);
const logger = new Logger({ serviceName: 'statement' });
const metrics = makeStageMetrics(env.ENVIRONMENT);
const documents = makeDocumentClient(patientCalls);
const queues = makeQueueClient(patientCalls);
const cloudWatch = new CloudWatchClient(patientCalls);

const environment = {
  name: env.ENVIRONMENT,
  where: env.LOCAL ? 'local' : `AWS ${process.env.AWS_REGION}`,
  local: env.LOCAL,
  documents,
  configuration: { client: documents, table: env.CONFIGURATION_TABLE },
  queues: async () => queues,
  metrics: async () => cloudWatch,
  outputs: {
    EventLogTable: env.EVENT_LOG_TABLE,
    ActionLogTable: env.ACTION_LOG_TABLE,
    EventsQueueUrl: env.EVENTS_QUEUE_URL,
    ActionsQueueUrl: env.ACTIONS_QUEUE_URL,
    EventsDeadLetterQueueUrl: env.EVENTS_DEAD_LETTER_QUEUE_URL,
    ActionsDeadLetterQueueUrl: env.ACTIONS_DEAD_LETTER_QUEUE_URL,
    LogShards: env.LOG_SHARDS,
    LogRetentionDays: env.LOG_RETENTION_DAYS,
    FunctionCode: env.FUNCTION_CODE,
  },
} satisfies StatementEnvironment & { outputs: { LogShards: number } };

/**
 * Once a day. Lambda tries it again twice when it throws; days that are kept as complete are not looked
 * at again then.
 */
export async function handler(): Promise<{ made: string[] }> {
  const made: string[] = [];
  const counts = makeAcceptedCounts(cloudWatch, env.ENVIRONMENT);
  try {
    const options = { madeBy: 'schedule', version: packageJson.version, nowMs: Date.now };
    await makeDailyStatements(environment, counts, options, ({ window, verdict, summary, sha256 }) => {
      const day = window.since.slice(0, 10);
      made.push(`${day} ${verdict}`);
      if (verdict === 'differs') metrics.count('*', 'StatementsDiffering');
      logger[verdict === 'differs' ? 'error' : 'info']('a statement was made', { day, verdict, summary, sha256 });
    });
    return { made };
  } catch (error) {
    logFailure(logger, 'a statement could not be made', asError(error), { made });
    throw error;
  } finally {
    metrics.flush();
  }
}
