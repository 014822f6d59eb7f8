import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  eventTypesMax,
  listEventTypes,
  listSourceRegistry,
  makeSeenRegistry,
} from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeEventId } from '../../shared/core/events/event-id.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const startMs = Date.parse('2026-11-21T03:00:00Z');
const table = () => ({ client: tables.client, table: tables.names.Configuration });
const seen = (source: string, eventType: string | undefined, timeMs = startMs, shard = 0) => ({
  source,
  ...(eventType !== undefined && { eventType }),
  eventId: makeEventId(source, shard, timeMs, new Uint8Array(12)),
});

test('a type that was seen is listed with when, and an event to look at', async () => {
  await makeSeenRegistry(table()).note([seen('a', 'identify'), seen('a', 'track/x'), seen('b', 'page')], startMs);
  expect(await listEventTypes(table(), 'a')).toEqual([
    { eventType: 'identify', lastSeenAtMs: startMs, sampleEventId: seen('a', 'identify').eventId },
    { eventType: 'track/x', lastSeenAtMs: startMs, sampleEventId: seen('a', 'track/x').eventId },
  ]);
  expect((await listSourceRegistry(table())).map(({ source }) => source)).toEqual(['a', 'b']);
});

test('a type is noted again only after an hour', async () => {
  const registry = makeSeenRegistry(table());
  await registry.note([seen('hour', 't')], startMs);
  await registry.note([seen('hour', 't', startMs + 60_000)], startMs + 60_000);
  expect((await listEventTypes(table(), 'hour'))[0]?.lastSeenAtMs).toBe(startMs);
  await registry.note([seen('hour', 't', startMs + 3_600_000)], startMs + 3_600_000);
  expect((await listEventTypes(table(), 'hour'))[0]?.lastSeenAtMs).toBe(startMs + 3_600_000);
});

test('the number of shards ever used never shrinks, whichever process saw less', async () => {
  await makeSeenRegistry(table()).note([seen('sharded', 't', startMs, 6)], startMs);
  await makeSeenRegistry(table()).note([seen('sharded', 't', startMs, 0)], startMs);
  const entry = (await listSourceRegistry(table())).find(({ source }) => source === 'sharded');
  expect(entry?.logShardsEver).toBe(7);
});

test('a sender that puts ids into event names fills no table', async () => {
  const registry = makeSeenRegistry(table());
  const many = Array.from({ length: eventTypesMax + 50 }, (_, i) => seen('noisy', `track/${i}`));
  await registry.note(many, startMs);
  await makeSeenRegistry(table()).note([seen('noisy', 'one more')], startMs);
  expect(await listEventTypes(table(), 'noisy')).toHaveLength(eventTypesMax);
});

test.each([
  ['no type', undefined],
  ['an empty type', ''],
  ['a type too long for a key', 'x'.repeat(1025)],
])('an event with %s is not noted, and harms nothing', async (name, eventType) => {
  await makeSeenRegistry(table()).note([seen(`odd-${name}`, eventType)], startMs);
  expect(await listEventTypes(table(), `odd-${name}`)).toEqual([]);
});
