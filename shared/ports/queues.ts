import type { RawEvent } from '../core/events/raw-event.ts';
import type { ActionsMessage } from '../core/plan/actions-message.ts';

export type SendResult = { sent: true } | { sent: false; error: Error };

/** Sending is in batches, split by ten and by bytes; entries the queue refuses for its own fault are tried again a few times. */
export interface EventsQueue {
  sendEach(events: RawEvent[]): Promise<SendResult[]>;
}

export interface ActionsQueue {
  sendEach(messages: (ActionsMessage & { delaySeconds?: number })[]): Promise<SendResult[]>;
}

/** Gives a received message back before its visibility timeout would. */
export interface ReceivedMessages {
  /**
   * `visibleInSeconds` is at least 1.
   * @throws RetryableError when the queue could not be told: those messages come back later, when their visibility ends
   */
  handBack(messages: { receiptHandle: string; visibleInSeconds: number }[]): Promise<void>;
}
