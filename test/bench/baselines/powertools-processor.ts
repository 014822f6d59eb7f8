import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { ActionMessage, EventMessage } from './powertools-messages.ts';

/*
 * Baseline of `pipeline`, first function: what the documentation of Powertools leads to. Each record of a batch is
 * wrapped in its idempotency (put "in progress", run, update "completed"); each action is a message, each event a row.
 */
const tables = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
  marshallOptions: { removeUndefinedValues: true },
});
const queues = new SQSClient({});
const metrics = new Metrics({ namespace: 'Baseline', serviceName: 'processor' });
const batch = new BatchProcessor(EventType.SQS);
const config = new IdempotencyConfig({ eventKeyJmesPath: 'body.messageId', expiresAfterSeconds: 86_400 });
const persistenceStore = new DynamoDBPersistenceLayer({ tableName: process.env.IDEMPOTENCY_TABLE ?? '' });

const mappings = new Map([['track/order_completed', [{ id: 'order-completed', workflow: 'order-completed' }]]]);

const processEvent = makeIdempotent(
  async ({ id, source, receivedAt, headers, body }: EventMessage) => {
    const type = body.event === undefined ? body.type : `${body.type}/${body.event}`;
    const actions = mappings.get(type) ?? [];
    for (const { id: mapping, workflow } of actions) {
      const message: ActionMessage = {
        id: `${id}#${mapping}`,
        execution: id,
        mapping,
        workflow,
        recipient: body.userId,
        data: body.properties ?? {},
      };
      await queues.send(
        new SendMessageCommand({ QueueUrl: process.env.ACTIONS_QUEUE_URL, MessageBody: JSON.stringify(message) }),
      );
    }
    await tables.send(
      new PutCommand({
        TableName: process.env.EVENT_LOG_TABLE,
        Item: {
          pk: `${source}#${receivedAt.slice(0, 10)}`,
          sk: id,
          source,
          event_type: type,
          user_id: body.userId,
          user_bucket: body.userId,
          key: body.messageId,
          status: actions.length > 0 ? 'processed' : 'no_mapping',
          actions_planned: actions.length,
          received_at: receivedAt,
          processed_at: new Date().toISOString(),
          headers,
          payload: JSON.stringify(body),
          expires_at: Math.ceil(Date.now() / 1000) + 14 * 86_400,
        },
      }),
    );
    return { status: 'processed' };
  },
  { persistenceStore, config },
);

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  config.registerLambdaContext(context);
  const response = await processPartialResponse(event, ({ body }: SQSRecord) => processEvent(JSON.parse(body)), batch, {
    context,
  });
  metrics.addMetric('EventsProcessed', MetricUnit.Count, event.Records.length - response.batchItemFailures.length);
  metrics.publishStoredMetrics();
  return response;
}
