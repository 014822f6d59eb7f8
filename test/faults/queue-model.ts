import type { SQSRecord } from 'aws-lambda';
import { RetryableError } from '../../shared/core/errors.ts';
import { encodeRawEvent } from '../../shared/core/events/raw-event.ts';
import { encodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { ActionsQueue, EventsQueue, ReceivedMessages, SendResult } from '../../shared/ports/queues.ts';

/*
 * A standard SQS queue in memory: visibility, receive counts, redrive, delays, limits, and deliveries that SQS makes now and
 * then without being asked. test/contracts/queues.ts holds it to what the emulator does.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html
 */

export type Queued = {
  messageId: string;
  body: string;
  group: string | undefined;
  /** When it was first sent: a message keeps its age when it is moved to a dead-letter queue. */
  sentAtMs: number;
  visibleAtMs: number;
  receives: number;
  firstReceivedAtMs: number;
  /** Of the latest delivery. */
  receipt: string;
  isGone: boolean;
};

export type QueueEntry = { body: string; group?: string; delaySeconds?: number };

export type QueueOptions = {
  name: string;
  nowMs(): number;
  visibilitySeconds: number;
  retentionSeconds: number;
  /** Where a message goes instead of being delivered once more often than `maxReceiveCount`. */
  deadLetters?: { queue: QueueModel; maxReceiveCount: number };
};

export const messageBytesMax = 1024 * 1024;
const delaySecondsMax = 900;
// The characters of XML 1.0, which are all that SQS takes.
const unsendable = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
// How long SQS may deliver a message again that was received, or even deleted.
const echoMs = 300_000;

export class QueueModel {
  readonly messages: Queued[] = [];
  readonly options: QueueOptions;
  #count = 0;

  constructor(options: QueueOptions) {
    this.options = options;
  }

  /** @throws what SQS answers to an entry that it would never take */
  send({ body, group, delaySeconds = 0 }: QueueEntry): Queued {
    if (Buffer.byteLength(body) > messageBytesMax) throw new Error('InvalidParameterValue: the message is over 1 MiB');
    if (body === '' || unsendable.test(body)) throw new Error('InvalidMessageContents');
    if (delaySeconds < 0 || delaySeconds > delaySecondsMax || !Number.isInteger(delaySeconds))
      throw new Error(`InvalidParameterValue: a delay of ${delaySeconds} seconds`);
    return this.#put({ body, group, sentAtMs: this.options.nowMs(), delaySeconds });
  }

  #put({
    body,
    group,
    sentAtMs,
    delaySeconds,
  }: Pick<Queued, 'body' | 'group' | 'sentAtMs'> & { delaySeconds: number }) {
    const queued: Queued = {
      // A message that is moved or sent again gets another id, so that nobody can rely on it.
      messageId: `${this.options.name}-${++this.#count}`,
      body,
      group,
      sentAtMs,
      visibleAtMs: this.options.nowMs() + delaySeconds * 1000,
      receives: 0,
      firstReceivedAtMs: 0,
      receipt: '',
      isGone: false,
    };
    this.messages.push(queued);
    return queued;
  }

  /** What a receive could deliver now, in no order that anybody may rely on. Messages out of deliveries are parked on the way. */
  ready(): Queued[] {
    const { nowMs, deadLetters } = this.options;
    const visible = this.messages.filter(({ isGone, visibleAtMs }) => !isGone && visibleAtMs <= nowMs());
    if (deadLetters === undefined) return visible;
    const spent = visible.filter(({ receives }) => receives >= deadLetters.maxReceiveCount);
    for (const message of spent) this.#move(message, deadLetters.queue);
    return visible.filter(({ isGone }) => !isGone);
  }

  #move(message: Queued, to: QueueModel): void {
    message.isGone = true;
    to.#put({ ...message, delaySeconds: 0 });
  }

  /** Delivers a message of `ready`. */
  receive(message: Queued): SQSRecord {
    const nowMs = this.options.nowMs();
    message.receives++;
    message.firstReceivedAtMs ||= nowMs;
    message.visibleAtMs = nowMs + this.options.visibilitySeconds * 1000;
    message.receipt = `${message.messageId}-receipt-${message.receives}`;
    return recordOf(message, message.receives, message.receipt);
  }

  /** Messages that SQS might deliver a second time, although they are in flight or even deleted. */
  echoes(): Queued[] {
    const nowMs = this.options.nowMs();
    return this.messages.filter(
      ({ receives, firstReceivedAtMs }) => receives > 0 && nowMs - firstReceivedAtMs < echoMs,
    );
  }

  /** Such a delivery: from another server of the queue, which need not know of the first. */
  echo(message: Queued): SQSRecord {
    return recordOf(message, message.receives, `${message.messageId}-echo`);
  }

  /** A receipt of an earlier delivery does nothing. */
  delete(receipt: string): void {
    for (const message of this.messages) if (message.receipt === receipt) message.isGone = true;
  }

  changeVisibility(receipt: string, seconds: number): void {
    for (const message of this.messages)
      if (message.receipt === receipt && !message.isGone)
        message.visibleAtMs = this.options.nowMs() + Math.max(1, Math.ceil(seconds)) * 1000;
  }

  /** StartMessageMoveTask: everything back to where it came from, as new messages. */
  redrive(to: QueueModel): number {
    const waiting = this.waiting();
    for (const message of waiting) this.#move(message, to);
    return waiting.length;
  }

  waiting(): Queued[] {
    return this.messages.filter(({ isGone }) => !isGone);
  }

  /** When something becomes visible next; undefined in an empty queue. */
  nextAtMs(): number | undefined {
    const times = this.waiting().map(({ visibleAtMs }) => visibleAtMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}

function recordOf({ messageId, body, sentAtMs }: Queued, receives: number, receiptHandle: string): SQSRecord {
  return {
    messageId,
    receiptHandle,
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(sentAtMs),
      SenderId: 'model',
      ApproximateFirstReceiveTimestamp: String(sentAtMs),
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${messageId}`,
    awsRegion: 'us-east-1',
  };
}

/** The ports over a model, with the very encodings of the real adapters. */
export function eventsQueueOf(queue: QueueModel): EventsQueue {
  return {
    async sendEach(events) {
      return events.map((event) => sendOne(queue, { body: encodeRawEvent(event), group: event.source }));
    },
  };
}

export function actionsQueueOf(queue: QueueModel): ActionsQueue {
  return {
    async sendEach(messages) {
      return messages.map((message): SendResult => {
        const { source, delaySeconds } = message;
        const encoded = encodeActionsMessage(message);
        if ('tooLarge' in encoded) return { sent: false, error: new Error(`${encoded.tooLarge} bytes are too many`) };
        const entry = { body: encoded.text, group: source, ...(delaySeconds !== undefined && { delaySeconds }) };
        return sendOne(queue, entry);
      });
    },
  };
}

export function receivedMessagesOf(queue: QueueModel): ReceivedMessages {
  return {
    async handBack(messages) {
      for (const { receiptHandle, visibleInSeconds } of messages)
        queue.changeVisibility(receiptHandle, visibleInSeconds);
    },
  };
}

function sendOne(queue: QueueModel, entry: QueueEntry): SendResult {
  try {
    queue.send(entry);
    return { sent: true };
  } catch (error) {
    return { sent: false, error: error instanceof Error ? error : new RetryableError(String(error)) };
  }
}
