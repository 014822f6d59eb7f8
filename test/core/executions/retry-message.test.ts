import { describe, expect, test } from '@jest/globals';
import {
  attemptsMax,
  delayedIfEarly,
  isLastAttempt,
  retryAtMs,
  retryForMs,
  retryMessage,
} from '../../../shared/core/executions/retry-message.ts';
import { actionsMessage } from '../../support/actions-message.ts';
import { contextNowMs as nowMs } from '../../support/fakes-workflow-trigger.ts';

function retry(n: number, askedSeconds: number | undefined, random: number, firstN?: number) {
  const message = actionsMessage({ n, ...(firstN !== undefined && { firstN }) });
  const at = retryAtMs(message, { askedSeconds, nowMs, random });
  return retryMessage(message, { retryAtMs: at, isHeadway: false, nowMs });
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
    expect(retry(1, 0, 1)).toMatchObject({ delaySeconds: 0, retryAtMs: nowMs });
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
    const next = retryMessage(message, { retryAtMs: dueMs, isHeadway: true, nowMs });
    expect(next).toMatchObject({ n: 120, delaySeconds: 900, retryAtMs: dueMs });
    expect(isLastAttempt(next, dueMs)).toBe(false);
    expect(isLastAttempt(next, dueMs + retryForMs)).toBe(true);
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
