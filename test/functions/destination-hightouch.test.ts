import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { JsonObject, JsonValue } from '../../shared/core/json/values.ts';
import { startApi, type TestApi } from './api-for-tests.ts';
import { call, configure, directoryWrites, planned, resultOf, rowsOf } from './destination-for-tests.ts';

/* docs/destinations.md, "Hightouch": its form, and its rows. */

const path = '/v1/integrations/hightouch/embedded-destination';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

type Destination = { deletes?: boolean; create_audiences?: boolean; preview?: boolean };
const allow = (destination: Destination = {}, more: object = {}) =>
  configure(api, {
    sources: { ht: { kind: 'hightouch', name: 'H', destination: { preview: true, ...destination }, ...more } },
  });
beforeEach(() => {
  allow();
  api.events.length = 0;
});

const ask = (method: string, params: object = {}) => resultOf(api, path, method, params);
const identifierMapping = { from: 'uid', to: 'user_id' };
const toVip = { object: 'audiences', mode: 'mirror', audience_key: 'vip', identifierMapping, mappings: [] };
const membersOf = async (key: string) => {
  const { entries } = await api.deps.audiences.membersOf(key, { limit: 1000 });
  return entries.map(({ userId, tenant }) => (tenant === null ? userId : `${userId} in ${tenant}`));
};
async function rejected(method: string, configuration: object, rows: JsonValue[]): Promise<JsonValue[]> {
  const { rejectedRows } = await ask(method, { idColumn: 'pk', configuration, rows });
  return rejectedRows as JsonValue[];
}
const storedUser = async (id: string) => {
  const [user] = await api.deps.directory.readEach([{ kind: 'user', id }]);
  return user?.attributes;
};

describe('the preview', () => {
  test('is off until the file of the source allows it: every method says how', async () => {
    allow({ preview: false });
    for (const method of ['list_objects', 'validate', 'add']) {
      const { status, body } = await call(api, path, method, { configuration: toVip, rows: [{ uid: 'u' }] });
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { error: { code: -32000, message: expect.stringContaining('write "destination: { preview: true }"') } },
      });
    }
    configure(api, {});
    expect((await call(api, path, 'list_objects')).body).toMatchObject({ error: { code: -32000 } });
    expect(await membersOf('vip')).toEqual([]);
  });

  test('logs the form of the first call of each method, without values', async () => {
    await ask('behavior', { configuration: { secret_column: 'a@b.example', list: [{ deep: 5 }], nothing: null } });
    await ask('behavior', { configuration: { other: 'form' } });
    const noted = api.lines.filter(({ message }) => message === 'the form of a method call');
    expect(noted.filter(({ method }) => method === 'behavior')).toEqual([
      expect.objectContaining({
        kind: 'hightouch',
        form: { configuration: { secret_column: 'text', list: [{ deep: 'number' }], nothing: 'null' } },
      }),
    ]);
    expect(JSON.stringify(noted)).not.toContain('a@b.example');
  });
});

describe('the form', () => {
  test('lists the objects', async () => {
    expect(await ask('list_objects')).toEqual({
      objects: [
        { id: 'audiences', label: 'Audiences' },
        { id: 'users', label: 'Users' },
        { id: 'tenants', label: 'Tenants' },
        { id: 'objects', label: 'Objects' },
      ],
    });
  });

  test.each([
    ['audiences', ['insert', 'mirror'], ['insert', 'mirror']],
    ['users', ['upsert'], ['upsert', 'mirror']],
    ['tenants', ['upsert'], ['upsert', 'mirror']],
    ['objects', ['upsert'], ['upsert', 'mirror']],
  ])('lists the modes of %s: a mirror of what would be deleted only where deletes are on', async (object, off, on) => {
    const modes = async () => {
      const { modes } = await ask('list_modes', { object });
      return (modes as JsonObject[]).map(({ id, label, description }) => {
        expect([typeof label, typeof description]).toEqual(['string', 'string']);
        return id;
      });
    };
    expect(await modes()).toEqual(off);
    allow({ deletes: true });
    expect(await modes()).toEqual(on);
  });

  test('lists fields with one identifier, and asks for what is the same in all rows as an option', async () => {
    expect(await ask('list_fields', { object: 'audiences', mode: 'mirror' })).toEqual({
      fields: [
        { id: 'user_id', label: 'User ID', type: 'STRING', identifier: true },
        { id: 'tenant', label: 'Tenant', type: 'STRING' },
      ],
    });
    expect(await ask('list_options', { object: 'audiences' })).toEqual({
      options: {
        schema: {
          type: 'object',
          required: ['audience_key'],
          properties: {
            audience_key: { type: 'string', title: 'Audience Key', description: 'The key of the audience to sync to.' },
          },
        },
        uiSchema: {},
      },
    });
    for (const object of ['users', 'tenants', 'objects']) {
      const { fields } = (await ask('list_fields', { object, mode: 'upsert' })) as { fields: JsonObject[] };
      expect(fields.filter(({ identifier }) => identifier)).toHaveLength(1);
      expect(fields.filter(({ type }) => !['STRING', 'DATETIME'].includes(String(type)))).toEqual([]);
    }
    expect(await ask('list_options', { object: 'users' })).toEqual({ options: null });
    expect(await ask('list_options', { object: 'objects' })).toMatchObject({
      options: { schema: { required: ['collection'] } },
    });
  });

  test('takes an object as a map with an id, and says which there are for an unknown one', async () => {
    expect(await ask('list_options', { object: { id: 'users', label: 'Users' } })).toEqual({ options: null });
    const { body } = await call(api, path, 'list_modes', { object: 'leads' });
    expect(body).toMatchObject({
      error: { code: -32602, message: expect.stringMatching(/"leads"; there are: audiences, users/) },
    });
  });
});

describe('a validation', () => {
  const errorsOf = async (configuration: object) => (await ask('validate', { configuration })).errors;

  test.each([
    ['what is right', toVip],
    ['an identifier mapping without a goal', { ...toVip, identifierMapping: { from: 'uid' } }],
    ['no mode', { ...toVip, mode: undefined }],
    ['no object, but its option', { audience_key: 'vip', identifierMapping }],
    ['users', { object: 'users', mode: 'upsert', identifierMapping: { from: 'pk', to: 'id' }, mappings: [] }],
  ])('finds nothing wrong with %s', async (_name, configuration) => {
    expect(await errorsOf(configuration)).toEqual([]);
  });

  test.each<[string, object, string[]]>([
    ['no audience key', { ...toVip, audience_key: '' }, ['Audience Key is empty']],
    [
      'a key that is too long',
      { ...toVip, audience_key: 'k'.repeat(256) },
      ['Audience Key must be 1-255 lower-case letters, digits, "-" or "_", starting with a letter or digit'],
    ],
    [
      'no identifier',
      { ...toVip, identifierMapping: undefined },
      ['No column is mapped to User ID, which identifies a row'],
    ],
    [
      'another identifier',
      { ...toVip, identifierMapping: { from: 'uid', to: 'tenant' } },
      ['Rows are identified by tenant; choose User ID (user_id)'],
    ],
    [
      'an unknown object',
      { ...toVip, object: 'leads' },
      ['There is no object "leads"; there are: audiences, users, tenants, objects'],
    ],
    ['an unknown mode', { ...toVip, mode: 'upsert' }, ['Audiences have no mode "upsert"; there are: insert, mirror']],
    [
      'a mirror where deletes are off',
      { object: 'users', mode: 'mirror', identifierMapping: { from: 'pk' } },
      ['Users have no mode "mirror"; there are: upsert'],
    ],
    [
      'no collection',
      { object: 'objects', mode: 'upsert', identifierMapping: { from: 'pk' } },
      ['Collection is empty'],
    ],
    [
      'several things',
      { object: 'audiences' },
      ['No column is mapped to User ID, which identifies a row', 'Audience Key is empty'],
    ],
  ])('says what is wrong with %s', async (_name, configuration, errors) => {
    expect(await errorsOf(configuration)).toEqual(errors);
  });
});

test.each([
  ['nothing known', {}, { add: true, change: false, remove: true }],
  ['an audience, insert', { ...toVip, mode: 'insert' }, { add: true, change: false, remove: false }],
  ['an audience, mirror', toVip, { add: true, change: false, remove: true }],
  ['users, upsert', { object: 'users', mode: 'upsert' }, { add: true, change: true, remove: false }],
  ['users, mirror without consent', { object: 'users', mode: 'mirror' }, { add: true, change: true, remove: false }],
])('the behaviour for %s says which rows are sent', async (_name, configuration, operations) => {
  expect(await ask('behavior', { configuration })).toEqual({ batchSize: 500, operations, skipInitialRun: false });
});

describe('rows of an audience', () => {
  const rows = [
    { pk: 1, uid: 'r1', org: 'acme', extra: 'not sent on' },
    { pk: 2, uid: 'r2', org: '' },
    { pk: 3, uid: 4242, org: null },
  ];
  // The form repeats the identifier's pair.
  const configuration = {
    ...toVip,
    audience_key: 'rows',
    mappings: [identifierMapping, { from: 'org', to: 'tenant' }],
  };

  test('join and leave; the identifier is the mapped column, not the primary key', async () => {
    expect(await rejected('add', configuration, rows)).toEqual([]);
    expect(await membersOf('rows')).toEqual(['4242', 'r1 in acme', 'r2']);
    expect(await rejected('remove', configuration, rows.slice(0, 1))).toEqual([]);
    expect(await membersOf('rows')).toEqual(['4242', 'r2']);
  });

  test('that come again cost no write', async () => {
    await rejected('add', configuration, rows);
    expect(await directoryWrites(api, () => rejected('add', configuration, rows))).toBe(0);
  });

  test('that are wrong come back as they were, with the reason; the others are stored', async () => {
    const wrong = [
      { pk: 5, uid: null },
      { pk: 820982911946, uid: 'a/b', org: 'acme' },
      'not a row',
      { pk: 6, uid: 'r6' },
    ];
    expect(await rejected('add', configuration, wrong)).toEqual([
      { pk: 5, uid: null, _error: 'user_id is missing' },
      { pk: 820982911946, uid: 'a/b', org: 'acme', _error: 'user_id must not contain "/" or "#"' },
      { row: 'not a row', _error: 'the row is text, not a map of columns' },
    ]);
    expect(await membersOf('rows')).toContain('r6');
  });

  test('make the audience, once, however many first batches come at once; unless the file says otherwise', async () => {
    const first = { ...toVip, audience_key: 'made' };
    const batches = [0, 1].map((n) => rejected('add', first, [{ uid: `first-${n}` }]));
    expect(await Promise.all(batches)).toEqual([[], []]);
    expect(await membersOf('made')).toEqual(['first-0', 'first-1']);
    const { entries } = await api.deps.list.page({ kind: 'audience' }, { limit: 1000 });
    expect(entries.filter((key) => key === 'made')).toHaveLength(1);

    allow({ create_audiences: false });
    const [one] = await rejected('add', { ...toVip, audience_key: 'not-made' }, [{ uid: 'x' }]);
    expect(one).toMatchObject({ _error: 'Audience not-made does not exist in development' });
    // A removal makes none either.
    allow();
    expect(await rejected('remove', { ...toVip, audience_key: 'not-made' }, [{ uid: 'x' }])).toHaveLength(1);
  });

  test('do not change: null says that this is not offered; nor do they leave in mode insert', async () => {
    for (const [method, mode] of [
      ['change', 'mirror'],
      ['remove', 'insert'],
    ]) {
      const { status, body } = await call(api, path, method as string, {
        configuration: { ...configuration, mode },
        rows,
      });
      expect({ status, body }).toEqual({ status: 200, body: { jsonrpc: '2.0', id: 'c1', result: null } });
    }
  });

  test('without an identifier mapping are an error, which names the field', async () => {
    const { body } = await call(api, path, 'add', { configuration: { ...toVip, identifierMapping: {} }, rows });
    expect(body).toMatchObject({ error: { code: -32602, data: [{ path: 'configuration.identifierMapping' }] } });
  });

  test('without object and mode are told by their option', async () => {
    expect(await rejected('add', { audience_key: 'told', identifierMapping }, [{ uid: 't1' }])).toEqual([]);
    expect(await membersOf('told')).toEqual(['t1']);
  });

  test('are rows of the log with their type, for mappings as well', async () => {
    allow(
      {},
      {
        mappings: [{ id: 'joined', event: 'row.added', action: 'users_identify', parameters: { id: 'user_id' } }],
      },
    );
    await rejected('add', configuration, [{ uid: 'logged', org: 'acme' }]);
    const [one] = await planned(api);
    expect(one).toMatchObject({
      event: {
        eventType: 'row.added',
        userId: 'logged',
        data: { user_id: 'logged', tenant: 'acme', audience_key: 'rows' },
        preprocess: { object: 'audiences' },
      },
      plan: { kind: 'run', invocations: [{ mapping: 'joined' }] },
    });
    await rejected('remove', configuration, [{ uid: 'logged', org: 'acme' }]);
    const rows = await rowsOf(api, 'ht');
    expect(rows.at(-1)).toMatchObject({ eventType: 'row.removed', userId: 'logged', status: 'processed' });
  });
});

describe('rows of users, tenants and objects', () => {
  const mappings = [
    { from: 'full_name', to: 'name' },
    { from: 'plan', to: 'plan' },
  ];
  const toUsers = { object: 'users', mode: 'upsert', identifierMapping: { from: 'key', to: 'id' }, mappings };

  test('are set by what is mapped, and by nothing else', async () => {
    expect(await rejected('add', toUsers, [{ key: 'h1', full_name: 'Ana', plan: 'pro', age: 40 }])).toEqual([]);
    expect(await storedUser('h1')).toEqual({ name: 'Ana', plan: 'pro' });
    expect(await rejected('change', toUsers, [{ key: 'h1', full_name: 'Ana B', plan: null }])).toEqual([]);
    expect(await storedUser('h1')).toEqual({ name: 'Ana B', plan: null });
    const toObjects = {
      object: 'objects',
      mode: 'upsert',
      collection: 'projects',
      identifierMapping: { from: 'key' },
      mappings,
    };
    expect(await rejected('add', toObjects, [{ key: 'p1', full_name: 'Harbour' }])).toEqual([]);
    const [object] = await api.deps.directory.readEach([{ kind: 'object', collection: 'projects', id: 'p1' }]);
    expect(object?.attributes).toEqual({ name: 'Harbour', plan: null });
  });

  test('that a mirror removes are deleted only where the file allows it', async () => {
    const removed = { ...toUsers, mode: 'mirror' };
    await rejected('add', toUsers, [{ key: 'h2', full_name: 'Bo' }]);
    expect(await rejected('remove', removed, [{ key: 'h2' }])).toEqual([
      { key: 'h2', _error: 'deletes are switched off for this source' },
    ]);
    expect(await storedUser('h2')).toMatchObject({ name: 'Bo' });
    allow({ deletes: true });
    expect(await rejected('remove', removed, [{ key: 'h2' }, { key: 'never' }])).toEqual([]);
    expect(await storedUser('h2')).toBeUndefined();
  });

  test('with a reserved name as goal come back', async () => {
    const [one] = await rejected('add', { ...toUsers, mappings: [{ from: 'x', to: 'preferences' }] }, [
      { key: 'h3', x: 1 },
    ]);
    expect(one).toMatchObject({ key: 'h3', _error: expect.stringContaining('preferences cannot be set by a sync') });
    expect(await storedUser('h3')).toBeUndefined();
  });
});
