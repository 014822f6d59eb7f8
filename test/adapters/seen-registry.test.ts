import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  eventTypeKeptMs,
  eventTypesMax,
  listEventTypes,
  listSourceRegistry,
  makeSeenRegistry,
} from '../../shared/adapters/dynamodb-seen-registry.ts';
import type { OldCredential } from '../../shared/core/events/raw-event.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
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

test('when an old URL or key was last used is noted every five minutes, never earlier than what is known', async () => {
  const used = (timeMs: number, oldCredentials?: readonly OldCredential[]) => ({
    ...seen('rotated', 't', timeMs),
    ...(oldCredentials && { oldCredentials }),
  });
  const entry = async () => (await listSourceRegistry(table())).find(({ source }) => source === 'rotated');
  const registry = makeSeenRegistry(table());
  await registry.note([used(startMs)], startMs);
  expect(await entry()).toEqual({ source: 'rotated', lastEventAtMs: startMs, logShardsEver: 1 });
  const minuteMs = 60_000;
  await registry.note([used(startMs + minuteMs, ['url']), used(startMs)], startMs + minuteMs);
  expect(await entry()).toMatchObject({ previousUrlUsedAtMs: startMs + minuteMs });
  await registry.note([used(startMs + 2 * minuteMs, ['url', 'key'])], startMs + 2 * minuteMs);
  const noted = { previousUrlUsedAtMs: startMs + minuteMs, previousKeyUsedAtMs: startMs + 2 * minuteMs };
  expect(await entry()).toMatchObject(noted);
  await registry.note([used(startMs + 6 * minuteMs, ['url'])], startMs + 6 * minuteMs);
  expect((await entry())?.previousUrlUsedAtMs).toBe(startMs + 6 * minuteMs);
  // Another process, which gets to an older event late.
  await makeSeenRegistry(table()).note([used(startMs + 3 * minuteMs, ['url'])], startMs + 7 * minuteMs);
  expect((await entry())?.previousUrlUsedAtMs).toBe(startMs + 6 * minuteMs);
});

test('an event by the current URL costs no write for it', async () => {
  let calls = 0;
  const client = new Proxy(tables.client, {
    get: (target, name, receiver) =>
      name === 'send'
        ? (command: never) => {
            calls++;
            return target.send(command);
          }
        : Reflect.get(target, name, receiver),
  });
  const registry = makeSeenRegistry({ ...table(), client });
  await registry.note([seen('quiet', 't')], startMs);
  const before = calls;
  await registry.note([seen('quiet', 't')], startMs + 1_000);
  expect(calls).toBe(before);
});

test('a sender that puts ids into event names fills no table', async () => {
  const registry = makeSeenRegistry(table());
  const many = Array.from({ length: eventTypesMax + 50 }, (_, i) => seen('noisy', `track/${i}`));
  await registry.note(many, startMs);
  await makeSeenRegistry(table()).note([seen('noisy', 'one more')], startMs);
  expect(await listEventTypes(table(), 'noisy')).toHaveLength(eventTypesMax);
});

test('a list that ids have filled takes new types again after a day, in place of those seen longest ago', async () => {
  const ids = Array.from({ length: eventTypesMax - 1 }, (_, i) => seen('filled', `track/${i}`));
  await makeSeenRegistry(table()).note([...ids, seen('filled', 'identify')], startMs);
  const typesAfter = async (timeMs: number, ...types: string[]) => {
    // A process that was there all along, and one that starts anew, agree.
    await makeSeenRegistry(table()).note(
      types.map((type) => seen('filled', type, timeMs)),
      timeMs,
    );
    return (await listEventTypes(table(), 'filled')).map(({ eventType }) => eventType);
  };
  const dayLater = startMs + eventTypeKeptMs;
  expect(await typesAfter(dayLater - 1, 'identify', 'order.created')).not.toContain('order.created');
  const types = await typesAfter(dayLater, 'order.created', 'order.paid');
  expect(types).toHaveLength(eventTypesMax);
  expect(types).toEqual(expect.arrayContaining(['identify', 'order.created', 'order.paid']));
});

test.each([
  ['half of an emoji', 't\ud83d'],
  ['no type', undefined],
  ['an empty type', ''],
  ['a type too long for a key', 'x'.repeat(1025)],
])('an event with %s is not noted, and harms nothing', async (name, eventType) => {
  await makeSeenRegistry(table()).note([seen(`odd-${name}`, eventType)], startMs);
  expect(await listEventTypes(table(), `odd-${name}`)).toEqual([]);
});
