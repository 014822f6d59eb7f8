import { createHash } from 'node:crypto';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { makeEventId } from '../../core/ids/event-id.ts';
import { type Parked, readParked } from '../../core/plan/parked-message.ts';
import type { Environment } from '../environment.ts';
import { iso } from '../words/iso.ts';

export const deadLetterQueues = ['events', 'actions'] as const;
export type DeadLetterQueue = (typeof deadLetterQueues)[number];

/** A message of a dead-letter queue, in this process's hands for a while. */
export type DeadLetter = {
  queue: DeadLetterQueue;
  messageId: string;
  receiptHandle: string;
  body: string;
  /** When it was first sent; SQS deletes it 14 days later. */
  sentAtMs: number;
  /** `unknown`: it names no event and no source. */
  read: Parked | { kind: 'unknown' };
};

export function urlOf({ outputs }: Pick<Environment, 'outputs'>, queue: DeadLetterQueue): string {
  return queue === 'events' ? outputs.EventsDeadLetterQueueUrl : outputs.ActionsDeadLetterQueueUrl;
}

const batchMax = 10;

/**
 * Takes up to ten messages that no other reader has. Empty when there are none: the dead-letter
 * function may have some in its hands, for three minutes each.
 * @param seconds for so long no other reader gets them; 0: at once again
 */
export async function receiveDeadLetters(
  environment: Pick<Environment, 'outputs' | 'queues'>,
  queue: DeadLetterQueue,
  seconds: number,
): Promise<DeadLetter[]> {
  const client = await environment.queues();
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: urlOf(environment, queue),
      MaxNumberOfMessages: batchMax,
      VisibilityTimeout: seconds,
      // A short poll asks only some of the servers, and may miss messages.
      WaitTimeSeconds: seconds === 0 ? 0 : 1,
      MessageSystemAttributeNames: ['SentTimestamp'],
    }),
  );
  return Messages.map((message) => letterOf(queue, message));
}

function letterOf(queue: DeadLetterQueue, { MessageId, ReceiptHandle, Body, Attributes }: Message): DeadLetter {
  const body = Body ?? '';
  return {
    queue,
    messageId: MessageId ?? '',
    receiptHandle: ReceiptHandle ?? '',
    body,
    sentAtMs: Number(Attributes?.SentTimestamp ?? 0),
    read: readOrNot(body),
  };
}

function readOrNot(body: string): DeadLetter['read'] {
  try {
    return readParked(body);
  } catch {
    return { kind: 'unknown' };
  }
}

/** Removes messages whose work was handed over. One that stays comes again, and changes nothing then. */
export async function deleteDeadLetters(environment: Environment, letters: readonly DeadLetter[]): Promise<void> {
  await inBatches(environment, letters, (client, QueueUrl, batch) =>
    client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: batch.map(entryOf) })),
  );
}

/** Gives messages back to the queue at once. */
export async function giveBack(environment: Environment, letters: readonly DeadLetter[]): Promise<void> {
  await inBatches(environment, letters, (client, QueueUrl, batch) =>
    client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl,
        Entries: batch.map((letter, i) => ({ ...entryOf(letter, i), VisibilityTimeout: 0 })),
      }),
    ),
  );
}

const entryOf = ({ receiptHandle }: DeadLetter, i: number) => ({ Id: String(i), ReceiptHandle: receiptHandle });

async function inBatches(
  environment: Environment,
  letters: readonly DeadLetter[],
  send: (client: SQSClient, url: string, batch: DeadLetter[]) => Promise<unknown>,
): Promise<void> {
  const client = await environment.queues();
  for (const queue of deadLetterQueues) {
    const of = letters.filter((letter) => letter.queue === queue);
    for (let i = 0; i < of.length; i += batchMax)
      await send(client, urlOf(environment, queue), of.slice(i, i + batchMax));
  }
}

export const eventIdOf = ({ read }: DeadLetter): string | undefined =>
  read.kind === 'event' ? read.head.id : read.kind === 'actions' ? read.message.eventId : undefined;

/** The same for the same message, so that handing it over twice is the same as once. */
export function originOf({ messageId, sentAtMs, read }: DeadLetter): string {
  const source = read.kind === 'unknown' ? '' : read.source;
  return makeEventId(source, 0, sentAtMs, createHash('sha256').update(messageId).digest());
}

/** The oldest of some messages of both queues, and when it is lost; undefined where none can be seen now. */
export type Peeked = { oldestSentAt: string; lostAt: string; example?: string };

const keptMs = 14 * 86_400_000;

/** Looks at some messages without taking them from any reader. */
export async function peekDeadLetters(
  environment: Pick<Environment, 'outputs' | 'queues'>,
): Promise<Peeked | undefined> {
  const letters = (
    await Promise.all(deadLetterQueues.map((queue) => receiveDeadLetters(environment, queue, 0)))
  ).flat();
  const [oldest] = letters.toSorted((a, b) => a.sentAtMs - b.sentAtMs);
  if (oldest === undefined) return undefined;
  const example = eventIdOf(oldest) ?? letters.map(eventIdOf).find((id) => id !== undefined);
  return {
    oldestSentAt: iso(oldest.sentAtMs),
    lostAt: iso(oldest.sentAtMs + keptMs),
    ...(example !== undefined && { example }),
  };
}
