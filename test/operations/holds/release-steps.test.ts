import { describe, expect, test } from '@jest/globals';
import type { StoredHeldTrigger } from '../../../shared/adapters/dynamodb-workflow-holds.ts';
import type { ActionLogEntry, ActionOutcome } from '../../../shared/core/logs/action-log-entry.ts';
import { isTried, withoutRepeats } from '../../../shared/operations/holds/release-steps.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';

const notedAtMs = Date.parse('2026-11-29T10:00:00Z');
const soon = notedAtMs + 1_000;
const later = notedAtMs + 121_000;

const event = eventEntry({ receivedAtMs: notedAtMs - 5_000 });
const held = outcome(event.id, { status: 'pending', reason: 'held' });
const trigger = {
  workflow: 'order-completed',
  execution: event.id,
  action: held.id,
  since: '2026-11-29T09:00:00.000Z',
  runs: 1,
  expiresAtSeconds: notedAtMs / 1000 + 86_400,
  notedAtMs,
} satisfies StoredHeldTrigger;

function tried(change: { status: string; reason?: string | undefined }, updatedAtMs: number, nowMs = soon): boolean {
  const row: ActionLogEntry = {
    ...actionEntry(event, [{ ...held, ...change } as unknown as ActionOutcome]),
    updatedAtMs,
  };
  return isTried(trigger, new Map([[event.id, row]]), nowMs);
}

describe('a released trigger is over', () => {
  test.each([
    ['succeeded', { status: 'succeeded', reason: undefined }],
    ['failed', { status: 'failed', reason: 'target_refused' }],
    ['is tried again by itself', { status: 'pending', reason: 'target_unavailable' }],
  ] as const)('when its row says, after it was noted, that it %s', (_, change) => {
    expect(tried(change, notedAtMs)).toBe(true);
  });

  // A twin of its message noted it, and left the row as it was.
  test('when it had succeeded before it was noted, since nothing runs it again', () => {
    expect(tried({ status: 'succeeded', reason: undefined }, notedAtMs - 1)).toBe(true);
  });

  test('when the call that noted it is over, whatever an older row says', () => {
    const failed = { status: 'failed', reason: 'target_refused' } as const;
    expect(tried(failed, notedAtMs - 1)).toBe(false);
    expect(tried(failed, notedAtMs - 1, later)).toBe(true);
  });

  test('when there is no row, and the call that noted it is over: its message comes back', () => {
    expect(isTried(trigger, new Map(), soon)).toBe(false);
    expect(isTried(trigger, new Map(), later)).toBe(true);
  });
});

test.each(['held', 'rate_limited', 'continues'] as const)(
  'a trigger that is %s is not over, however late',
  (reason) => {
    expect(tried({ status: 'pending', reason }, notedAtMs + 5_000, later)).toBe(false);
  },
);

test('triggers go on together up to the second of one recipient', () => {
  const of = (user: string, minute: number) => {
    const one = eventEntry({ receivedAtMs: notedAtMs + minute * 60_000 });
    const action = outcome(one.id, {
      status: 'pending',
      reason: 'held',
      payload: { key: 'order-completed', recipients: user },
    });
    const row = actionEntry(one, [action]);
    return { trigger: { ...trigger, execution: one.id, action: action.id }, row };
  };
  const all = [of('lena', 0), of('ivo', 1), of('lena', 2), of('mara', 3)];
  const logs = new Map(all.map(({ row }) => [row.execution, row]));
  const triggers = all.map((one) => one.trigger);
  expect(withoutRepeats(triggers, logs)).toEqual(triggers.slice(0, 2));
  expect(withoutRepeats(triggers.slice(2), logs)).toEqual(triggers.slice(2));
});
