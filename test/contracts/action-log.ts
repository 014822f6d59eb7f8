import { expect, test } from '@jest/globals';
import type { ActionLogEntry, ActionOutcome } from '../../shared/core/logs/action-log-entry.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';

const nowMs = Date.parse('2026-11-21T03:00:00.123Z');
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
let executions = 0;

export function actionOutcome(change: Partial<ActionOutcome> = {}): ActionOutcome {
  return {
    id: 'f12c50a4-a4cb-571d-8d7f-7c4f1e770922',
    action: 'workflows_trigger',
    mapping: 'order-completed',
    status: 'succeeded',
    result: { id: 'f12c50a4-a4cb-571d-8d7f-7c4f1e770922', runs: 1 },
    payload: { key: 'order-completed', recipients: 'usr_8841' },
    attempts: 1,
    firstAttemptAtMs: nowMs,
    finishedAtMs: nowMs + 20,
    ...change,
  };
}

export function actionEntry(change: Partial<ActionLogEntry> = {}): ActionLogEntry {
  const execution = `01KAJ6VY${alphabet[++executions % 32]}${alphabet[(executions >> 5) % 32]}8M25RXK0Q4T9B7C3`;
  return {
    execution,
    eventId: execution,
    source: 'rudderstack',
    eventType: 'track/order_completed',
    configVersion: 7,
    actions: [actionOutcome()],
    next: 0,
    origins: [execution],
    revision: 1,
    receivedAtMs: nowMs,
    updatedAtMs: nowMs + 25,
    ...change,
  };
}

/** What every action log promises: run by the fake, the embedded emulator and, where Java is found, DynamoDB Local. */
export function actionLogContract(logOf: () => ActionLog): void {
  test('an execution that never ran has no row', async () => {
    expect(await logOf().read(actionEntry().execution)).toBeUndefined();
  });

  test('rows are read as they were written', async () => {
    const log = logOf();
    const everything = actionEntry({
      actions: [
        actionOutcome({
          id: '00000000-0000-5000-8000-000000000001',
          action: 'users_identify',
          status: 'pending',
          reason: 'table_unavailable',
          detail: 'throttled',
          retryAtMs: nowMs + 5000,
          attempts: 3,
        }),
        actionOutcome({
          status: 'failed',
          reason: 'invalid_params',
          detail: 'id: is empty',
          result: { errors: [{ field: 'id', message: 'is empty' }] },
          warnings: [{ code: 'recipient_missing', message: 'no run for x' }],
          payload: { deep: { constructor: { name: 'Set' }, big: 1e300, text: 'é\ufffe' } },
        }),
      ],
      next: 4,
      origins: ['a', 'b'],
      message: '{"v":1}',
    });
    const entries = [
      actionEntry(),
      everything,
      actionEntry({ actions: [actionOutcome({ status: 'skipped', reason: 'required_field_missing' })] }),
      actionEntry({ origins: [] }),
    ];
    expect(await log.writeEach(entries)).toEqual([undefined, undefined, undefined, undefined]);
    for (const entry of entries) expect(await log.read(entry.execution)).toEqual(entry);
  });

  test.each([
    [0, 0, true],
    [1, 0, false],
    [1, 1, true],
    [2, 1, false],
    [0, 1, false],
  ])('with revision %d stored, a write that has seen %d is written: %s', async (storedRevision, seen, isWritten) => {
    const log = logOf();
    const entry = actionEntry();
    for (let revision = 0; revision < storedRevision; revision++)
      expect(await log.writeIfUnchanged(entry, revision)).toBe(true);
    expect(await log.writeIfUnchanged({ ...entry, next: 9 }, seen)).toBe(isWritten);
    const row = await log.read(entry.execution);
    expect([row?.revision, row?.next]).toEqual(
      isWritten ? [seen + 1, 9] : storedRevision > 0 ? [storedRevision, 0] : [undefined, undefined],
    );
  });

  test('of ten that write one row at once, one does', async () => {
    const log = logOf();
    const entry = actionEntry();
    const answers = await Promise.all(Array.from({ length: 10 }, () => log.writeIfUnchanged(entry, 0)));
    expect(answers.filter(Boolean)).toHaveLength(1);
  });
}
