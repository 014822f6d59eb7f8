import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { ActionMessage } from './powertools-messages.ts';

/*
 * Baseline of `pipeline`, second function: each action is idempotent too, since its queue delivers more than once as
 * well; it reads its user, writes its run and its row in the log.
 */
const tables = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
  marshallOptions: { removeUndefinedValues: true },
});
const metrics = new Metrics({ namespace: 'Baseline', serviceName: 'trigger' });
const batch = new BatchProcessor(EventType.SQS);
const config = new IdempotencyConfig({ eventKeyJmesPath: 'id', expiresAfterSeconds: 86_400 });
const persistenceStore = new DynamoDBPersistenceLayer({ tableName: process.env.IDEMPOTENCY_TABLE ?? '' });

async function runAction({ id, execution, mapping, workflow, recipient, data }: ActionMessage) {
  const startedAt = new Date().toISOString();
  const { Item: user } = await tables.send(
    new GetCommand({ TableName: process.env.USERS_TABLE, Key: { pk: recipient }, ConsistentRead: true }),
  );
  const status = user === undefined ? 'skipped' : 'succeeded';
  if (user !== undefined) {
    await tables.send(
      new PutCommand({
        TableName: process.env.WORKFLOW_RUNS_TABLE,
        Item: {
          pk: recipient,
          sk: `${execution}#${mapping}`,
          workflow,
          workflow_run_id: id,
          status: 'handed_off',
          data,
          inserted_at: startedAt,
          expires_at: Math.ceil(Date.now() / 1000) + 14 * 86_400,
        },
      }),
    );
  }
  await tables.send(
    new PutCommand({
      TableName: process.env.ACTION_LOG_TABLE,
      Item: {
        pk: startedAt.slice(0, 10),
        sk: id,
        execution,
        mapping,
        action: 'workflows_trigger',
        status,
        payload: { key: workflow, recipients: recipient, data },
        result: { runs: user === undefined ? 0 : 1 },
        attempts: 1,
        started_at: startedAt,
        finished_at: new Date().toISOString(),
        expires_at: Math.ceil(Date.now() / 1000) + 14 * 86_400,
      },
    }),
  );
  return { status };
}

const runOnce = makeIdempotent(runAction, { persistenceStore, config });
const run = process.env.IDEMPOTENT_ACTIONS === 'true' ? runOnce : runAction;

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  config.registerLambdaContext(context);
  const response = await processPartialResponse(event, ({ body }: SQSRecord) => run(JSON.parse(body)), batch, {
    context,
  });
  metrics.addMetric('ActionsSucceeded', MetricUnit.Count, event.Records.length - response.batchItemFailures.length);
  metrics.publishStoredMetrics();
  return response;
}
