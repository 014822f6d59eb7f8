import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { asError, RetryableError } from '../core/errors.ts';
import { encodeRawEvent } from '../core/events/raw-event.ts';
import { type ActionsMessage, encodeActionsMessage } from '../core/plan/actions-message.ts';
import type { ActionsQueue, EventsQueue, ReceivedMessages, SendResult } from '../ports/queues.ts';
import { callLimits, endable } from './aws-calls.ts';

/** A call that never ends fails after three attempts of three seconds. */
export function makeQueueClient(config: ConstructorParameters<typeof SQSClient>[0] = {}): SQSClient {
  return endable(new SQSClient({ ...callLimits({ attempts: 3, attemptMs: 3000 }), ...config }));
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
const messageGroupLengthMax = 128;

/**
 * The source is the message group. On a standard queue that keeps a busy source from delaying the
 * others (docs/fairness.md). A source key that is longer than a group's name may be ends in its
 * hash.
 */
export function messageGroupOf(source: string): string {
  if (source.length <= messageGroupLengthMax) return source;
  const hash = createHash('sha256').update(source).digest('hex');
  return `${source.slice(0, messageGroupLengthMax - hash.length - 1)}-${hash}`;
}

export function makeEventsQueue(client: SQSClient, queueUrl: string): EventsQueue {
  return {
    sendEach: (events, until) =>
      sendAll(
        client,
        queueUrl,
        events.map((event) => ({ MessageBody: encodeRawEvent(event), MessageGroupId: messageGroupOf(event.source) })),
        until,
      ),
  };
}

export function makeActionsQueue(client: SQSClient, queueUrl: string): ActionsQueue {
  return {
    async sendEach(messages) {
      const encoded = messages.map(encodeOrFail);
      const sendable = messages.flatMap((message, i) => {
        const body = encoded[i];
        if (body === undefined || !('text' in body)) return [];
        const { source, delaySeconds } = message;
        return [
          {
            MessageBody: body.text,
            MessageGroupId: messageGroupOf(source),
            ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
          },
        ];
      });
      const results = await sendAll(client, queueUrl, sendable);
      return encoded.map((body) => ('text' in body ? (results.shift() as SendResult) : { sent: false, ...body }));
    },
  };
}

/** A message that cannot be written does not stop the others. */
function encodeOrFail(message: ActionsMessage): { text: string } | { error: Error } {
  try {
    const encoded = encodeActionsMessage(message);
    if ('text' in encoded) return encoded;
    // Actions that make a message too large were left out before, so this is a bug of ours. It is
    // thrown, never dropped.
    const why = `an actions message of ${encoded.tooLarge} bytes was not cut down to what the queue takes`;
    return { error: new Error(why) };
  } catch (error) {
    return { error: asError(error) };
  }
}

export function makeReceivedMessages(client: SQSClient, queueUrl: string): ReceivedMessages {
  return {
    async handBack(messages) {
      const failures: unknown[] = [];
      for (const batch of chunk(messages, entriesMax)) {
        const entries = batch.map(({ receiptHandle, visibleInSeconds }, i) => ({
          Id: String(i),
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: Math.max(1, Math.ceil(visibleInSeconds)),
        }));
        await client
          .send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries: entries }))
          .catch((error) => failures.push(error));
      }
      if (failures.length > 0) throw new RetryableError('messages were not handed back', { cause: failures[0] });
    },
  };
}

// Limits of one SendMessageBatch: ten entries, 1 MiB over all bodies.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
const entriesMax = 10;
const batchBytesMax = 1024 * 1024;
const attemptsMax = 3;
// A request of 10,000 events makes a thousand batches; this limit keeps them from opening a
// thousand connections.
const requestsAtOnce = 16;

type Entry = Omit<SendMessageBatchRequestEntry, 'Id'> & { MessageBody: string };

/**
 * Sends every entry, ten to a request. Entries that SQS refuses for its own fault are sent again
 * twice. Answers in order.
 */
async function sendAll(
  client: SQSClient,
  queueUrl: string,
  entries: Entry[],
  until?: AbortSignal,
): Promise<SendResult[]> {
  const results: SendResult[] = [];
  const batches = splitForBatches(entries);
  const sendFrom = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      if (until?.aborted) {
        const error = new RetryableError('there was no time left to send it', { cause: until.reason });
        for (const { position } of batch) results[position] = { sent: false, error, asked: false };
      } else {
        await sendBatch(client, queueUrl, batch, results);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(batches.length, requestsAtOnce) }, sendFrom));
  return results;
}

type Positioned = { entry: Entry; position: number };

function splitForBatches(entries: Entry[]): Positioned[][] {
  const batches: Positioned[][] = [];
  let bytes = 0;
  for (const [position, entry] of entries.entries()) {
    const size = Buffer.byteLength(entry.MessageBody);
    const last = batches.at(-1);
    if (last === undefined || last.length === entriesMax || bytes + size > batchBytesMax) {
      batches.push([{ entry, position }]);
      bytes = size;
    } else {
      last.push({ entry, position });
      bytes += size;
    }
  }
  return batches;
}

async function sendBatch(
  client: SQSClient,
  queueUrl: string,
  batch: Positioned[],
  results: SendResult[],
): Promise<void> {
  let waiting = batch;
  for (let attempt = 1; ; attempt++) {
    const failed: Positioned[] = [];
    try {
      const answer = await client.send(
        new SendMessageBatchCommand({
          QueueUrl: queueUrl,
          Entries: waiting.map(({ entry }, i) => ({ ...entry, Id: String(i) })),
        }),
      );
      const refused = new Map((answer.Failed ?? []).map((failure) => [failure.Id, failure]));
      const sent = new Set((answer.Successful ?? []).map((success) => success.Id));
      for (const [i, item] of waiting.entries()) {
        const failure = refused.get(String(i));
        if (sent.has(String(i))) results[item.position] = { sent: true };
        else {
          const why = failure ? `${failure.Code}: ${failure.Message ?? ''}` : 'the queue did not say what became of it';
          const error = failure?.SenderFault ? new Error(why) : new RetryableError(why);
          results[item.position] = { sent: false, error };
          if (!failure?.SenderFault) failed.push(item);
        }
      }
    } catch (cause) {
      // The SDK has already retried. Now the sender, or the next delivery, tries again.
      const error = new RetryableError('the queue could not be reached', { cause });
      for (const { position } of waiting) results[position] = { sent: false, error };
      return;
    }
    if (failed.length === 0 || attempt === attemptsMax) return;
    waiting = failed;
    await sleep(Math.random() * 50 * 2 ** attempt);
  }
}

function chunk<Item>(items: Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
