import type { Pending } from '../logs/pending.ts';
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

/** As long as a breaker waits for its next probe at most. */
const patienceSecondsMax = 120;
/** An asked-for wait is at least this share of the time that we have waited already. */
const patienceShare = 1 / 60;
/** What a breaker held back returns over this share of the time that it has waited, two minutes at most. */
const returnShare = 1 / 2;

/**
 * When to try again: when the target or its breaker said; else after 5 s doubling to 15 minutes. Jitter of a fifth either
 * way (only later, where a time was named) keeps what failed together from returning together.
 *
 * A time that is named neither doubles nor counts, so a target that says "2 seconds" all day would be asked 40,000 times.
 * The wait therefore grows with the trouble: to a sixtieth of the time since the first try, to two minutes at most.
 *
 * @param random 0 to 1
 */
export function retryAtMs(
  message: ActionsMessage,
  pending: Pending,
  { nowMs, random }: { nowMs: number; random: number },
): number {
  const { reason, retryAfterSeconds = 0, isHeadway, isUntried } = pending;
  // A delay is over when it is over: its runs have not failed together, so nothing keeps them apart.
  if (reason === 'delayed') return Math.round(nowMs + retryAfterSeconds * 1000);
  const jitter = 1 + 0.1 * random;
  if (isHeadway) return Math.round(nowMs + retryAfterSeconds * jitter * 1000);
  if (!isAskedFor(pending)) {
    const doubling = Math.min(firstDelaySeconds * 2 ** (attemptNumber(message) - 1), queueDelaySecondsMax);
    return Math.round(nowMs + Math.min(doubling * (0.8 + 0.4 * random), queueDelaySecondsMax) * 1000);
  }
  const waitedSeconds = (nowMs - message.firstSentAtMs) / 1000;
  if (isUntried) {
    // All that a breaker holds back would come at the same moment and fill every handler: a spread, not a longer delay.
    const spreadSeconds = Math.min(waitedSeconds * returnShare, patienceSecondsMax) * random;
    return Math.round(nowMs + (retryAfterSeconds + spreadSeconds) * 1000);
  }
  const patienceSeconds = Math.min(waitedSeconds * patienceShare, patienceSecondsMax);
  return Math.round(nowMs + Math.max(retryAfterSeconds, patienceSeconds) * jitter * 1000);
}

/** True when somebody else named the time. What continues and stands still named it itself, and would do so for ever. */
function isAskedFor({ reason, retryAfterSeconds }: Pending): boolean {
  return retryAfterSeconds !== undefined && reason !== 'continues';
}

/** What an attempt costs: one of the 120; nothing, where a time was named; or the count and the day begin anew. */
export type Cost = 'one' | 'nothing' | 'begins_anew';

export function costOf(pending: Pending): Cost {
  if (pending.isHeadway) return 'begins_anew';
  return isAskedFor(pending) ? 'nothing' : 'one';
}

/**
 * The message that replaces `message` while something is pending, due at `retryAtMs`. Work that only got ahead, and met no
 * trouble, has the attempts counted anew: however large the work or long the delay, it is not given up for that.
 */
export function retryMessage(
  message: ActionsMessage,
  { retryAtMs, cost, nowMs }: { retryAtMs: number; cost: Cost; nowMs: number },
): DelayedMessage {
  const n = message.n + 1;
  const next = { ...message, n, retryAtMs };
  switch (cost) {
    case 'one':
      return delayed(next, nowMs);
    case 'nothing':
      return delayed({ ...next, firstN: (message.firstN ?? 1) + 1 }, nowMs);
    case 'begins_anew':
      return delayed({ ...next, firstN: n, firstSentAtMs: Math.max(nowMs, retryAtMs) }, nowMs);
  }
}

/** The same message again when it came before its time, as it does when a target asked for more than a queue can delay. */
export function delayedIfEarly(message: ActionsMessage, nowMs: number): DelayedMessage | undefined {
  return isEarly(message.retryAtMs, nowMs) ? delayed(message, nowMs) : undefined;
}

function delayed(message: ActionsMessage, nowMs: number): DelayedMessage {
  const waitSeconds = Math.max(0, ((message.retryAtMs ?? nowMs) - nowMs) / 1000);
  return { ...message, delaySeconds: Math.min(queueDelaySecondsMax, Math.ceil(waitSeconds)) };
}
