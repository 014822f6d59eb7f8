import { describe, expect, test } from '@jest/globals';
import {
  type Breaker,
  bestSign,
  closed,
  heldBack,
  opened,
  permissionFor,
  type Sign,
  signOf,
  stillOpen,
} from '../../../shared/core/targets/breaker.ts';
import type { TargetAnswer, Unavailable } from '../../../shared/ports/workflow-target.ts';
import { openBreaker } from '../../contracts/target-breakers.ts';

const nowMs = openBreaker().openedAtMs;
const full = { timeoutMs: 5000, fullTimeoutMs: 5000 };
const short = { timeoutMs: 3000, fullTimeoutMs: 5000 };
const trouble = (change: Partial<Unavailable> = {}): Unavailable => ({
  kind: 'unavailable',
  reason: 'target_unavailable',
  detail: 'answered 503',
  ...change,
});

describe('what an answer says of the target', () => {
  test.each<[string, TargetAnswer, typeof full, Sign]>([
    ['it took the run', { kind: 'accepted' }, full, 'alive'],
    ['it refused the run', { kind: 'refused', detail: '404' }, full, 'alive'],
    ['it is down', trouble(), full, 'failing'],
    ['it is busy', trouble({ reason: 'target_busy' }), full, 'failing'],
    ['it did not answer in its full time', trouble({ reason: 'target_timeout' }), full, 'failing'],
    ['it did not answer in less than its time', trouble({ reason: 'target_timeout' }), short, 'none'],
    ['it is down, and said so at once', trouble(), short, 'failing'],
    ['we have no secret', trouble({ reason: 'secret_missing' }), full, 'none'],
  ])('%s', (_name, answer, timing, sign) => {
    expect(signOf(answer, timing)).toBe(sign);
  });

  test.each<[Sign[], Sign]>([
    [['failing', 'alive', 'none'], 'alive'],
    [['none', 'failing'], 'failing'],
    [['none'], 'none'],
    [[], 'none'],
  ])('of a batch %j says %s', (signs, sign) => {
    expect(bestSign(signs)).toBe(sign);
  });
});

describe('who may call', () => {
  const due = nowMs + 15_000;
  test.each<[string, Breaker | undefined, number, typeof full, string]>([
    ['never opened', undefined, nowMs, full, 'call'],
    ['closed again', openBreaker({ isOpen: false }), nowMs, full, 'call'],
    ['closed again, in little time', openBreaker({ isOpen: false }), nowMs, short, 'call'],
    ['open', openBreaker(), nowMs, full, 'hold'],
    ['open, a moment before the probe', openBreaker(), due - 1, full, 'hold'],
    ['open, the probe is due', openBreaker(), due, full, 'probe'],
    ['open, the probe is due, but this call has little time', openBreaker(), due, short, 'hold'],
    ['open, the probe is long due', openBreaker(), due + 86_400_000, full, 'probe'],
  ])('%s', (_name, breaker, atMs, timing, kind) => {
    expect(permissionFor(breaker, atMs, timing).kind).toBe(kind);
  });

  test('a probe keeps all others away until it is over, or its process is surely gone', () => {
    const permission = permissionFor(openBreaker(), due, full);
    expect(permission).toEqual({ kind: 'probe', next: openBreaker({ probeAtMs: due + 10_000, revision: 2 }) });
  });
});

describe('transitions', () => {
  test('opening waits a quarter of a minute, or for as long as the target asked', () => {
    expect(opened(undefined, trouble(), nowMs)).toEqual(openBreaker());
    expect(opened(openBreaker({ isOpen: false, revision: 4, failedProbes: 6 }), trouble(), nowMs)).toEqual(
      openBreaker({ revision: 5 }),
    );
    expect(opened(undefined, trouble({ retryAfterSeconds: 60 }), nowMs)).toMatchObject({ probeAtMs: nowMs + 60_000 });
    // Less than our own rhythm is no reason to be called again at once.
    expect(opened(undefined, trouble({ retryAfterSeconds: 1 }), nowMs)).toMatchObject({ probeAtMs: nowMs + 15_000 });
  });

  test('the wait doubles with each probe that fails, to two minutes', () => {
    let breaker = openBreaker();
    const waits = Array.from({ length: 5 }, () => {
      breaker = stillOpen(breaker, trouble(), 'failing', nowMs);
      return (breaker.probeAtMs - nowMs) / 1000;
    });
    expect(waits).toEqual([30, 60, 120, 120, 120]);
    expect(breaker.revision).toBe(6);
  });

  test('a probe that said nothing is repeated, without a longer wait and with the old reason', () => {
    const breaker = stillOpen(openBreaker(), trouble({ reason: 'secret_missing' }), 'none', nowMs);
    expect(breaker).toEqual(openBreaker({ revision: 2 }));
  });

  test('closing keeps nothing but the revision to go on from', () => {
    expect(permissionFor(closed(openBreaker()), nowMs, full)).toEqual({ kind: 'call' });
    expect(closed(openBreaker()).revision).toBe(2);
  });
});

describe('runs that are held back', () => {
  test('hear why and since when, that nothing was tried, and come back at the next probe', () => {
    expect(heldBack(openBreaker(), nowMs)).toEqual(
      trouble({
        detail: 'not called: the target keeps failing since 2026-11-21T03:00:00.000Z (answered 503)',
        retryAfterSeconds: 15,
        isUntried: true,
      }),
    );
    expect(heldBack(openBreaker(), nowMs + 4500)).toMatchObject({ retryAfterSeconds: 11 });
  });

  test('come back at once, but never in a tight circle, where a probe is due and this call could not make it', () => {
    expect(heldBack(openBreaker(), nowMs + 15_000)).toMatchObject({ retryAfterSeconds: 1 });
    expect(heldBack(openBreaker(), nowMs + 86_400_000)).toMatchObject({ retryAfterSeconds: 1 });
  });
});
