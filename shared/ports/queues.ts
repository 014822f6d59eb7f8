import type { RawEvent } from '../core/events/raw-event.ts';
import type { ActionsMessage } from '../core/plan/actions-message.ts';

export type SendResult =
  | { sent: true }
  /** `asked` is false when no request was made with it, so that the queue cannot have it. */
  | { sent: false; error: Error; asked?: false };

/**
 * Sending is in batches, split by ten and by bytes; entries that the queue refuses for its own
 * fault are sent again a few times.
 */
export interface EventsQueue {
  /** @param until once it is aborted, no further request begins */
  sendEach(events: RawEvent[], until?: AbortSignal): Promise<SendResult[]>;
}

export interface ActionsQueue {
  sendEach(messages: (ActionsMessage & { delaySeconds?: number })[]): Promise<SendResult[]>;
}

/** Returns a received message to the queue before its visibility timeout ends. */
export interface ReceivedMessages {
  /**
   * `visibleInSeconds` is at least 1.
   * @throws RetryableError when the queue does not answer: the messages then return when their
   * visibility ends
   */
  handBack(messages: { receiptHandle: string; visibleInSeconds: number }[]): Promise<void>;
}
