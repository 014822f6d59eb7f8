import * as z from 'zod';
import type { AwsJsonClient } from './aws-json-client.ts';
import type { EventSourceResource } from './resources/event-source.ts';
import { region } from './resources/resource-type.ts';

export type EventSource = {
  /** Stops receiving and waits for the batches in work. */
  stop(): Promise<void>;
};

export type EventSourceOptions = {
  definition: EventSourceResource;
  queueUrl: string;
  /** With the function's credentials: Lambda's poller acts with the function's role. */
  queues: AwsJsonClient;
  /** The function's timeout. */
  timeoutSeconds: number;
  /** Batches that may be in work at the same time. */
  concurrency: number;
  /** Calls the function with an event in JSON; answers its result in JSON. */
  invoke(payload: string): Promise<string>;
  /**
   * Called for each batch that failed as a whole; its messages return when their visibility ends.
   */
  onFailure(error: Error, messages: number): void;
};

type MessageAttribute = { DataType: string; StringValue?: string; BinaryValue?: string };
type Message = {
  MessageId: string;
  ReceiptHandle: string;
  MD5OfBody: string;
  Body: string;
  Attributes?: Record<string, string>;
  MessageAttributes?: Record<string, MessageAttribute>;
  MD5OfMessageAttributes?: string;
};

// Limits of one ReceiveMessage and one DeleteMessageBatch.
const messagesMax = 10;
const waitSecondsMax = 20;

/**
 * Lambda looks at the queue before it creates an event source mapping.
 * @throws Error when the role may not, or the queue would deliver a message again while the function
 * still works on it
 */
async function checkQueue({ queueUrl, queues, timeoutSeconds, definition }: EventSourceOptions): Promise<void> {
  const { Attributes } = await queues.call<{ Attributes?: { VisibilityTimeout?: string } }>('GetQueueAttributes', {
    QueueUrl: queueUrl,
    AttributeNames: ['VisibilityTimeout'],
  });
  const visibilitySeconds = Number(Attributes?.VisibilityTimeout);
  if (visibilitySeconds >= timeoutSeconds) return;
  throw new Error(
    `${definition.queueArn}: the visibility timeout of ${visibilitySeconds} s is less than the function's timeout of ${timeoutSeconds} s`,
  );
}

/**
 * Carries messages from a queue to a function as Lambda's event source mapping does.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
export async function startEventSource(options: EventSourceOptions): Promise<EventSource> {
  await checkQueue(options);
  const { definition, queueUrl, queues, concurrency, invoke, onFailure } = options;
  const stopping = new AbortController();
  const deletions = new Set<Promise<void>>();

  async function receive(count: number, waitSeconds: number): Promise<Message[]> {
    const request = {
      QueueUrl: queueUrl,
      MaxNumberOfMessages: Math.min(count, messagesMax),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    };
    const answer = await queues.call<{ Messages?: Message[] }>('ReceiveMessage', request, { signal: stopping.signal });
    return answer.Messages ?? [];
  }

  /** Up to `batchSize` messages; after the first it waits at most the batching window for more. */
  async function receiveBatch(): Promise<Message[]> {
    const { batchSize, windowSeconds } = definition;
    const messages = await receive(batchSize, waitSecondsMax);
    const endsAtMs = Date.now() + windowSeconds * 1000;
    while (messages.length > 0 && messages.length < batchSize && windowSeconds > 0) {
      const waitSeconds = Math.floor((endsAtMs - Date.now()) / 1000);
      const more = await receive(batchSize - messages.length, Math.min(Math.max(waitSeconds, 0), waitSecondsMax));
      messages.push(...more);
      if (waitSeconds <= 0) break;
    }
    return messages;
  }

  async function deliver(messages: Message[]): Promise<void> {
    const payload = JSON.stringify({ Records: messages.map((message) => toRecord(message, definition.queueArn)) });
    const done = await invoke(payload).then(
      (result) => acknowledged(messages, result, definition.reportsItemFailures),
      (error: Error) => error,
    );
    if (done instanceof Error) return onFailure(done, messages.length);
    // The next batch does not wait for it; `stop` does.
    const deletion = deleteEach(done).finally(() => deletions.delete(deletion));
    deletions.add(deletion);
  }

  async function deleteEach(messages: Message[]): Promise<void> {
    for (let i = 0; i < messages.length; i += messagesMax) {
      const Entries = messages
        .slice(i, i + messagesMax)
        .map(({ ReceiptHandle }, n) => ({ Id: String(n), ReceiptHandle }));
      // Messages that could not be deleted are delivered again, which functions handle.
      await queues.call('DeleteMessageBatch', { QueueUrl: queueUrl, Entries }).catch((error) => onFailure(error, 0));
    }
  }

  async function poll(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const messages = await receiveBatch();
        if (messages.length > 0) await deliver(messages);
      } catch (error) {
        if (stopping.signal.aborted) return;
        onFailure(error as Error, 0);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
  }

  const pollers = Array.from({ length: concurrency }, poll);
  return {
    async stop() {
      stopping.abort();
      await Promise.all(pollers);
      await Promise.all(deletions);
    },
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#sample-standard-queues-message-event */
function toRecord(message: Message, queueArn: string) {
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, { DataType, StringValue, BinaryValue }]) => [
        name,
        {
          ...(StringValue !== undefined && { stringValue: StringValue }),
          ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
          stringListValues: [],
          binaryListValues: [],
          dataType: DataType,
        },
      ]),
    ),
    md5OfBody: message.MD5OfBody,
    ...(message.MD5OfMessageAttributes && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}

const BatchResponse = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish() })
  .nullable();

/**
 * The messages that `result` reports as finished, or the error that fails all. An absent or empty
 * list of failures means success; an invalid result means that all failed.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
function acknowledged(messages: Message[], result: string, reportsItemFailures: boolean): Message[] | Error {
  if (!reportsItemFailures) return messages;
  const response = BatchResponse.safeParse(JSON.parse(result));
  if (!response.success)
    return new Error(`the function's answer is not a list of batch item failures: ${result.slice(0, 200)}`);
  const failed = new Set((response.data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier));
  const finished = messages.filter(({ MessageId }) => !failed.delete(MessageId));
  if (failed.size > 0)
    return new Error(`the function failed messages that are not in the batch: ${[...failed].join(', ')}`);
  return finished;
}
