import { randomBytes } from 'node:crypto';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { changeState, pushAndCommit, setMappingActive } from '../../infra/cli/configuration.ts';
import {
  ConfigurationConflict,
  type ConfigurationTable,
  goLive,
  makeConfigurationSource,
  readCurrent,
  readHistory,
  readLive,
  readSnapshot,
  readVersion,
  writeSnapshot,
} from '../../shared/adapters/dynamodb-configuration.ts';
import { tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { EnvironmentFile, type Snapshot } from '../../shared/core/configuration/schema.ts';
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
    });
    expect(await commit(snapshot, { sources: { rudderstack: { identify: false } } })).toEqual({
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

  test('is refused when somebody else was faster, and is then no part of the history', async () => {
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

describe('the configuration a function sees', () => {
  /** A table that counts its calls and can be away. */
  function watched() {
    const state = { calls: 0, away: false };
    const client = new Proxy(table.client, {
      get(target, name, receiver) {
        if (name !== 'send') return Reflect.get(target, name, receiver);
        return async (command: never) => {
          state.calls++;
          if (state.away) throw Object.assign(new Error('away'), { name: 'InternalServerError' });
          return target.send(command);
        };
      },
    });
    const clock = { nowMs: 0 };
    return { state, clock, source: makeConfigurationSource({ client, table: table.table }, () => clock.nowMs) };
  }

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

  test('keeps the last good one when a snapshot cannot be read', async () => {
    await commit();
    const { source, clock } = watched();
    await source.current();
    await goLive(table, await readCurrent(table), {
      kind: 'commit',
      ...who,
      createdAtMs: 1,
      snapshot: 'nothing-there',
      state: { sources: {}, inactive_workflows: [] },
    });
    clock.nowMs += 20_000;
    await source.current();
    await expect(source.reload()).rejects.toMatchObject({ name: 'RetryableError' });
    expect((await source.current()).version).toBe(1);
  });
});

async function expectSoon<Value>(read: () => Promise<Value>, expected: Value) {
  for (let i = 0; i < 100; i++) {
    if ((await read()) === expected) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(await read()).toEqual(expected);
}
