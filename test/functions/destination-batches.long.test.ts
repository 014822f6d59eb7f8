import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isTombstone } from '../../shared/core/directory/entity.ts';
import { unpackEventText } from '../../shared/core/events/raw-event.ts';
import type { EntityRef } from '../../shared/core/ids/entity-ref.ts';
import type { JsonObject, JsonValue } from '../../shared/core/json/values.ts';
import { startApi, type TestApi } from './api-for-tests.ts';
import { call, censusPath, directoryWrites, rowsOf, syncBatch, syncCensus } from './destination-for-tests.ts';

/* docs/destinations.md: what a batch of records does, and what the vendor is told. */

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const user = (id: string): EntityRef => ({ kind: 'user', id });
async function stored(ref: EntityRef): Promise<JsonObject | undefined> {
  const [entity] = await api.deps.directory.readStoredEach([ref]);
  return entity === undefined || isTombstone(entity) ? undefined : entity.attributes;
}
const succeeded = (...identifiers: JsonValue[]) => identifiers.map((identifier) => ({ identifier, success: true }));

describe('the answer', () => {
  test('has no result for a batch without records, and writes nothing', async () => {
    expect(await syncCensus(api, [])).toEqual([]);
  });

  test('has one result per record, in their order, for 500 records', async () => {
    const records = Array.from({ length: 500 }, (_, i) => ({ id: `many-${i}`, name: `N${i}` }));
    expect(await syncCensus(api, records.slice(-1))).toEqual(succeeded('many-499'));
    // Updates of unknown users, which write rows alone.
    const writes = await directoryWrites(api, async () => {
      const results = await syncCensus(
        api,
        records.map((record) => ({ ...record, plan: 'pro' })),
        { operation: 'update' },
      );
      expect(results).toEqual(succeeded(...records.map(({ id }) => id)));
    });
    expect(writes).toBe(1);
    expect(await stored(user('many-499'))).toEqual({ name: 'N499', plan: 'pro' });
  });

  test('says which record of a batch is wrong, and why; the others are stored', async () => {
    const large = 'x'.repeat(257 * 1024);
    const results = await syncCensus(api, [
      { id: 'good-1', email: 'a@b.example' },
      { email: 'nobody@b.example' },
      { id: 'a/b' },
      { id: null },
      { id: 'x'.repeat(300) },
      { id: { deep: 1 } },
      { id: 'large', notes: large },
      'not a map',
      { id: 'good-2' },
    ] as JsonValue[]);
    expect(results).toEqual([
      { identifier: 'good-1', success: true },
      { identifier: null, success: false, error_message: 'id is missing' },
      { identifier: 'a/b', success: false, error_message: 'id must not contain "/" or "#"' },
      { identifier: null, success: false, error_message: 'id is missing' },
      { identifier: 'x'.repeat(300), success: false, error_message: expect.stringContaining('at most 256') },
      { identifier: { deep: 1 }, success: false, error_message: 'id must be text or a number, not a map' },
      {
        identifier: 'large',
        success: false,
        error_message: expect.stringContaining('bytes of properties; at most 262144 fit'),
      },
      { identifier: null, success: false, error_message: 'the record is text, not a map of fields' },
      { identifier: 'good-2', success: true },
    ]);
    expect(await stored(user('good-2'))).toEqual({});
    expect(await stored(user('large'))).toBeUndefined();
  });

  test('refuses a record that neither the directory nor a row could hold, and writes a row without it', async () => {
    const noise = randomBytes(1_200_000).toString('base64');
    const [result] = await syncCensus(api, [{ id: 'huge', noise }], { syncRunId: 51 });
    expect(result).toMatchObject({ success: false, error_message: expect.stringContaining('at most 262144 fit') });
    const [row] = (await rowsOf(api)).filter(({ syncRunId }) => syncRunId === '51');
    expect(JSON.parse(unpackEventText(row?.payload as Uint8Array).body)).toMatchObject({ record: {} });
    expect(row).toMatchObject({ status: 'rejected', userId: 'huge' });
  });

  test('repeats a number as a number, however long it is', async () => {
    expect(await syncCensus(api, [{ id: 4242 }])).toEqual(succeeded(4242));
    expect(await stored(user('4242'))).toEqual({});
  });

  test.each([
    ['no active identifier', {}, 'marks no field as the active identifier'],
    ['two of them', { id: true, email: true }, 'marks both id and email as the active identifier'],
    [
      'another field than the key of the object',
      { email: true },
      'identifies Users by email; choose User ID (id) as the sync key',
    ],
  ])(
    'is an error when the plan has %s, and nothing is applied',
    async (_name, active: Record<string, boolean>, message) => {
      const params = syncBatch([{ id: 'of-a-bad-plan', email: 'a@b.example' }]);
      for (const [name, field] of Object.entries(params.sync_plan.schema))
        field.active_identifier = active[name] ?? false;
      const { body } = await call(api, censusPath, 'sync_batch', params);
      expect(body).toMatchObject({ error: { code: -32602, message: expect.stringContaining(message) } });
      expect(await stored(user('of-a-bad-plan'))).toBeUndefined();
    },
  );
});

describe('values', () => {
  test('are stored by the type of their field', async () => {
    const columns = {
      spent: { type: 'decimal' },
      exact: { type: 'decimal' },
      score: { type: 'float' },
      logins: { type: 'integer' },
      admin: { type: 'boolean' },
      born: { type: 'date' },
      created_at: { type: 'date_time' },
      tags: { type: 'string', array: true },
    };
    const record = {
      id: 'typed',
      spent: '1234.50',
      exact: '0.12345678901234567890',
      score: 1.5,
      logins: 7,
      admin: false,
      born: '1999-12-31',
      created_at: '2026-05-04T08:15:30Z',
      tags: ['a', 'b'],
    };
    expect(await syncCensus(api, [record], { columns })).toEqual(succeeded('typed'));
    const { id: _, ...values } = record;
    expect(await stored(user('typed'))).toEqual({ ...values, spent: 1234.5 });
  });

  test('that are null empty a field and a property; a blank field keeps what is stored', async () => {
    await syncCensus(api, [{ id: 'nulls', name: 'Ana', email: 'a@b.example', plan: 'pro' }]);
    await syncCensus(api, [{ id: 'nulls', name: null, email: '', plan: null }]);
    expect(await stored(user('nulls'))).toEqual({ name: null, email: 'a@b.example', plan: null });
  });

  test('of columns that no field has become properties, even when the plan does not describe them', async () => {
    const params = syncBatch([{ id: 'wide', 'Favourite colour': 'red', Étage: 3 }]);
    delete params.sync_plan.schema.Étage;
    await call(api, censusPath, 'sync_batch', params);
    expect(await stored(user('wide'))).toEqual({ 'Favourite colour': 'red', Étage: 3 });
  });

  test.each(['preferences', 'channel_data', '__typename'])(
    'of a column called %s fail their record, which says so',
    async (name) => {
      const results = await syncCensus(api, [{ id: 'reserved', [name]: 'x' }, { id: 'beside' }]);
      expect(results).toMatchObject([
        { success: false, error_message: expect.stringContaining(`${name} cannot be created by a sync`) },
        { success: true },
      ]);
      expect(await stored(user('reserved'))).toBeUndefined();
    },
  );
});

describe('objects', () => {
  test('tenants and objects are stored as such', async () => {
    expect(await syncCensus(api, [{ id: 'acme', name: 'Acme', seats: 5 }], { object: 'tenants' })).toEqual(
      succeeded('acme'),
    );
    expect(await stored({ kind: 'object', collection: '$tenants', id: 'acme' })).toEqual({ name: 'Acme', seats: 5 });
    const projects = [{ id: 'p1', collection: 'projects', name: 'Harbour' }];
    expect(await syncCensus(api, projects, { object: 'objects' })).toEqual(succeeded('p1'));
    expect(await stored({ kind: 'object', collection: 'projects', id: 'p1' })).toEqual({ name: 'Harbour' });
  });

  test.each([
    ['a tenant with blanks in its id', 'tenants', { id: 'a b' }, 'must not contain whitespace'],
    ['an object without a collection', 'objects', { id: 'p2' }, 'collection is missing'],
    ['an object in a reserved collection', 'objects', { id: 'p2', collection: '$secret' }, '$secret is reserved'],
    [
      'an object in the collection of users',
      'objects',
      { id: 'p2', collection: '$users' },
      'is not a collection of objects',
    ],
    [
      'a tenant with blanks, as an object',
      'objects',
      { id: 'a b', collection: '$tenants' },
      'must not contain whitespace',
    ],
  ])('%s fails with a sentence', async (_name, object, record, message) => {
    const [result] = await syncCensus(api, [record], { object });
    expect(result).toMatchObject({ success: false, error_message: expect.stringContaining(message) });
  });
});

describe('operations', () => {
  test('an insert of a user who exists succeeds and changes nothing', async () => {
    await syncCensus(api, [{ id: 'there', name: 'Ana' }]);
    const writes = await directoryWrites(api, async () => {
      const results = await syncCensus(
        api,
        [
          { id: 'there', name: 'Bo' },
          { id: 'new', name: 'New' },
        ],
        { operation: 'insert' },
      );
      expect(results).toEqual(succeeded('there', 'new'));
    });
    expect(writes).toBe(1);
    expect([await stored(user('there')), await stored(user('new'))]).toEqual([{ name: 'Ana' }, { name: 'New' }]);
  });

  test('an update of a user who does not exist succeeds and makes none', async () => {
    await syncCensus(api, [{ id: 'known', name: 'Ana' }]);
    const results = await syncCensus(
      api,
      [
        { id: 'unknown', name: 'Bo' },
        { id: 'known', name: 'Cy' },
      ],
      { operation: 'update' },
    );
    expect(results).toEqual(succeeded('unknown', 'known'));
    expect([await stored(user('unknown')), await stored(user('known'))]).toEqual([undefined, { name: 'Cy' }]);
  });

  test('a deleted user can be inserted again, and an update does not bring it back', async () => {
    await syncCensus(api, [{ id: 'gone', name: 'Ana', plan: 'pro' }]);
    await api.client.users.delete('gone');
    await syncCensus(api, [{ id: 'gone', name: 'Bo' }], { operation: 'update' });
    expect(await stored(user('gone'))).toBeUndefined();
    await syncCensus(api, [{ id: 'gone', name: 'Cy' }], { operation: 'insert' });
    expect(await stored(user('gone'))).toEqual({ name: 'Cy' });
  });

  test('of two inserts at once one creates, and the other changes nothing', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => `race-${i}`);
    const insert = (by: string) =>
      syncCensus(
        api,
        ids.map((id) => ({ id, by, [by]: true })),
        { operation: 'insert' },
      );
    const answers = await Promise.all([insert('one'), insert('two')]);
    expect(answers).toEqual([succeeded(...ids), succeeded(...ids)]);
    for (const id of ids) {
      const { by, ...rest } = (await stored(user(id))) as { by: string };
      expect(rest).toEqual({ [by]: true });
    }
  });

  test('a delete is refused record by record while deletes are off, and deletes nothing', async () => {
    await syncCensus(api, [{ id: 'kept' }]);
    const results = await syncCensus(api, [{ id: 'kept' }, { id: 'never' }], { operation: 'delete' });
    const error_message = 'deletes are switched off for this source';
    expect(results).toEqual(['kept', 'never'].map((identifier) => ({ identifier, success: false, error_message })));
    expect(await stored(user('kept'))).toEqual({});
  });
});

describe('records that come again', () => {
  const batch = () =>
    Array.from({ length: 60 }, (_, i) => ({ id: `again-${i}`, name: `N${i}`, plan: 'pro', nothing: null }));

  test('cost the directory no write when nothing differs, and one each where something does', async () => {
    expect(await directoryWrites(api, () => syncCensus(api, batch()))).toBe(60);
    expect(await directoryWrites(api, () => syncCensus(api, batch()))).toBe(0);
    const changed = batch().map((record, i) => (i % 20 === 0 ? { ...record, plan: 'free' } : record));
    expect(await directoryWrites(api, () => syncCensus(api, changed))).toBe(3);
  });

  test('in halves and in other orders lead to the same state', async () => {
    const records = batch();
    await directoryWrites(api, async () => {
      await syncCensus(api, records.slice(30));
      await syncCensus(api, records.slice(0, 30));
      await syncCensus(api, records.toReversed());
    });
    expect(await stored(user('again-0'))).toEqual({ name: 'N0', plan: 'pro', nothing: null });
  });

  test('twice in one batch are applied in order, and both reported', async () => {
    const results = await syncCensus(api, [
      { id: 'twice', name: 'first', a: 1 },
      { id: 'twice', name: 'second', b: 2 },
    ]);
    expect(results).toEqual(succeeded('twice', 'twice'));
    expect(await stored(user('twice'))).toEqual({ name: 'second', a: 1, b: 2 });
  });

  test('win over what was there, also over an event from a clock that is ahead', async () => {
    const ahead = Date.now() + 3_600_000;
    const [entity] = await (async () => {
      await syncCensus(api, [{ id: 'ahead', name: 'old' }]);
      return api.deps.directory.readEach([user('ahead')]);
    })();
    if (entity === undefined) throw new Error('it is not stored');
    await api.deps.directory.writeIfUnchanged(
      { ...entity, sourceTimeMs: ahead, version: entity.version + 1 },
      entity.version,
    );
    await syncCensus(api, [{ id: 'ahead', name: 'new' }]);
    expect(await stored(user('ahead'))).toEqual({ name: 'new' });
  });
});

test('records that the time did not suffice for are told so, and only they', async () => {
  const { nowMs, directory } = api.deps;
  const startedMs = nowMs();
  let writes = 0;
  api.deps.nowMs = () => startedMs + (writes >= 30 ? 20_000 : 0);
  api.deps.directory = {
    ...directory,
    async writeIfUnchanged(...given) {
      writes++;
      return directory.writeIfUnchanged(...given);
    },
  };
  const records = Array.from({ length: 100 }, (_, i) => ({ id: `slow-${i}` }));
  const results = await syncCensus(api, records, { syncRunId: 700 });
  Object.assign(api.deps, { nowMs, directory });
  const done = results.filter(({ success }) => success).length;
  expect(done).toBe(writes);
  expect(done).toBeGreaterThanOrEqual(30);
  expect(done).toBeLessThan(100);
  const error_message = 'not attempted: out of time, send it again';
  expect(results.slice(done)).toEqual(
    records.slice(done).map(({ id }) => ({ identifier: id, success: false, error_message })),
  );
  const users = await api.deps.directory.readEach(records.map(({ id }) => user(id)));
  expect(users.filter((one) => one !== undefined)).toHaveLength(done);
});

describe('rows', () => {
  test('each record has one, which says what the vendor was told, with the sync and its run', async () => {
    const startedMs = Date.now();
    await syncCensus(api, [{ id: 'row-1', name: 'Ana', phone_number: 'none' }, { name: 'nobody' }], {
      syncId: 41,
      syncRunId: 42,
    });
    const rows = (await rowsOf(api)).filter(({ syncRunId }) => syncRunId === '42');
    const shared = {
      source: 'census',
      eventType: 'record.upsert',
      syncId: '41',
      syncRunId: '42',
      verification: 'enforced:verified',
    };
    expect(rows).toMatchObject([
      {
        ...shared,
        status: 'processed',
        userId: 'row-1',
        batchIndex: 0,
        actionsPlanned: 0,
        execution: rows[0]?.id,
        detail: expect.stringContaining('phone_number is not an E.164'),
      },
      { ...shared, status: 'rejected', reason: 'request_refused', detail: 'id is missing', batchIndex: 1 },
    ]);
    expect(rows[0]?.receivedAtMs).toBeGreaterThanOrEqual(startedMs);
    const { body, headers } = unpackEventText(rows[0]?.payload as Uint8Array);
    expect(JSON.parse(body)).toEqual({
      type: 'record.upsert',
      sync: { object: 'users', id: '41', run_id: '42' },
      record: { id: 'row-1', name: 'Ana', phone_number: 'none' },
    });
    expect(headers).toEqual({ 'content-type': 'application/json' });
  });

  test('say why a record changed nothing', async () => {
    await syncCensus(api, [{ id: 'row-2' }]);
    await syncCensus(api, [{ id: 'row-2' }], { operation: 'insert', syncRunId: 43 });
    await syncCensus(api, [{ id: 'row-3' }], { operation: 'update', syncRunId: 43 });
    const rows = (await rowsOf(api)).filter(({ syncRunId }) => syncRunId === '43');
    expect(rows.map(({ status, detail }) => `${status}: ${detail}`).sort()).toEqual([
      'processed: row-2 exists already, and an insert changes nothing',
      'processed: row-3 does not exist, and an update makes nothing',
    ]);
  });

  test('of tenants and objects are about no user', async () => {
    await syncCensus(api, [{ id: 'acme' }], { object: 'tenants', syncRunId: 44 });
    const [row] = (await rowsOf(api)).filter(({ syncRunId }) => syncRunId === '44');
    expect(row).not.toHaveProperty('userId');
  });
});
