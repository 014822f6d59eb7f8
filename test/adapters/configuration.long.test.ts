import { createHash, randomBytes } from 'node:crypto';
import { brotliCompressSync } from 'node:zlib';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { makeConfigurationSource, readLive, type Unreadable } from '../../shared/adapters/dynamodb-configuration.ts';
import {
  ConfigurationConflict,
  goLive,
  readHistory,
  readVersion,
} from '../../shared/adapters/dynamodb-configuration-history.ts';
import { readSnapshot, writeSnapshot } from '../../shared/adapters/dynamodb-configuration-snapshots.ts';
import { type ConfigurationTable, readCurrent } from '../../shared/adapters/dynamodb-configuration-table.ts';
import { tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { EnvironmentFile, type EnvironmentState, type Snapshot } from '../../shared/core/configuration/schema.ts';
import type { UnreadableReason } from '../../shared/core/configuration/unreadable.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { changeState, setMappingActive } from '../../shared/operations/settings/change-state.ts';
import { liveConfiguration } from '../support/build.ts';
import { createTable, startTables, type TestTables } from '../support/dynalite.ts';

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
});

const { snapshot } = liveConfiguration();
const other: Snapshot = { ...snapshot, workflows: { ...snapshot.workflows, another: { name: 'Another', target: {} } } };
const commit = (content: Snapshot = snapshot, seed?: unknown) =>
  pushAndCommit(table, {
    snapshot: content,
    seed: seed === undefined ? undefined : EnvironmentFile.parse(seed),
    author: 'Ana',
    message: 'because',
    nowMs: Date.parse('2026-11-21T03:00:00Z'),
  });
const who = { author: 'Ben', message: 'night shift', nowMs: Date.parse('2026-11-21T04:00:00Z') };

describe('a commit', () => {
  test('makes content live, with the files as first values of the state', async () => {
    expect(await readLive(table)).toEqual({
      version: 0,
      snapshot: { sources: {}, workflows: {}, audiences: {} },
      state: { sources: {}, inactive_workflows: [] },
      uncommitted: true,
    });
    expect(await commit(snapshot, { sources: { rudderstack: { identify: false } } })).toMatchObject({
      version: 1,
      changed: true,
      newSources: ['rudderstack'],
    });
    const live = await readLive(table);
    expect(live).toMatchObject({
      version: 1,
      snapshot,
      state: { sources: { rudderstack: { identify: false, url: { generation: 1 } } } },
    });
    expect(live).not.toHaveProperty('uncommitted');
  });

  test('of what is live already makes no version', async () => {
    await commit();
    const reordered = { audiences: snapshot.audiences, workflows: snapshot.workflows, sources: snapshot.sources };
    expect(await commit(reordered)).toEqual({ version: 1, changed: false, newSources: [] });
  });

  test('leaves state that exists alone, whatever the files say: a switch survives a later push', async () => {
    await commit(snapshot, {});
    await changeState(table, (state) => setMappingActive(state, 'rudderstack', 'identify', false), who);
    await commit(other, { sources: { rudderstack: { enabled: false, inactive_mappings: [] } } });
    const { state, version } = await readLive(table);
    expect(version).toBe(3);
    expect(state.sources.rudderstack).toMatchObject({ enabled: true, inactive_mappings: ['identify'] });
  });

  test('is refused when another commit was faster, and is then no part of the history', async () => {
    await commit();
    const seen = await readCurrent(table);
    const change = { kind: 'state', ...who, createdAtMs: who.nowMs, state: seen.state } as const;
    await goLive(table, seen, { ...change, author: 'first' });
    await expect(goLive(table, seen, { ...change, author: 'second' })).rejects.toThrow(ConfigurationConflict);
    expect((await readHistory(table, 2))?.author).toBe('first');
    await goLive(table, await readCurrent(table), { ...change, author: 'third' });
    expect([(await readHistory(table, 2))?.author, (await readHistory(table, 3))?.author]).toEqual(['first', 'third']);
  });

  test('can be larger than an item of the table holds', async () => {
    const noise = () => randomBytes(700).toString('base64');
    const workflows = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`w${i}`, { name: noise(), target: {} }]),
    );
    const hash = await writeSnapshot(table, { ...snapshot, workflows });
    expect((await readSnapshot(table, hash)).workflows).toEqual(workflows);
    await tables.client.send(
      new DeleteCommand({ TableName: table.table, Key: { pk: `snapshot#${hash}`, sk: '0001' } }),
    );
    await expect(readSnapshot(table, hash)).rejects.toThrow();
  });
});

describe('a switch', () => {
  test('takes effect as a version of its own, with who and why', async () => {
    await commit();
    await changeState(table, (state) => setMappingActive(state, 'rudderstack', 'identify', false), who);
    expect(await readHistory(table, 2)).toMatchObject({
      kind: 'state',
      author: 'Ben',
      message: 'night shift',
      createdAtMs: who.nowMs,
    });
    expect((await readVersion(table, 1))?.state.sources.rudderstack?.inactive_mappings).toEqual([]);
    expect((await readVersion(table, 2))?.state.sources.rudderstack?.inactive_mappings).toEqual(['identify']);
  });

  test('is never lost to another one at the same moment', async () => {
    await commit();
    await Promise.all(
      ['identify', 'order-completed', 'third'].map((id) =>
        changeState(table, (state) => setMappingActive(state, 'rudderstack', id, false), who),
      ),
    );
    const { state, version } = await readLive(table);
    expect(version).toBe(4);
    expect(state.sources.rudderstack?.inactive_mappings).toEqual(['identify', 'order-completed', 'third']);
  });

  test('to what it is already makes no version', async () => {
    await commit();
    await changeState(table, (state) => setMappingActive(state, 'rudderstack', 'identify', true), who);
    expect((await readLive(table)).version).toBe(1);
  });
});

/** A configuration whose table counts its calls and can be away or hang. */
function watched() {
  const state: { calls: number; away: boolean; hangs?: Promise<void> } = { calls: 0, away: false };
  const client = new Proxy(table.client, {
    get(target, name, receiver) {
      if (name !== 'send') return Reflect.get(target, name, receiver);
      return async (command: never) => {
        state.calls++;
        await state.hangs;
        if (state.away) throw Object.assign(new Error('away'), { name: 'InternalServerError' });
        return target.send(command);
      };
    },
  });
  const clock = { nowMs: 0 };
  const told: Unreadable[] = [];
  return {
    state,
    clock,
    told,
    source: makeConfigurationSource(
      { client, table: table.table },
      { nowMs: () => clock.nowMs, onUnreadable: (unreadable) => told.push(unreadable) },
    ),
  };
}

describe('the configuration a function sees', () => {
  test('F12 is loaded once, however many ask at the same time', async () => {
    await commit();
    const { source, state } = watched();
    const all = await Promise.all(Array.from({ length: 1000 }, () => source.current()));
    expect(new Set(all).size).toBe(1);
    // The small item and the one part of the snapshot.
    expect(state.calls).toBe(2);
  });

  test('is answered from memory, and within 30 s follows a change', async () => {
    await commit();
    const { source, state, clock } = watched();
    await source.current();
    await changeState(table, (s) => setMappingActive(s, 'rudderstack', 'identify', false), who);
    clock.nowMs += 11_000;
    expect((await source.current()).version).toBe(1);
    expect(state.calls).toBe(2);
    clock.nowMs += 8_000;
    // Stale while revalidating: this call does not wait for the refresh that it starts.
    expect((await source.current()).version).toBe(1);
    await expectSoon(async () => (await source.current()).version, 2);
    // The same content is not fetched again.
    expect(state.calls).toBe(3);
  });

  test('stays the last good one while the table is away, and fails only when there was never any', async () => {
    await commit();
    const good = watched();
    await good.source.current();
    good.state.away = true;
    good.clock.nowMs += 60_000;
    expect((await good.source.current()).version).toBe(1);
    await expect(good.source.reload()).rejects.toMatchObject({ name: 'RetryableError' });
    const cold = watched();
    cold.state.away = true;
    await expect(cold.source.current()).rejects.toMatchObject({ name: 'RetryableError' });
    cold.state.away = false;
    expect((await cold.source.current()).version).toBe(1);
  });

  test('is read again on demand, but not for every request that asks', async () => {
    await commit();
    const { source, state, clock } = watched();
    await source.current();
    clock.nowMs += 3_000;
    await commit(other);
    expect((await source.reload()).version).toBe(2);
    const { calls } = state;
    for (let i = 0; i < 100; i++) await source.reload();
    expect(state.calls).toBe(calls);
  });

  test('a process that was idle reads it again before it answers', async () => {
    await commit();
    const { source, clock } = watched();
    await source.current();
    await changeState(table, (s) => setMappingActive(s, 'rudderstack', 'identify', false), who);
    clock.nowMs += 3_600_000;
    expect((await source.current()).version).toBe(2);
  });

  test('is not waited for when the table hangs', async () => {
    await commit();
    const { source, state, clock } = watched();
    await source.current();
    let letGo: () => void = () => undefined;
    state.hangs = new Promise((resolve) => {
      letGo = resolve;
    });
    clock.nowMs += 3_600_000;
    const all = Promise.all([source.current(), source.current(), source.current()]);
    expect((await all).map(({ version }) => version)).toEqual([1, 1, 1]);
    letGo();
  });
});

describe('a live configuration that cannot be read', () => {
  const packed = (value: unknown) => brotliCompressSync(JSON.stringify(value));
  const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
  const put = (hash: string, item: object) =>
    tables.client.send(
      new PutCommand({ TableName: table.table, Item: { pk: `snapshot#${hash}`, sk: '0000', ...item } }),
    );

  /** Makes a version live, past every check that a push makes. */
  async function force(change: { snapshot?: string; state?: unknown }) {
    const seen = await readCurrent(table);
    const state = (change.state ?? seen.state) as EnvironmentState;
    await goLive(table, seen, { kind: 'commit', ...who, createdAtMs: 1, ...change, state });
  }

  /** Of another shape, stored as it should be. */
  async function forceShape(value: unknown) {
    await put(hashOf(value), { format: 1, content: packed(value) });
    await force({ snapshot: hashOf(value) });
  }

  const { rudderstack } = snapshot.sources;
  const broken: [string, UnreadableReason, () => Promise<void>][] = [
    ['its snapshot is missing', 'snapshot_missing', () => force({ snapshot: 'nothing-there' })],
    [
      'a part of its snapshot is missing',
      'snapshot_damaged',
      async () => {
        const noise = Array.from({ length: 700 }, () => randomBytes(700).toString('base64'));
        const workflows = Object.fromEntries(noise.map((name, i) => [`w${i}`, { name, target: {} }]));
        const hash = await writeSnapshot(table, { ...snapshot, workflows });
        await tables.client.send(
          new DeleteCommand({ TableName: table.table, Key: { pk: `snapshot#${hash}`, sk: '0001' } }),
        );
        await force({ snapshot: hash });
      },
    ],
    [
      'its bytes are not what was written',
      'snapshot_damaged',
      async () => {
        const hash = await writeSnapshot(table, other);
        await put(hash, { content: packed({ ...other, workflows: {} }) });
        await force({ snapshot: hash });
      },
    ],
    [
      'its bytes are nothing',
      'snapshot_damaged',
      async () => {
        await put('garbled', { content: Buffer.from('garbled') });
        await force({ snapshot: 'garbled' });
      },
    ],
    [
      'it is of a newer format',
      'snapshot_unknown',
      async () => {
        await put(hashOf(other), { format: 99, content: packed(other) });
        await force({ snapshot: hashOf(other) });
      },
    ],
    ['its sources are a list', 'snapshot_unknown', () => forceShape({ ...snapshot, sources: [rudderstack] })],
    ['it has no workflows', 'snapshot_unknown', () => forceShape({ sources: snapshot.sources })],
    ['it is a list', 'snapshot_unknown', () => forceShape([])],
    ['it is null', 'snapshot_unknown', () => forceShape(null)],
    [
      'mappings have another shape',
      'snapshot_unknown',
      () => forceShape({ ...snapshot, sources: { rudderstack: { ...rudderstack, mappings: [{ id: 'a', on: 'b' }] } } }),
    ],
    ['its state is of another shape', 'state_unknown', () => force({ state: { switches: [] } })],
    [
      'the state of a source is of another shape',
      'state_unknown',
      () => force({ state: { sources: { rudderstack: { enabled: true } }, inactive_workflows: [] } }),
    ],
  ];

  test.each(broken)(
    'leaves the last good one in force, as a whole, and is told: %s',
    async (_name, reason, breakIt) => {
      await commit();
      const { source, clock, told } = watched();
      const good = await source.current();
      await breakIt();
      clock.nowMs += 60_000;
      expect(await source.current()).toBe(good);
      expect(told).toMatchObject([{ reason, inForce: 1 }]);
      await expect(source.reload()).rejects.toMatchObject({ name: 'RetryableError' });
      // Repaired by whoever makes something readable live; nothing has to be restarted.
      const seen = await readCurrent(table);
      await force({ snapshot: await writeSnapshot(table, other), state: seen.version > 2 ? seen.state : good.state });
      clock.nowMs += 60_000;
      expect(await source.current()).toMatchObject({ version: 3, snapshot: other });
      expect(told).toHaveLength(2);
    },
  );

  test.each(broken)('leaves a function that never had one without: %s', async (_name, reason, breakIt) => {
    await commit();
    await breakIt();
    const { source, told } = watched();
    await expect(source.current()).rejects.toMatchObject({ name: 'RetryableError' });
    expect(told).toMatchObject([{ reason, inForce: undefined }]);
  });

  test('is repaired by pushing the same content again', async () => {
    await commit();
    const { source, clock } = watched();
    const hash = (await readCurrent(table)).snapshot ?? '';
    await put(hash, { content: Buffer.from('garbled') });
    await expect(source.current()).rejects.toMatchObject({ name: 'RetryableError' });
    expect(await commit()).toMatchObject({ version: 2, changed: true });
    clock.nowMs += 1_000;
    expect(await source.current()).toMatchObject({ version: 2, snapshot });
  });

  test('a table that is away is told once it has been so for five minutes, not at every hiccup', async () => {
    await commit();
    const { source, state, clock, told } = watched();
    await source.current();
    state.away = true;
    clock.nowMs += 60_000;
    await source.current();
    clock.nowMs += 4 * 60_000;
    await source.current();
    expect(told).toEqual([]);
    clock.nowMs += 60_000;
    await source.current();
    expect(told).toMatchObject([{ reason: 'table_unavailable', inForce: 1 }]);
    state.away = false;
    clock.nowMs += 60_000;
    await source.current();
    state.away = true;
    clock.nowMs += 60_000;
    await source.current();
    expect(told).toHaveLength(1);
  });
});

async function expectSoon<Value>(read: () => Promise<Value>, expected: Value) {
  for (let i = 0; i < 1000; i++) {
    if ((await read()) === expected) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(await read()).toEqual(expected);
}
