import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSEvent } from 'aws-lambda';

/*
 * Baseline of `bundles`: the least that a function can bring along that writes a row and sends a message.
 */
const tables = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const queues = new SQSClient({});

export async function handler({ Records }: SQSEvent): Promise<void> {
  for (const { messageId, body } of Records) {
    await tables.send(
      new PutCommand({ TableName: process.env.EVENT_LOG_TABLE, Item: { pk: messageId, sk: '-', body } }),
    );
    await queues.send(new SendMessageCommand({ QueueUrl: process.env.ACTIONS_QUEUE_URL, MessageBody: body }));
  }
}
