import type { ActionsMessage } from '../plan/actions-message.ts';
import { attemptNumber } from './resume-execution.ts';

/** One origin's actions are tried for a day or 120 times in vain; the doubling delay alone reaches a day after about 104. */
export const attemptsMax = 120;
export const retryForMs = 24 * 60 * 60 * 1000;

const firstDelaySeconds = 5;
/** The longest that SQS delays a message. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const queueDelaySecondsMax = 900;
// A message that is a little early has only met another clock.
const earlyMsTolerated = 1000;

export type DelayedMessage = ActionsMessage & { delaySeconds: number };

/** True when `timeMs` is not yet here, beyond what clocks differ by. */
export function isEarly(timeMs: number | undefined, nowMs: number): boolean {
  return timeMs !== undefined && timeMs - nowMs > earlyMsTolerated;
}

export function isLastAttempt(message: ActionsMessage, nowMs: number): boolean {
  return attemptNumber(message) >= attemptsMax || nowMs - message.firstSentAtMs >= retryForMs;
}

/**
 * When to try again: after what the target asked for, or after 5 s doubling to 15 minutes. Jitter of a fifth either way
 * (only later, where a target said when) keeps what failed together from returning together.
 *
 * @param random 0 to 1
 */
export function retryAtMs(
  message: ActionsMessage,
  { askedSeconds, nowMs, random }: { askedSeconds: number | undefined; nowMs: number; random: number },
): number {
  const doubling = Math.min(firstDelaySeconds * 2 ** (attemptNumber(message) - 1), queueDelaySecondsMax);
  const seconds =
    askedSeconds === undefined
      ? Math.min(doubling * (0.8 + 0.4 * random), queueDelaySecondsMax)
      : askedSeconds * (1 + 0.1 * random);
  return Math.round(nowMs + seconds * 1000);
}

/**
 * The message that replaces `message` while something is pending, due at `retryAtMs`. One that only got ahead, and met
 * no trouble, has the attempts counted anew: however large the work or long the delay, it is not given up for that.
 */
export function retryMessage(
  message: ActionsMessage,
  { retryAtMs, isHeadway, nowMs }: { retryAtMs: number; isHeadway: boolean; nowMs: number },
): DelayedMessage {
  const n = message.n + 1;
  const counted = isHeadway ? { firstN: n, firstSentAtMs: Math.max(nowMs, retryAtMs) } : {};
  return delayed({ ...message, n, ...counted, retryAtMs }, nowMs);
}

/** The same message again when it came before its time, as it does when a target asked for more than a queue can delay. */
export function delayedIfEarly(message: ActionsMessage, nowMs: number): DelayedMessage | undefined {
  return isEarly(message.retryAtMs, nowMs) ? delayed(message, nowMs) : undefined;
}

function delayed(message: ActionsMessage, nowMs: number): DelayedMessage {
  const waitSeconds = Math.max(0, ((message.retryAtMs ?? nowMs) - nowMs) / 1000);
  return { ...message, delaySeconds: Math.min(queueDelaySecondsMax, Math.ceil(waitSeconds)) };
}
