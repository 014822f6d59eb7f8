import type { Pending } from '../logs/pending.ts';
import type { ActionsMessage } from '../plan/actions-message.ts';
import { attemptNumber } from './resume-execution.ts';

/**
 * One origin's actions are given up after a day or 120 failed attempts; with doubling delays a day
 * is about 104 attempts.
 */
export const attemptsMax = 120;
export const retryForMs = 24 * 60 * 60 * 1000;

const firstDelaySeconds = 5;
/** The longest that SQS delays a message. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const queueDelaySecondsMax = 900;
// Clocks differ by this much, so a message may arrive a little early.
const earlyMsTolerated = 1000;

export type DelayedMessage = ActionsMessage & { delaySeconds: number };

/** True when `timeMs` is in the future by more than clocks differ. */
export function isEarly(timeMs: number | undefined, nowMs: number): boolean {
  return timeMs !== undefined && timeMs - nowMs > earlyMsTolerated;
}

export function isLastAttempt(message: ActionsMessage, nowMs: number): boolean {
  return attemptNumber(message) >= attemptsMax || nowMs - message.firstSentAtMs >= retryForMs;
}

/** The longest that a breaker waits for its next probe. */
const patienceSecondsMax = 120;
/** A requested wait is extended to at least this share of the time waited so far. */
const patienceShare = 1 / 60;
/**
 * Runs that a breaker held back return spread over this share of the time that they waited, at most
 * two minutes.
 */
const returnShare = 1 / 2;
/** The longest that a run over its workflow's limit of calls stays away. */
const crowdSecondsMax = 60;

/**
 * When to try again: at the time that the target or its breaker named, else after 5 s doubling to
 * 15 minutes. Jitter of a fifth either way (only later than a named time) keeps actions that failed
 * together from returning together.
 *
 * A named time neither doubles nor counts, so a target that says "2 seconds" all day would be
 * called 40,000 times. Therefore the wait grows to a sixtieth of the time since the first try, at
 * most two minutes.
 * @param random 0 to 1
 */
export function retryAtMs(
  message: ActionsMessage,
  pending: Pending,
  { nowMs, random }: { nowMs: number; random: number },
): number {
  const { reason, retryAfterSeconds = 0, isHeadway, isUntried, isCrowded } = pending;
  // The end of a delay gets no jitter: its runs have not failed together.
  if (reason === 'delayed') return Math.round(nowMs + retryAfterSeconds * 1000);
  // A turn is at its time. Without one, those that wait come back spread over half the time that they waited.
  if (reason === 'rate_limited') {
    const waitedSeconds = (nowMs - message.receivedAtMs) / 1000;
    const spreadSeconds = isCrowded ? Math.min(Math.max(1, waitedSeconds * returnShare), crowdSecondsMax) * random : 0;
    return Math.round(nowMs + (retryAfterSeconds + spreadSeconds) * 1000);
  }
  const jitter = 1 + 0.1 * random;
  if (isHeadway) return Math.round(nowMs + retryAfterSeconds * jitter * 1000);
  if (!isAskedFor(pending)) {
    const doubling = Math.min(firstDelaySeconds * 2 ** (attemptNumber(message) - 1), queueDelaySecondsMax);
    return Math.round(nowMs + Math.min(doubling * (0.8 + 0.4 * random), queueDelaySecondsMax) * 1000);
  }
  const waitedSeconds = (nowMs - message.firstSentAtMs) / 1000;
  if (isUntried) {
    // All runs that a breaker holds back would return at the same moment and fill every handler.
    // This spreads them without a longer delay.
    const spreadSeconds = Math.min(waitedSeconds * returnShare, patienceSecondsMax) * random;
    return Math.round(nowMs + (retryAfterSeconds + spreadSeconds) * 1000);
  }
  const patienceSeconds = Math.min(waitedSeconds * patienceShare, patienceSecondsMax);
  return Math.round(nowMs + Math.max(retryAfterSeconds, patienceSeconds) * jitter * 1000);
}

/**
 * True when a target or breaker named the time. An action that continues without progress names it
 * itself, and would do so for ever.
 */
function isAskedFor({ reason, retryAfterSeconds }: Pending): boolean {
  return retryAfterSeconds !== undefined && reason !== 'continues';
}

/**
 * How an attempt counts: as one of the 120; not at all if a time was named, and neither does its wait
 * where the workflow's own limit named it; or progress starts the count and the day again.
 */
export type Cost = 'one' | 'nothing' | 'no_time' | 'begins_anew';

export function costOf(pending: Pending): Cost {
  if (pending.isHeadway) return 'begins_anew';
  if (pending.reason === 'rate_limited') return 'no_time';
  return isAskedFor(pending) ? 'nothing' : 'one';
}

/**
 * The message that replaces `message` while an action is pending, due at `retryAtMs`. Progress
 * without a failure resets the attempt count, so large work or a long delay is never given up for
 * its length.
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
    case 'no_time': {
      const firstSentAtMs = message.firstSentAtMs + Math.max(0, retryAtMs - nowMs);
      return delayed({ ...next, firstN: (message.firstN ?? 1) + 1, firstSentAtMs }, nowMs);
    }
    case 'begins_anew':
      return delayed({ ...next, firstN: n, firstSentAtMs: Math.max(nowMs, retryAtMs) }, nowMs);
  }
}

/**
 * The same message again if it came too early. That happens when a target asked for a longer delay
 * than a queue allows.
 */
export function delayedIfEarly(message: ActionsMessage, nowMs: number): DelayedMessage | undefined {
  return isEarly(message.retryAtMs, nowMs) ? delayed(message, nowMs) : undefined;
}

const waitMsMin = 60_000;

/**
 * The same message again, after another chain has done its part. It has made no attempt, so its day
 * begins then.
 */
export function waitUntil(message: ActionsMessage, untilMs: number, nowMs: number): DelayedMessage {
  const retryAtMs = Math.max(untilMs, nowMs + waitMsMin);
  return delayed({ ...message, again: true, retryAtMs, firstSentAtMs: retryAtMs }, nowMs);
}

function delayed(message: ActionsMessage, nowMs: number): DelayedMessage {
  const waitSeconds = Math.max(0, ((message.retryAtMs ?? nowMs) - nowMs) / 1000);
  return { ...message, delaySeconds: Math.min(queueDelaySecondsMax, Math.ceil(waitSeconds)) };
}
