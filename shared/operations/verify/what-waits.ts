import { messagesIn, type QueueDepth } from '../queues/queue-depths.ts';

/** Events of one time that should have left a trace and have not. */
export type MissingEvents = { count: number /** No message of them was sent later. */; sentUntilMs: number };

/** `expired`: of those that do not wait, so many are older than the queues keep messages. */
export type Waiting = { waiting: number; expired: number };

/**
 * A message that was received before its end may still be worked on after it; and clocks differ.
 */
const slackMs = 10 * 60_000;

/**
 * How many of the missing ones can wait in a queue or in its dead-letter queue. A message cannot be
 * older than its queue's retention, so what a full queue holds explains no older event. Its age
 * counts from when it was first sent, also in the dead-letter queue. (Messages that a person moves
 * back to their queue begin anew: until they are processed, they count as lost.)
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
 */
export function whatWaits(
  missing: readonly MissingEvents[],
  { queue, deadLetters }: { queue: QueueDepth; deadLetters: QueueDepth },
  nowMs: number,
): Waiting {
  const countOf = (isIt: (one: MissingEvents) => boolean) =>
    missing.filter(isIt).reduce((sum, { count }) => sum + count, 0);
  const keeps =
    ({ retention_seconds }: QueueDepth) =>
    ({ sentUntilMs }: MissingEvents) =>
      sentUntilMs + retention_seconds * 1000 + slackMs > nowMs;
  const young = countOf(keeps(queue));
  const old = countOf((one) => !keeps(queue)(one));
  const oldWaiting = Math.min(
    countOf((one) => !keeps(queue)(one) && keeps(deadLetters)(one)),
    messagesIn(deadLetters),
  );
  const youngWaiting = Math.min(young, messagesIn(queue) + messagesIn(deadLetters) - oldWaiting);
  return { waiting: oldWaiting + youngWaiting, expired: old - oldWaiting };
}
