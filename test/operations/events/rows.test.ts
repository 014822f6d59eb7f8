import { describe, expect, test } from '@jest/globals';
import { actionRow } from '../../../shared/operations/actions/action-row.ts';
import { userRow } from '../../../shared/operations/directory/user-row.ts';
import { eventRow } from '../../../shared/operations/events/event-row.ts';
import { runRow } from '../../../shared/operations/runs/run-row.ts';
import { actionEntry, eventEntry, outcome, run } from '../../cli/entries-for-tests.ts';

/*
 * The rows of `--json` are read by programs of others: a field that is renamed or removed breaks them without a word, so
 * these lists only ever grow.
 */
describe('the contract of --json', () => {
  test('an event row has these fields, null where nothing is known', () => {
    const {
      eventType: _type,
      userId: _user,
      key: _key,
      execution: _execution,
      configVersion: _version,
      ...bare
    } = eventEntry();
    const row = eventRow(bare);
    expect(Object.keys(row)).toEqual([
      'id',
      'source',
      'type',
      'user_id',
      'key',
      'status',
      'reason',
      'detail',
      'received_at',
      'processed_at',
      'config_version',
      'erased_at',
      'execution',
      'duplicate_of',
      'replay_of',
      'replays',
      'discarded',
      'batch_index',
      'sync_id',
      'sync_run_id',
      'verification',
      'actions',
      'warnings',
    ]);
    expect(Object.keys(row.actions)).toEqual(['succeeded', 'skipped', 'failed', 'pending', 'discarded']);
    expect(Object.values(row)).not.toContain(undefined);
    expect(row).toMatchObject({ type: null, user_id: null, key: null, config_version: null, execution: null });
  });

  test('an action row has these fields', () => {
    const event = eventEntry();
    const row = actionRow(actionEntry(event, []), outcome(event.id));
    expect(Object.keys(row)).toEqual([
      'id',
      'event_id',
      'execution',
      'source',
      'event_type',
      'action',
      'mapping',
      'status',
      'reason',
      'detail',
      'attempts',
      'result',
      'warnings',
      'payload',
      'first_attempt_at',
      'finished_at',
      'retry_at',
      'discarded',
    ]);
    expect(Object.values(row)).not.toContain(undefined);
  });

  test('a run row has these fields, and an id that leads back to it', () => {
    const event = eventEntry();
    const row = runRow(run(event));
    expect(Object.keys(row)).toEqual([
      'id',
      'workflow',
      'workflow_run_id',
      'recipient',
      'status',
      'event_id',
      'action_id',
      'mapping',
      'execution',
      'source',
      'actor',
      'tenant',
      'target',
      'target_reference',
      'attempts',
      'error',
      'cancellation_key',
      'cancel_reason',
      'data',
      'inserted_at',
      'updated_at',
    ]);
    expect(row.id).toMatch(new RegExp(`^${event.id}-[0-9a-f]{8}-usr_8841$`));
    expect(Object.values(row)).not.toContain(undefined);
  });

  test('a user row has these fields', () => {
    const row = userRow({
      ref: { kind: 'user', id: 'u' },
      attributes: { plan: 'pro', email: 'a@b.example', channel_data: { apns: { tokens: ['t'] } } },
      sourceTimeMs: 0,
      propertyTimesMs: {},
      insertedAtMs: 0,
      updatedAtMs: 0,
      version: 1,
    });
    expect(Object.keys(row)).toEqual([
      'id',
      'name',
      'email',
      'avatar',
      'phone_number',
      'timezone',
      'locale',
      'created_at',
      'properties',
      'preferences',
      'inserted_at',
      'updated_at',
      'version',
    ]);
    // Custom properties are apart, and addresses of devices are not shown.
    expect(row).toMatchObject({ email: 'a@b.example', name: null, properties: { plan: 'pro' } });
    expect(JSON.stringify(row)).not.toContain('apns');
  });
});

describe("an event's actions are counted", () => {
  test('by status', () => {
    const event = eventEntry({ actionsPlanned: 3 });
    const log = actionEntry(event, [
      outcome(event.id),
      outcome(event.id, { mapping: 'b', status: 'failed' }),
      outcome(event.id, { mapping: 'c', status: 'pending' }),
    ]);
    expect(eventRow(event, log).actions).toEqual({ succeeded: 1, skipped: 0, failed: 1, pending: 1, discarded: 0 });
  });

  test('as pending while they wait in the queue', () => {
    expect(eventRow(eventEntry({ actionsPlanned: 2 })).actions.pending).toBe(2);
  });

  test('as none for a duplicate, whose execution is that of another event', () => {
    const first = eventEntry();
    const copy = eventEntry({ status: 'idempotent', execution: first.id, actionsPlanned: 0 });
    const log = actionEntry(first, [outcome(first.id)]);
    expect(eventRow(copy, log).actions).toEqual({ succeeded: 0, skipped: 0, failed: 0, pending: 0, discarded: 0 });
  });
});
