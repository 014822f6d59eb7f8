import { describe, expect, test } from '@jest/globals';
import { mergeEntries } from '../../../shared/core/executions/merge-entries.ts';
import type { ActionLogEntry, ActionOutcome, ActionStatus } from '../../../shared/core/logs/action-log-entry.ts';
import { actionEntry, actionOutcome } from '../../contracts/action-log.ts';

const entry = (status: ActionStatus, change: Partial<ActionLogEntry> = {}, outcome: Partial<ActionOutcome> = {}) =>
  actionEntry({ execution: 'x', origins: ['a'], actions: [actionOutcome({ status, ...outcome })], ...change });
const statusAfter = (merged: ActionLogEntry | undefined) => merged?.actions.map(({ status }) => status);

test('the first row is the attempt as it found things', () => {
  expect(mergeEntries(entry('pending', { next: 2 }), undefined)).toEqual({
    ...entry('pending', { next: 2 }),
    execution: 'x',
    revision: 1,
    eventId: expect.any(String),
    origins: ['a'],
  });
});

describe('which outcome stands', () => {
  test.each<[ours: ActionStatus, theirs: ActionStatus, after: ActionStatus]>([
    ['succeeded', 'pending', 'succeeded'],
    ['failed', 'pending', 'failed'],
    ['skipped', 'pending', 'skipped'],
    ['pending', 'succeeded', 'succeeded'],
    ['pending', 'failed', 'failed'],
    ['pending', 'skipped', 'skipped'],
    ['succeeded', 'failed', 'succeeded'],
    ['failed', 'succeeded', 'succeeded'],
    ['skipped', 'failed', 'skipped'],
    ['failed', 'skipped', 'skipped'],
  ])('found %s, stored %s by an origin of ours: %s', (ours, theirs, after) => {
    const stored = entry(theirs, { next: 2 });
    expect(statusAfter(mergeEntries(entry(ours, { next: 3 }), stored) ?? stored)).toEqual([after]);
  });

  test.each<[ours: ActionStatus, after: ActionStatus]>([
    ['pending', 'pending'],
    ['failed', 'failed'],
    ['succeeded', 'succeeded'],
  ])('found %s over a failure that a new origin tried again: %s', (ours, after) => {
    const merged = mergeEntries(
      entry(ours, { origins: ['b'] }, { detail: 'ours' }),
      entry('failed', {}, { detail: 'theirs' }),
    );
    expect([statusAfter(merged), merged?.actions[0]?.detail, merged?.origins]).toEqual([[after], 'ours', ['a', 'b']]);
  });

  test.each<[string, Partial<ActionOutcome>, Partial<ActionOutcome>, string]>([
    ['more attempts', { attempts: 3 }, { attempts: 2 }, 'ours'],
    ['fewer attempts', { attempts: 1, retryAtMs: 9000 }, { attempts: 2 }, 'theirs'],
    ['as many, and a later try: the breaker answered', { retryAtMs: 9000 }, { retryAtMs: 5000 }, 'ours'],
    ['as many, and the same try', { retryAtMs: 5000 }, { retryAtMs: 5000 }, 'theirs'],
  ])('of two that wait, ours with %s', (_name, ours, theirs, after) => {
    const stored = entry('pending', { next: 2 }, { ...theirs, detail: 'theirs' });
    const merged = mergeEntries(entry('pending', { next: 3 }, { ...ours, detail: 'ours' }), stored);
    expect(merged?.actions[0]?.detail).toBe(after);
  });

  test('a success never gives way, not even to a new origin', () => {
    const merged = mergeEntries(entry('failed', { origins: ['b'] }), entry('succeeded'));
    expect(statusAfter(merged)).toEqual(['succeeded']);
  });

  test('what only one of them knows is kept', () => {
    const theirs = { id: '00000000-0000-5000-8000-000000000009' };
    const merged = mergeEntries(entry('succeeded'), entry('pending', { next: 4 }, theirs));
    expect(statusAfter(merged)).toEqual(['pending', 'succeeded']);
    expect(merged?.next).toBe(4);
  });
});

describe('bookkeeping', () => {
  test('next never falls, and rises only while something is pending', () => {
    const nextAfter = (ours: ActionStatus, ourNext: number, storedNext: number) =>
      mergeEntries(entry(ours, { next: ourNext, origins: ['b'] }), entry('pending', { next: storedNext }))?.next;
    expect(nextAfter('pending', 5, 3)).toBe(5);
    expect(nextAfter('pending', 2, 3)).toBe(3);
    expect(nextAfter('succeeded', 0, 3)).toBe(3);
    expect(nextAfter('succeeded', 5, 3)).toBe(3);
  });

  test('a row that says it all already is not written again', () => {
    const stored = entry('succeeded', { next: 3, revision: 4 });
    expect(mergeEntries(entry('pending', { next: 2 }), stored)).toBeUndefined();
    expect(mergeEntries(entry('pending', { next: 2, origins: ['b'] }), stored)).toMatchObject({
      revision: 5,
      origins: ['a', 'b'],
    });
  });

  test("a dead letter's text is kept until what it is kept for has run", () => {
    const parked = entry('failed', { message: 'text' }, { reason: 'dead_lettered' });
    const other = { id: '00000000-0000-5000-8000-000000000009' };
    expect(mergeEntries(entry('succeeded', { origins: ['b'] }, other), parked)?.message).toBe('text');
    expect(mergeEntries(entry('succeeded', { origins: ['b'] }), parked)).not.toHaveProperty('message');
  });
});
