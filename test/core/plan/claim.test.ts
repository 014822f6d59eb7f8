import { describe, expect, test } from '@jest/globals';
import { validKey } from '../../../shared/core/ids/claim-key.ts';
import { decideOnClaim } from '../../../shared/core/plan/claim.ts';
import type { Claim, ClaimAnswer } from '../../../shared/ports/claim-store.ts';

const nowMs = 100_000;
const windowMs = 86_400_000;
const running = nowMs + 1;
const over = nowMs;
const held = (change: Partial<Claim> = {}): Claim => ({
  owner: 'other',
  execution: 'x-other',
  leaseEndsAtMs: over,
  expiresAtMs: nowMs + 1,
  released: false,
  ...change,
});
const decide = (answer: ClaimAnswer, messageExecution?: string) =>
  decideOnClaim(answer, { eventId: 'me', messageExecution, nowMs, windowMs });

describe('what a claim means for an event', () => {
  test('a free key: run', () => {
    expect(decide({ kind: 'taken', claim: held({ owner: 'me', execution: 'me' }) })).toEqual({
      kind: 'run',
      execution: 'me',
      again: false,
    });
  });

  test('a free key and the message is a replay: run the execution it had, reading what is done already', () => {
    expect(decide({ kind: 'taken', claim: held({ execution: 'x-old' }) }, 'x-old')).toEqual({
      kind: 'run',
      execution: 'x-old',
      again: true,
    });
  });

  test('ours from before, lease over: run with its execution unless it finished', () => {
    const claim = held({ owner: 'me', execution: 'x-old' });
    expect(decide({ kind: 'taken', claim, previous: claim })).toEqual({ kind: 'run_unless_done', execution: 'x-old' });
  });

  test('ours, lease running: a twin is at work', () => {
    expect(decide({ kind: 'refused', held: held({ owner: 'me', leaseEndsAtMs: running }) })).toEqual({
      kind: 'wait_unless_done',
      untilMs: running,
    });
  });

  test.each([
    ['running', running],
    ['over', over],
  ])('another event has the key, lease %s: a duplicate if that one finished', (_name, leaseEndsAtMs) => {
    const claim = held({ leaseEndsAtMs });
    expect(decide({ kind: 'refused', held: claim })).toEqual({ kind: 'duplicate_if_done', held: claim });
  });

  test('another event has the key and released it: take over its execution and its window', () => {
    const claim = held({ released: true, leaseEndsAtMs: running });
    expect(decide({ kind: 'refused', held: claim })).toEqual({
      kind: 'take_over',
      held: claim,
      execution: 'x-other',
      expiresAtMs: claim.expiresAtMs,
    });
  });

  test('the window is over, though the row is still there: take over with a new execution and a new window', () => {
    const claim = held({ expiresAtMs: nowMs, leaseEndsAtMs: running });
    expect(decide({ kind: 'refused', held: claim })).toEqual({
      kind: 'take_over',
      held: claim,
      execution: 'me',
      expiresAtMs: nowMs + windowMs,
    });
  });

  test('the window is over and the message is a replay: the execution it had', () => {
    expect(decide({ kind: 'refused', held: held({ expiresAtMs: nowMs }) }, 'x-mine')).toMatchObject({
      execution: 'x-mine',
    });
  });

  test('a replay within the window of another event joins that execution, which may have had effects', () => {
    expect(decide({ kind: 'refused', held: held({ released: true }) }, 'x-mine')).toMatchObject({
      execution: 'x-other',
    });
  });
});

describe('an idempotency key', () => {
  test.each([
    ['text', 'evt_1'],
    ['one character', 'a'],
    ['255 characters', 'k'.repeat(255)],
    ['255 emoji', '🙂'.repeat(255)],
  ])('may be %s', (_name, key) => {
    expect(validKey(key)).toBe(key);
  });

  test.each([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['blanks', ' \t'],
    ['a number that is none', Number.NaN],
    ['true', true],
    ['a list', ['a']],
    ['a map', { id: 'a' }],
    ['256 characters', 'k'.repeat(256)],
    ['256 emoji', '🙂'.repeat(256)],
  ])('is dropped when it is %s', (_name, candidate) => {
    expect(validKey(candidate)).toBeUndefined();
  });

  // A table makes U+FFFD of either half, and two events would be copies of one.
  test('is a digest when it holds half of an emoji, another one for the other half', () => {
    const [high, low] = [validKey('k\ud83d'), validKey('k\ude00')];
    expect(high).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(new Set([high, low, validKey('k\ud83e'), 'k\ufffd']).size).toBe(4);
  });

  // Beyond 2^53 a number arrives as its digits, so below it has to be its digits as well.
  test.each([
    [0, '0'],
    [42, '42'],
    [9007199254740991, '9007199254740991'],
    [1.5, '1.5'],
  ])('is its digits when it is the number %s', (candidate, key) => {
    expect(validKey(candidate)).toBe(key);
  });
});
