import { describe, expect, test } from '@jest/globals';
import {
  attemptsMax,
  costOf,
  delayedIfEarly,
  isLastAttempt,
  retryAtMs,
  retryForMs,
  retryMessage,
} from '../../../shared/core/executions/retry-message.ts';
import type { Pending } from '../../../shared/core/logs/pending.ts';
import type { ActionsMessage } from '../../../shared/core/plan/actions-message.ts';
import { actionsMessage } from '../../support/actions-message.ts';
import { contextNowMs as nowMs } from '../../support/fakes-workflow-trigger.ts';

function retry(n: number, askedSeconds: number | undefined, random: number, firstN?: number) {
  const message = actionsMessage({ n, ...(firstN !== undefined && { firstN }) });
  return next(message, askedSeconds === undefined ? trouble : busy(askedSeconds), { nowMs, random });
}

const trouble: Pending = { reason: 'target_unavailable', detail: 'answered 503' };
const busy = (retryAfterSeconds: number): Pending => ({ reason: 'target_busy', detail: '429', retryAfterSeconds });

function next(message: ActionsMessage, pending: Pending, now: { nowMs: number; random: number }) {
  const at = retryAtMs(message, pending, now);
  return retryMessage(message, { retryAtMs: at, cost: costOf(pending), nowMs: now.nowMs });
}

/** The waits of one message whose every attempt ends as `pending`, in seconds, until it is given up. */
function waitsUntilGivenUp(pending: Pending) {
  let message: ActionsMessage = actionsMessage();
  let atMs = nowMs;
  const waits: number[] = [];
  while (!isLastAttempt(message, atMs)) {
    message = next(message, pending, { nowMs: atMs, random: 0.5 });
    waits.push(((message.retryAtMs ?? 0) - atMs) / 1000);
    atMs = message.retryAtMs ?? 0;
  }
  return waits;
}

describe('the next message', () => {
  test.each([
    [1, 5],
    [2, 10],
    [3, 20],
    [7, 320],
    [8, 640],
    [9, 900],
    [100, 900],
  ])(
    'after attempt %d comes about %d s later, a fifth less or more, and never after more than 15 minutes',
    (n, seconds) => {
      const delays = [0, 0.5, 1].map((random) => ((retry(n, undefined, random).retryAtMs ?? 0) - nowMs) / 1000);
      expect(delays).toEqual(
        [seconds * 0.8, seconds, Math.min(900, seconds * 1.2)].map((delay) => expect.closeTo(delay, 2)),
      );
    },
  );

  test('counts one up and is delayed by the queue until it is due', () => {
    expect(retry(3, undefined, 0.5)).toMatchObject({ n: 4, delaySeconds: 20, retryAtMs: nowMs + 20_000 });
  });

  test('starts its doubling afresh where it took over an older chain', () => {
    expect(retry(50, undefined, 0.5, 50)).toMatchObject({ n: 51, delaySeconds: 5 });
  });

  test('comes when the target said, or a little later, never earlier', () => {
    expect([0, 1].map((random) => retry(1, 60, random).delaySeconds)).toEqual([60, 66]);
  });

  test('comes at once where the work only got ahead', () => {
    const ahead: Pending = { reason: 'continues', detail: 'more', retryAfterSeconds: 0, isHeadway: true };
    expect(next(actionsMessage({ n: 9 }), ahead, { nowMs, random: 1 })).toMatchObject({ retryAtMs: nowMs, firstN: 10 });
    const stuck: Pending = { ...ahead, isHeadway: false };
    expect(next(actionsMessage({ n: 3 }), stuck, { nowMs, random: 0.5 })).toMatchObject({ retryAtMs: nowMs + 20_000 });
  });

  test('costs no attempt where a time was named, so the delay does not double on it', () => {
    let message: ActionsMessage = actionsMessage();
    for (let i = 0; i < 40; i++) message = next(message, busy(2), { nowMs: nowMs + i * 2000, random: 0 });
    expect(message).toMatchObject({ n: 41, firstN: 41, firstSentAtMs: nowMs });
    expect(next(message, trouble, { nowMs, random: 0.5 })).toMatchObject({ retryAtMs: nowMs + 5000 });
  });

  test('comes soon after the target is well, however long it was busy and however short the waits it asked for', () => {
    const waits = waitsUntilGivenUp(busy(2));
    expect(Math.max(...waits)).toBeLessThan(127);
    expect(waits.slice(0, 20)).toEqual(Array(20).fill(expect.closeTo(2.1, 5)));
    // A day of "2 seconds" is not 40,000 messages.
    expect(waits.length).toBeLessThan(1200);
    expect(waits.reduce((sum, wait) => sum + wait)).toBeGreaterThanOrEqual(retryForMs / 1000);
  });

  test('of what a breaker held back comes at its next probe, spread over half the time waited and two minutes at most', () => {
    const held: Pending = { ...trouble, retryAfterSeconds: 30, isUntried: true };
    const secondsAfter = (waitedMs: number, random: number) =>
      ((next(actionsMessage({ firstSentAtMs: nowMs - waitedMs }), held, { nowMs, random }).retryAtMs ?? 0) - nowMs) /
      1000;
    expect([0, 1].map((random) => secondsAfter(0, random))).toEqual([30, 30]);
    expect([0, 1].map((random) => secondsAfter(60_000, random))).toEqual([30, 60]);
    expect([0, 1].map((random) => secondsAfter(3_600_000, random))).toEqual([30, 150]);
  });

  test('is delayed by at most what a queue can, and once more when it arrives', () => {
    const asked = retry(1, 3600, 0);
    expect(asked).toMatchObject({ n: 2, delaySeconds: 900, retryAtMs: nowMs + 3_600_000 });
    expect(delayedIfEarly(asked, nowMs + 900_000)).toMatchObject({
      n: 2,
      delaySeconds: 900,
      retryAtMs: nowMs + 3_600_000,
    });
    expect(delayedIfEarly(asked, nowMs + 3_000_000)).toMatchObject({ n: 2, delaySeconds: 600 });
    expect(delayedIfEarly(asked, nowMs + 3_599_500)).toBeUndefined();
    expect(delayedIfEarly(asked, nowMs + 4_000_000)).toBeUndefined();
  });

  test('after headway has its attempts and its day counted anew, from when it is due', () => {
    const message = actionsMessage({ n: 119, firstSentAtMs: nowMs - retryForMs + 1 });
    const dueMs = nowMs + 3 * retryForMs;
    const after = retryMessage(message, { retryAtMs: dueMs, cost: 'begins_anew', nowMs });
    expect(after).toMatchObject({ n: 120, delaySeconds: 900, retryAtMs: dueMs });
    expect(isLastAttempt(after, dueMs)).toBe(false);
    expect(isLastAttempt(after, dueMs + retryForMs)).toBe(true);
  });

  test('a first message is never early', () => {
    expect(delayedIfEarly(actionsMessage(), nowMs)).toBeUndefined();
  });
});

describe('the last attempt', () => {
  test.each([
    ['the first', actionsMessage(), false],
    ['one before the most', actionsMessage({ n: attemptsMax - 1 }), false],
    ['the most', actionsMessage({ n: attemptsMax }), true],
    ['the most, counted from where this origin began', actionsMessage({ n: attemptsMax, firstN: 2 }), false],
    ['a millisecond before a day is over', actionsMessage({ firstSentAtMs: nowMs - retryForMs + 1 }), false],
    ['when the day is over', actionsMessage({ firstSentAtMs: nowMs - retryForMs }), true],
  ])('%s', (_name, message, isLast) => {
    expect(isLastAttempt(message, nowMs)).toBe(isLast);
  });

  test('the day ends before the count does', () => {
    let waitedMs = 0;
    let attempts = 1;
    for (; waitedMs < retryForMs; attempts++) waitedMs += (retry(attempts, undefined, 0.5).retryAtMs ?? 0) - nowMs;
    expect(attempts).toBeGreaterThan(100);
    expect(attempts).toBeLessThan(attemptsMax);
  });
});
