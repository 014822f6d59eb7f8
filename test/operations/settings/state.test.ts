import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { readHistory } from '../../../shared/adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../../shared/adapters/dynamodb-configuration-table.ts';
import { makeSeenRegistry } from '../../../shared/adapters/dynamodb-seen-registry.ts';
import { tableDefinitions } from '../../../shared/adapters/table-definitions.ts';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import { pushAndCommit } from '../../../shared/operations/configuration/commit.ts';
import { changesText, fieldChanges } from '../../../shared/operations/settings/field-changes.ts';
import { type SettingsChange, setSettings } from '../../../shared/operations/settings/settings.ts';
import { switchMapping, switchSource, switchWorkflow } from '../../../shared/operations/settings/switches.ts';
import { quietForMs, retireUrl, rotateUrl } from '../../../shared/operations/sources/rotate-url.ts';
import { liveConfiguration } from '../../support/build.ts';
import { createTable, startTables, type TestTables } from '../../support/dynalite.ts';

let tables: TestTables;
let table: ConfigurationTable;
let made = 0;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(async () => {
  const name = `Configuration-${++made}`;
  await createTable(tables.client, name, tableDefinitions.Configuration);
  table = { client: tables.client, table: name };
  const { snapshot } = liveConfiguration();
  await pushAndCommit(table, { snapshot, seed: undefined, author: 'Ana', message: 'm', nowMs: 0 });
});

const nowMs = Date.parse('2026-11-21T04:00:00Z');
const asked = { author: 'Ben', nowMs };
const source = 'rudderstack';
const state = async () => (await readLive(table)).state;
const sourceState = async () => (await state()).sources[source];
const recorded = async (version: number) => {
  const entry = await readHistory(table, version);
  return entry && [entry.kind, entry.author, entry.createdAtMs, entry.message];
};

describe('a switch', () => {
  test.each([
    ['disable source rudderstack', () => switchSource(table, { source, enabled: false, ...asked })],
    [
      'deactivate mapping identify of rudderstack',
      () => switchMapping(table, { source, mapping: 'identify', active: false, ...asked }),
    ],
    [
      'pause workflow order-completed',
      () => switchWorkflow(table, { workflow: 'order-completed', active: false, ...asked }),
    ],
  ])('is recorded once, with who, when and what: %s', async (what, run) => {
    const { state: before } = await readLive(table);
    expect(await run()).toMatchObject({ kind: 'changed', version: 2 });
    expect(await recorded(2)).toEqual(['state', 'Ben', nowMs, what]);
    expect(await state()).not.toEqual(before);
    // To what it is already: no version, no record.
    expect(await run()).toMatchObject({ kind: 'unchanged', version: 2, changes: [] });
    expect(await recorded(3)).toBeUndefined();
  });

  test('and back leaves the state as it was', async () => {
    const before = await state();
    await switchSource(table, { source, enabled: false, ...asked });
    await switchMapping(table, { source, mapping: 'identify', active: false, ...asked });
    await switchWorkflow(table, { workflow: 'order-completed', active: false, ...asked });
    expect(await state()).toMatchObject({
      sources: { rudderstack: { enabled: false, inactive_mappings: ['identify'] } },
      inactive_workflows: ['order-completed'],
    });
    await switchSource(table, { source, enabled: true, ...asked });
    await switchMapping(table, { source, mapping: 'identify', active: true, ...asked });
    await switchWorkflow(table, { workflow: 'order-completed', active: true, ...asked });
    expect(await state()).toEqual(before);
  });

  test('is recorded with the reason that was given', async () => {
    await switchSource(table, { source, enabled: false, ...asked, message: 'flood' });
    expect((await recorded(2))?.[3]).toBe('flood (disable source rudderstack)');
  });

  test.each([
    ['source', () => switchSource(table, { source: 'nobody', enabled: false, ...asked }), ['rudderstack']],
    [
      'source',
      () => switchMapping(table, { source: 'nobody', mapping: 'identify', active: false, ...asked }),
      ['rudderstack'],
    ],
    [
      'mapping',
      () => switchMapping(table, { source, mapping: 'nobody', active: false, ...asked }),
      ['identify', 'order-completed'],
    ],
    ['workflow', () => switchWorkflow(table, { workflow: 'nobody', active: false, ...asked }), ['order-completed']],
    ['source', () => setSettings(table, { source: 'nobody', settings: { enabled: false }, ...asked }), ['rudderstack']],
    ['source', () => rotateUrl(table, { source: 'nobody', evenIfValid: false, ...asked }), ['rudderstack']],
    ['source', () => retireUrl(table, { source: 'nobody', evenIfUsed: true, ...asked }), ['rudderstack']],
  ] as const)('of a %s that is not there changes nothing, and names those that are', async (what, run, known) => {
    expect(await run()).toEqual({ kind: 'unknown', what, name: 'nobody', known });
    expect((await readLive(table)).version).toBe(1);
  });
});

describe('settings', () => {
  const set = (settings: SettingsChange) => setSettings(table, { source, settings, ...asked });

  test('change alone, and the history says each field, before and after', async () => {
    await set({ windowHours: 72, retentionDays: 30, keyPath: 'data.order_id', enforce: true });
    expect(await sourceState()).toMatchObject({
      enabled: true,
      verification: { enforced: true },
      idempotency: { path: 'data.order_id', window_hours: 72 },
      retention_days: 30,
    });
    expect((await recorded(2))?.[3]).toBe(
      'set rudderstack: idempotency.path default → data.order_id, idempotency.window_hours default → 72, retention_days default → 30, verification.enforced default → on',
    );
    await set({ retentionDays: null, keyPath: null, idempotency: false });
    expect((await recorded(3))?.[3]).toBe(
      'set rudderstack: idempotency.enabled default → off, idempotency.path data.order_id → default, retention_days 30 → default',
    );
    expect(await sourceState()).not.toHaveProperty('retention_days');
    expect((await sourceState())?.idempotency).toEqual({ enabled: false, window_hours: 72 });
  });

  test.each<[string, SettingsChange, string, RegExp]>([
    ['a window longer than rows are kept', { windowHours: 169 }, 'idempotency.window_hours', /at most 168/],
    ['no window', { windowHours: 0 }, 'idempotency.window_hours', /more than 0/],
    ['rows that do not outlive the window', { retentionDays: 7 }, 'retention_days', /at least 8: .* 7 days/],
    ['rows for ever', { retentionDays: 3651 }, 'retention_days', /at most 3650/],
    ['half a day', { retentionDays: 9.5 }, 'retention_days', /whole number of days, 8 to 3650/],
    ['more shards than an id can name', { logShards: 33 }, 'log_shards', /1 to 32/],
  ])('%s: refused with the bound, and nothing changes', async (_name, settings, field, problem) => {
    expect(await set({ ...settings, enabled: false })).toEqual({
      kind: 'invalid',
      field,
      problem: expect.stringMatching(problem),
    });
    expect((await readLive(table)).version).toBe(1);
  });

  test.each([8, 3650])('%i days are within the bounds', async (retentionDays) => {
    expect(await set({ retentionDays })).toMatchObject({ kind: 'changed' });
  });

  test('of two people at once are both kept', async () => {
    await Promise.all([set({ identify: false }), set({ windowHours: 48 }), set({ retentionDays: 9 })]);
    expect(await sourceState()).toMatchObject({
      identify: false,
      idempotency: { window_hours: 48 },
      retention_days: 9,
    });
    expect((await readLive(table)).version).toBe(4);
  });
});

describe('rotating a URL', () => {
  const rotate = (change: { nowMs?: number; evenIfValid?: boolean } = {}) =>
    rotateUrl(table, { source, evenIfValid: false, ...asked, ...change });
  const retire = (change: { nowMs?: number; evenIfUsed?: boolean } = {}) =>
    retireUrl(table, { source, evenIfUsed: false, ...asked, ...change });
  const url = async () => (await sourceState())?.url;
  const used = (atMs: number) =>
    makeSeenRegistry(table).note(
      [{ source, eventId: makeEventId(source, 0, atMs, new Uint8Array(12)), oldCredentials: ['url'] }],
      atMs,
    );
  const rotatedAt = new Date(nowMs).toISOString();

  test('begins a new one, and keeps the one before valid', async () => {
    expect(await url()).toEqual({ generation: 1, previous_valid: false });
    expect(await rotate()).toMatchObject({ kind: 'changed', version: 2 });
    expect(await url()).toEqual({ generation: 2, previous_valid: true, rotated_at: rotatedAt });
    expect((await recorded(2))?.[3]).toBe('rotate the URL of rudderstack; the one before stays valid');
  });

  test('again while the one before is valid is refused, since it would end it without a word', async () => {
    await rotate();
    const laterMs = nowMs + 60_000;
    await used(laterMs);
    expect(await rotate({ nowMs: laterMs })).toEqual({
      kind: 'previous_still_valid',
      previous: { rotatedAtMs: nowMs, lastUsedAtMs: laterMs },
    });
    expect((await readLive(table)).version).toBe(2);
    expect(await rotate({ nowMs: laterMs, evenIfValid: true })).toMatchObject({ kind: 'changed' });
    expect(await url()).toMatchObject({ generation: 3, previous_valid: true });
    // What was noted of the URL before the last two is not taken for a use of this one.
    expect(await rotate({ nowMs: laterMs + 1 })).toMatchObject({ previous: { rotatedAtMs: laterMs } });
  });

  test('by two people at once happens once', async () => {
    const both = await Promise.all([rotate(), rotate()]);
    expect(both.map(({ kind }) => kind).sort()).toEqual(['changed', 'previous_still_valid']);
    expect(await url()).toMatchObject({ generation: 2, previous_valid: true });
  });

  test('ends with retiring the old one, which never lets an earlier generation come back', async () => {
    await rotate();
    expect(await retire({ nowMs: nowMs + quietForMs })).toMatchObject({ kind: 'changed', version: 3 });
    expect(await url()).toEqual({ generation: 2, previous_valid: false, rotated_at: rotatedAt });
    expect((await recorded(3))?.[3]).toBe('retire the old URL of rudderstack');
    expect(await retire()).toMatchObject({ kind: 'unchanged', version: 3 });
    await rotate();
    expect(await url()).toMatchObject({ generation: 3, previous_valid: true });
  });

  test('retiring is refused within a day of its last use, or of the rotation itself, unless it is meant', async () => {
    await rotate();
    expect(await retire({ nowMs: nowMs + quietForMs - 1 })).toEqual({
      kind: 'used_lately',
      previous: { rotatedAtMs: nowMs },
    });
    await used(nowMs + quietForMs);
    const afterMs = nowMs + quietForMs + 3_600_000;
    expect(await retire({ nowMs: afterMs })).toEqual({
      kind: 'used_lately',
      previous: { rotatedAtMs: nowMs, lastUsedAtMs: nowMs + quietForMs },
    });
    expect(await url()).toMatchObject({ previous_valid: true });
    expect(await retire({ nowMs: afterMs, evenIfUsed: true })).toMatchObject({ kind: 'changed' });
    expect(await url()).toMatchObject({ previous_valid: false });
  });
});

describe('what changed', () => {
  test('is told field by field, whatever its type', () => {
    const before = { a: 1, on: true, same: { x: 1 }, list: ['a'], gone: 'x' };
    const after = { a: 2, on: false, same: { x: 1 }, list: ['a', 'b'], added: { deep: null } };
    expect(changesText(fieldChanges(before, after))).toBe(
      'a 1 → 2, added default → {"deep":null}, gone x → default, list [a] → [a, b], on on → off',
    );
    expect(fieldChanges(before, structuredClone(before))).toEqual([]);
  });
});
