import { describe, expect, test } from '@jest/globals';
import { type BulkOperation, bulkMapping, bulkProgress } from '../../../shared/core/executions/bulk-operation.ts';
import type { ActionLogEntry, ActionOutcome } from '../../../shared/core/logs/action-log-entry.ts';
import { actionEntry, actionOutcome } from '../../contracts/action-log.ts';
import fc from '../../support/fast-check.ts';

const requestId = '01M7Y0QRW0562123456789ABY7';
const receivedMs = Date.parse('2026-11-21T03:00:00.000Z');
const days = 86_400_000;

const operation = (items: number, executions = 1): BulkOperation => ({
  ...{ requestId, call: 'users.bulk.identify', items, executions },
  insertedAtMs: receivedMs,
});

/** An outcome of a part of an item. */
function outcome(item: number, change: Partial<ActionOutcome> = {}, part = 0, parts = 1): ActionOutcome {
  const payload = { id: `u${item}` };
  const times = { firstAttemptAtMs: receivedMs + 10, finishedAtMs: receivedMs + 20 + item };
  return actionOutcome({
    action: 'users_identify',
    mapping: bulkMapping(item, part, parts),
    payload,
    ...times,
    ...change,
  });
}

const row = (...actions: ActionOutcome[]): ActionLogEntry => actionEntry({ actions, updatedAtMs: receivedMs + 50 });
const failed = { status: 'failed', reason: 'invalid_params' } as const;
const pending = { status: 'pending', reason: 'table_unavailable' } as const;
const at = (items: number, rows: (ActionLogEntry | undefined)[], nowMs = receivedMs + 100) =>
  bulkProgress(operation(items, rows.length), rows, nowMs);

describe('an operation', () => {
  test('is queued while no execution has a row', () => {
    expect(at(2, [undefined, undefined])).toEqual({
      ...{ status: 'queued', processed: 0, failedItems: [], updatedAtMs: receivedMs },
    });
  });

  test('is processing while an item has no outcome, or waits for another try', () => {
    const missing = at(3, [row(outcome(0), outcome(1)), undefined]);
    expect(missing).toMatchObject({ status: 'processing', processed: 2, startedAtMs: receivedMs + 10 });
    const waiting = at(3, [row(outcome(0), outcome(1, pending)), row(outcome(2))]);
    expect(waiting).toMatchObject({ status: 'processing', processed: 2, updatedAtMs: receivedMs + 50 });
    expect([missing.endedAtMs, waiting.endedAtMs]).toEqual([undefined, undefined]);
  });

  test('is completed when every item has an outcome, also if some or all failed by themselves', () => {
    expect(at(3, [row(outcome(0), outcome(1, failed)), row(outcome(2))])).toEqual({
      ...{ status: 'completed', processed: 3, failedItems: [{ id: 'u1' }] },
      ...{ startedAtMs: receivedMs + 10, endedAtMs: receivedMs + 22, updatedAtMs: receivedMs + 50 },
    });
    expect(at(1, [row(outcome(0, failed))])).toMatchObject({ status: 'completed', failedItems: [{ id: 'u0' }] });
  });

  test.each(['retries_exhausted', 'dead_lettered', 'action_unknown'] as const)(
    'is failed when every item ended as %s, and completed when only some did',
    (reason) => {
      const ours = { status: 'failed', reason } as const;
      expect(at(2, [row(outcome(0, ours)), row(outcome(1, ours))])).toMatchObject({
        ...{ status: 'failed', processed: 2, failedItems: [{ id: 'u0' }, { id: 'u1' }] },
      });
      expect(at(2, [row(outcome(0, ours)), row(outcome(1))])).toMatchObject({ status: 'completed' });
      expect(at(2, [row(outcome(0, ours)), row(outcome(1, failed))])).toMatchObject({ status: 'completed' });
    },
  );

  test('is failed, not for ever processing, when a row cannot come any more', () => {
    const rows = [row(outcome(0)), undefined];
    expect(at(2, rows, receivedMs + 15 * days - 1)).toMatchObject({ status: 'processing' });
    expect(at(2, rows, receivedMs + 15 * days)).toMatchObject({
      ...{ status: 'failed', processed: 1, endedAtMs: receivedMs + 15 * days },
    });
    expect(at(1, [row(outcome(0))], receivedMs + 20 * days)).toMatchObject({ status: 'completed' });
  });
});

describe('an item', () => {
  test('in several parts counts once, when all have an outcome, and fails with one of them', () => {
    const part = (nth: number, change = {}) => outcome(0, change, nth, 3);
    expect(at(1, [row(part(0), part(1)), undefined])).toMatchObject({ status: 'processing', processed: 0 });
    expect(at(1, [row(part(0), part(1)), row(part(2))])).toMatchObject({ processed: 1, failedItems: [] });
    expect(at(1, [row(part(0, failed), part(1, failed)), row(part(2))])).toMatchObject({
      ...{ status: 'completed', processed: 1, failedItems: [{ id: 'u0' }] },
    });
  });

  test('fails when some of its recipients were rejected, and is named with its collection', () => {
    const payload = { collection: 'projects', id: 'p1', recipients: ['a', 'ghost'] };
    const some = outcome(0, { action: 'objects_subscribe', payload, result: { subscribed: 1, rejected: ['ghost'] } });
    expect(at(1, [row(some)])).toMatchObject({ failedItems: [{ collection: 'projects', id: 'p1' }] });
    expect(at(1, [row({ ...some, result: { subscribed: 2 } })])).toMatchObject({ failedItems: [] });
  });

  test('that was skipped failed', () => {
    const skipped = { status: 'skipped', reason: 'required_field_missing', payload: { id: '' } } as const;
    expect(at(1, [row(outcome(0, skipped))])).toMatchObject({ status: 'completed', failedItems: [{ id: '' }] });
  });
});

test('however outcomes are spread over rows, counts are exact, and none is above the total', () => {
  const outcomes = fc.array(fc.constantFrom({}, failed, pending), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(outcomes, fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 30, maxLength: 30 }), (all, places) => {
      const rows = [0, 1, 2, 3].map((place) => {
        const actions = all.flatMap((change, i) => (places[i] === place ? [outcome(i, change)] : []));
        return actions.length === 0 ? undefined : row(...actions);
      });
      const there = all.filter((_, i) => (places[i] as number) < 4);
      const { processed, failedItems, status } = at(all.length, rows);
      expect(processed).toBe(there.filter((change) => change !== pending).length);
      expect(failedItems).toHaveLength(there.filter((change) => change === failed).length);
      expect(status === 'completed').toBe(processed === all.length);
    }),
  );
});
