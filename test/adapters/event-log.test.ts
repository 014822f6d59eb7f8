import { randomBytes } from 'node:crypto';
import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  entryFromItem,
  eventItemKey,
  itemFromEntry,
  makeEventLog,
  plainItem,
  problemPartition,
  userPartition,
} from '../../shared/adapters/dynamodb-event-log.ts';
import { windowHoursMax } from '../../shared/core/configuration/retention.ts';
import { packEventText, unpackEventText } from '../../shared/core/events/raw-event.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { writeUnits } from '../../shared/core/json/item-bytes.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import type { EventLog } from '../../shared/ports/event-log.ts';
import { orderCompleted } from '../bench/sample-events.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeFakeEventLog } from '../support/fakes.ts';

const receivedAtMs = Date.parse('2026-11-21T03:00:00Z');
const entry = (change: Partial<EventLogEntry> = {}): EventLogEntry => ({
  id: makeEventId('rudderstack', 0, receivedAtMs, randomBytes(12)),
  source: 'rudderstack',
  eventType: 'track/x',
  userId: 'u1',
  key: 'k',
  status: 'processed',
  execution: 'x',
  configVersion: 3,
  verification: 'not_enforced:skipped',
  actionsPlanned: 1,
  receivedAtMs,
  processedAtMs: receivedAtMs + 5,
  payload: new Uint8Array([1, 2, 3]),
  ...change,
});

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
const realLog = (usersIndex = true) =>
  makeEventLog({ client: tables.client, table: tables.names.EventLog, retentionDays: 30, usersIndex });
const item = async ({ id, source }: EventLogEntry) =>
  (await tables.client.send(new GetCommand({ TableName: tables.names.EventLog, Key: eventItemKey(id, source) }))).Item;

describe.each<[string, () => EventLog]>([
  ['in memory', makeFakeEventLog],
  ['in the embedded DynamoDB', realLog],
])('the event log %s', (_name, makeLog) => {
  test('says the status of a row, and nothing where there is none', async () => {
    const log = makeLog();
    const [written, other] = [entry(), entry()];
    expect(await log.writeEach([written])).toEqual([undefined]);
    expect(await log.statusOf(written.id, written.source)).toBe('processed');
    expect(await log.statusOf(other.id, other.source)).toBeUndefined();
  });

  test('writes any number of rows, the last of one event winning', async () => {
    const log = makeLog();
    const rows = Array.from({ length: 60 }, () => entry());
    const twice = { ...(rows[0] as EventLogEntry), status: 'idempotent' as const };
    expect(await log.writeEach([...rows, twice])).toEqual(Array(61).fill(undefined));
    expect(await log.statusOf(twice.id, twice.source)).toBe('idempotent');
    expect(await log.statusOf(rows[59]?.id ?? '', 'rudderstack')).toBe('processed');
  });

  test('explains a failure where no final row exists, and leaves a final row alone', async () => {
    const log = makeLog();
    const [parked, done] = [entry({ status: 'failed', reason: 'retries_exhausted', detail: 'later' }), entry()];
    await log.writeEach([done]);
    expect(await log.writeFailed(parked)).toBe('written');
    expect(await log.writeFailed({ ...done, status: 'failed' })).toBe('final');
    expect(await log.statusOf(parked.id, parked.source)).toBe('failed');
    expect(await log.statusOf(done.id, done.source)).toBe('processed');
  });
});

describe('a row of the event log', () => {
  test('reads back as it was written', async () => {
    const full = entry({
      status: 'rejected',
      reason: 'payload_invalid',
      detail: 'd',
      batchIndex: 2,
      replayOf: 'r',
      duplicateOf: 'o',
    });
    await realLog().writeEach([full]);
    const read = entryFromItem((await item(full)) ?? {});
    expect({ ...read, payload: [...read.payload] }).toEqual({ ...full, payload: [1, 2, 3] });
  });

  test('is found by its id and source alone, in the partition of its day and shard', () => {
    const id = makeEventId('stripe', 5, receivedAtMs, randomBytes(12));
    expect(eventItemKey(id, 'stripe')).toEqual({ pk: 'stripe#20261121#5', sk: id });
  });

  test('ages out after the retention, counted from when the event was received', async () => {
    const row = entry();
    await realLog().writeEach([row]);
    expect((await item(row))?.expires_at).toBe(receivedAtMs / 1000 + 30 * 86_400);
  });

  test('ages out after the retention of its source where that has one', async () => {
    const rows = [entry({ retentionDays: 8 }), entry({ retentionDays: 400 })];
    await realLog().writeEach([rows[1] as EventLogEntry]);
    expect(await realLog().writeFailed({ ...(rows[0] as EventLogEntry), status: 'failed' })).toBe('written');
    const days = async (row?: EventLogEntry) => {
      const expiresAtSeconds = Number((await item(row as EventLogEntry))?.expires_at);
      return Math.floor((expiresAtSeconds - receivedAtMs / 1000) / 86_400);
    };
    expect([await days(rows[0]), await days(rows[1])]).toEqual([8, 400]);
  });

  // Copies are recognised by it, and the window begins when the event is processed, after days in a queue if need be.
  test('outlives the longest window, however late its event was processed', async () => {
    const processedAtMs = receivedAtMs + 4 * 86_400_000;
    const row = entry({ retentionDays: 8, processedAtMs });
    await realLog().writeEach([row]);
    expect((await item(row))?.expires_at).toBe(processedAtMs / 1000 + (windowHoursMax / 24 + 1) * 86_400);
  });

  test('is in the index of problems only when it is one', async () => {
    const [bad, good] = [entry({ status: 'rejected', reason: 'payload_invalid' }), entry()];
    await realLog().writeEach([bad, good]);
    const found = await Promise.all(
      Array.from({ length: 8 }, (_, bucket) =>
        tables.client.send(
          new QueryCommand({
            TableName: tables.names.EventLog,
            IndexName: 'problems',
            KeyConditionExpression: 'problem = :p',
            ExpressionAttributeValues: { ':p': problemPartition('rejected', receivedAtMs, bucket) },
          }),
        ),
      ),
    );
    const items = found.flatMap(({ Items = [] }) => Items);
    expect(items.find(({ sk }) => sk === bad.id)).toMatchObject({
      source: 'rudderstack',
      event_type: 'track/x',
      reason: 'payload_invalid',
    });
    expect(await item(good)).not.toHaveProperty('problem');
  });

  test('is in the index of users when the environment has one and the event a user', async () => {
    const byUser = entry({ userId: 'usr_1' });
    await realLog().writeEach([byUser]);
    const buckets = [0, 1, 2, 3].map((bucket) => userPartition('usr_1', bucket));
    expect(buckets).toContain((await item(byUser))?.user_bucket);
    const { userId: _userId, ...anonymous } = entry();
    const unindexed = entry();
    await realLog().writeEach([anonymous]);
    await realLog(false).writeEach([unindexed]);
    expect(await item(anonymous)).not.toHaveProperty('user_bucket');
    expect(await item(unindexed)).not.toHaveProperty('user_bucket');
  });

  test('leaves an index key out that the table would refuse', async () => {
    const row = entry({ userId: 'ü'.repeat(1024) });
    expect(await realLog().writeEach([row])).toEqual([undefined]);
    expect(await item(row)).not.toHaveProperty('user_bucket');
  });

  test('keeps the first explanation of a failure, which is nearest to its cause', async () => {
    const first = entry({ status: 'failed', reason: 'retries_exhausted', detail: 'the cause', key: 'k1' });
    const { key: _key, ...withoutKey } = first;
    await realLog().writeFailed(first);
    await realLog().writeFailed({ ...withoutKey, detail: 'parked' });
    expect(await item(first)).toMatchObject({ detail: 'the cause', key: 'k1' });
  });

  test('that the table refuses costs the other rows of its batch nothing', async () => {
    const [good, tooLarge] = [entry(), entry({ payload: new Uint8Array(500 * 1024) })];
    const [first, second] = await realLog().writeEach([tooLarge, good]);
    expect(first).toBeInstanceOf(Error);
    expect(second).toBeUndefined();
    expect(await item(good)).toBeDefined();
  });
});

describe('a row that would need one more write unit', () => {
  const headers = { 'user-agent': 'RudderLabs' };
  const long = (change: Partial<EventLogEntry> = {}) => {
    const made = entry({ payload: packEventText({ headers, body: JSON.stringify(orderCompleted()) }), ...change });
    return { ...made, execution: made.id };
  };
  const options = { retentionDays: 30, usersIndex: true };

  test('is packed into fewer, and reads back as it was', async () => {
    const written = long({ batchIndex: 3 });
    expect(writeUnits(plainItem(written, options))).toBe(2);
    await realLog().writeEach([written]);
    const stored = (await item(written)) ?? {};
    expect(writeUnits(stored)).toBe(1);
    const { payload, ...read } = entryFromItem(stored);
    expect({ ...read, payload: unpackEventText(payload) }).toEqual({
      ...written,
      payload: unpackEventText(written.payload),
    });
  });

  test.each<[string, (row: EventLogEntry) => EventLogEntry]>([
    ['without a key', ({ key: _, ...row }) => row],
    ['of a copy, which names another execution', (row) => ({ ...row, status: 'idempotent', execution: 'other' })],
    ['of a replay, which names an earlier execution', (row) => ({ ...row, execution: 'earlier' })],
    ['without an execution', ({ execution: _, ...row }) => ({ ...row, status: 'no_mapping' })],
  ])('%s reads back as it was', (_name, change) => {
    const written = change(long());
    const stored = itemFromEntry(written, options);
    expect(stored.packed).toBeDefined();
    const { payload: _read, ...read } = entryFromItem(stored);
    const { payload: _written, ...rest } = written;
    expect(read).toEqual(rest);
  });

  // Older code has to be able to run them again after a rollback.
  test.each(['failed', 'rejected'] as const)('stays plain when the event is %s', (status) => {
    const one = long({ status });
    expect(itemFromEntry(one, options)).toEqual(plainItem(one, options));
  });

  test('stays plain when packing saves no unit: a short one, and one of random text', () => {
    const random = JSON.stringify({ text: randomBytes(3000).toString('base64') });
    for (const body of ['{}', random]) {
      const one = long({ payload: packEventText({ headers, body }) });
      expect(itemFromEntry(one, options)).toEqual(plainItem(one, options));
    }
  });

  test('is written plain when its payload is not an event', () => {
    // Random bytes would be valid brotli once in hundreds of runs.
    const one = long({ payload: Buffer.alloc(2000, 0xff) });
    expect(itemFromEntry(one, options)).toEqual(plainItem(one, options));
  });

  test('keeps all that decides and all that indexes hold, in the form that older versions read', () => {
    const one = long();
    const { pk, sk, status, event_type, user_id, user_bucket, expires_at, actions_planned } = plainItem(one, options);
    expect(itemFromEntry(one, options)).toMatchObject({
      pk,
      sk,
      status,
      event_type,
      user_id,
      user_bucket,
      expires_at,
      actions_planned,
    });
  });

  test('of a newer version, with a dictionary not known here, is still listed', () => {
    const one = long();
    const { packed, ...rest } = itemFromEntry(one, options);
    const newer = { ...rest, packed: Buffer.concat([Buffer.of(250), (packed as Uint8Array).subarray(1)]) };
    const read = entryFromItem(newer);
    expect(read).toMatchObject({ id: one.id, source: one.source, status: 'processed', verification: 'unknown' });
    expect(() => unpackEventText(read.payload)).toThrow();
  });
});
