import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe } from '@jest/globals';
import type { SQSRecord } from 'aws-lambda';
import { makeActionsQueue, makeEventsQueue, makeReceivedMessages } from '../../shared/adapters/sqs-queues.ts';
import { queueContract, type TestQueue } from '../contracts/queues.ts';
import { actionsQueueOf, eventsQueueOf, QueueModel, receivedMessagesOf } from '../faults/queue-model.ts';
import { startQueues, type TestQueues } from '../support/fauxqs.ts';

describe('the model of a queue', () => {
  queueContract((): TestQueue => {
    const clock = { nowMs: 1_000_000 };
    const options = { nowMs: () => clock.nowMs, visibilitySeconds: 2, retentionSeconds: 345_600 };
    const dead = new QueueModel({ ...options, name: 'dead' });
    const queue = new QueueModel({ ...options, name: 'q', deadLetters: { queue: dead, maxReceiveCount: 3 } });
    return {
      events: eventsQueueOf(queue),
      actions: actionsQueueOf(queue),
      received: receivedMessagesOf(queue),
      receive: async () => queue.ready().map((message) => queue.receive(message)),
      delete: async (receipt) => queue.delete(receipt),
      parked: async () => dead.ready().map(({ body }) => body),
      async pass(seconds) {
        clock.nowMs += seconds * 1000;
      },
      async sendRaw(body, delaySeconds = 0) {
        try {
          queue.send({ body, delaySeconds });
          return 'sent';
        } catch {
          return 'refused';
        }
      },
    };
  });
});

describe('the embedded queue', () => {
  let queues: TestQueues;
  let made = 0;
  beforeAll(async () => {
    queues = await startQueues();
  });
  afterAll(() => queues.stop());

  queueContract((): TestQueue => {
    const { client } = queues;
    const name = `q-${++made}`;
    const deadUrl = queues.create(`${name}-dead`);
    const url = queues.create(name, {
      VisibilityTimeout: '2',
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: `arn:aws:sqs:us-east-1:000000000000:${name}-dead`,
        maxReceiveCount: 3,
      }),
    });
    const receiveFrom = async (QueueUrl: string) => {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'] }),
      );
      return Messages.map(({ Body, ReceiptHandle, MessageId, Attributes }) => ({
        body: Body ?? '',
        receiptHandle: ReceiptHandle ?? '',
        messageId: MessageId ?? '',
        attributes: Attributes as unknown as SQSRecord['attributes'],
      }));
    };
    return {
      events: makeEventsQueue(client, url),
      actions: makeActionsQueue(client, url),
      received: makeReceivedMessages(client, url),
      receive: () => receiveFrom(url),
      async delete(ReceiptHandle) {
        await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
      },
      parked: async () => (await receiveFrom(deadUrl)).map(({ body }) => body),
      async pass(seconds) {
        await sleep(seconds * 1000);
        await client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }));
      },
      sendRaw: (MessageBody, DelaySeconds = 0) =>
        client.send(new SendMessageCommand({ QueueUrl: url, MessageBody, DelaySeconds })).then(
          () => 'sent' as const,
          () => 'refused' as const,
        ),
    };
  });
});
