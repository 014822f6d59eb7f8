import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answerRequest } from '../../functions/api/answer-request.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import { type ApiAnswer, startApi, type TestApi } from './api-for-tests.ts';
import { call, censusPath, configure, resultOf, rowsOf, syncBatch } from './destination-for-tests.ts';

/* docs/destinations.md: the envelope of JSON-RPC, and what a vendor asks before it syncs. */

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const send = (body: unknown, headers?: Record<string, string>): Promise<ApiAnswer> =>
  api.call('POST', censusPath, { body, ...(headers && { headers }) });

/** The answer's text, for what parsing would change. */
async function textOf(body: string | Buffer, headers: Record<string, string> = {}): Promise<string> {
  const event = {
    rawPath: censusPath,
    rawQueryString: '',
    headers: { authorization: `Bearer ${api.key}`, ...headers },
    requestContext: { http: { method: 'POST' } },
    body: Buffer.from(body).toString('base64'),
    isBase64Encoded: true,
  };
  return (await answerRequest(event as never, api.deps)).body ?? '';
}

const list = { jsonrpc: '2.0', id: 'c1', method: 'list_objects' };

describe('the envelope', () => {
  test.each([
    ['text', 'a-1'],
    ['a number', 17],
    ['an empty text', ''],
    ['zero', 0],
  ])('repeats an id that is %s', async (_name, id) => {
    expect(await send({ ...list, id })).toMatchObject({ status: 200, body: { jsonrpc: '2.0', id, result: {} } });
  });

  test('repeats a long number as an id, digit by digit', async () => {
    expect(await textOf('{"jsonrpc":"2.0","id":820982911946154508,"method":"nope"}')).toContain(
      '"id":820982911946154508,',
    );
  });

  test.each([
    ['without params', {}],
    ['with null as params', { params: null }],
    ['with other params', { params: { later: 1 } }],
  ])('takes a call %s', async (_name, change) => {
    expect(await send({ ...list, ...change })).toMatchObject({ body: { result: { objects: expect.any(Array) } } });
  });

  test('does nothing for a call without an id, and answers 204 without a body', async () => {
    const records = [{ id: 'of-a-notification' }];
    const answer = await send({ jsonrpc: '2.0', method: 'sync_batch', params: syncBatch(records) });
    expect(answer).toMatchObject({ status: 204, body: undefined });
    expect(await api.deps.directory.readEach([{ kind: 'user', id: 'of-a-notification' }])).toEqual([undefined]);
  });

  test.each([
    ['another version', { ...list, jsonrpc: '1.0' }, 'c1', 'jsonrpc must be "2.0"'],
    ['no version', { id: 5, method: 'list_objects' }, 5, 'jsonrpc must be "2.0"'],
    ['no method', { jsonrpc: '2.0', id: 'c1' }, 'c1', 'method must be text, not nothing'],
    ['a map as id', { ...list, id: {} }, null, 'id must be text or a number, not a map'],
    ['several calls', [list, list], null, 'must be one call, a map, not a list'],
    ['a text', '"list_objects"', null, 'must be one call, a map, not text'],
    ['nothing', '', null, 'must be one call, a map, not nothing'],
  ])('refuses %s with -32600', async (_name, body, id, message) => {
    expect(await send(body)).toMatchObject({
      status: 200,
      body: { jsonrpc: '2.0', id, error: { code: -32600, message: expect.stringContaining(message) } },
    });
  });

  test('names the methods that exist for one that does not', async () => {
    const { body } = await call(api, censusPath, 'list_object');
    expect(body).toMatchObject({ error: { code: -32601, message: expect.stringMatching(/list_object;.*sync_batch/) } });
    expect(Object.keys(body as object)).not.toContain('result');
  });

  test.each<[string, string, unknown, { path: string; message: string }]>([
    ['a list as params', 'list_fields', [1], { path: 'params', message: 'must be a map, not a list' }],
    ['a missing object', 'list_fields', {}, { path: 'object', message: 'is required' }],
    [
      'a number as name',
      'list_fields',
      { object: { object_api_name: 5 } },
      { path: 'object.object_api_name', message: 'must be text, not a number' },
    ],
    [
      'an unknown object',
      'list_fields',
      { object: { object_api_name: 'leads' } },
      { path: 'object.object_api_name', message: expect.stringMatching(/"leads"; there are: .*users/) as never },
    ],
    ['a batch without a plan', 'sync_batch', { records: [] }, { path: 'sync_plan', message: 'is required' }],
  ])('says with -32602 where %s is wrong', async (_name, method, params, problem) => {
    const { status, body } = await send({ ...list, method, params });
    expect({ status, body }).toMatchObject({ status: 200, body: { error: { code: -32602, data: [problem] } } });
  });

  test('answers 400 with line and column when the body is not JSON', async () => {
    expect(await send('{"jsonrpc": "2.0",\n "id": }')).toMatchObject({
      status: 400,
      body: { code: 'invalid_json', message: expect.stringContaining('line 2') },
    });
  });

  test.each([
    ['compressed', { 'content-encoding': 'gzip' }, gzipSync(JSON.stringify(list))],
    ['without a content type', {}, Buffer.from(JSON.stringify(list))],
    ['of another content type', { 'content-type': 'text/plain' }, Buffer.from(JSON.stringify(list))],
  ])('takes a body %s', async (_name, headers, body) => {
    expect(JSON.parse(await textOf(body, headers))).toMatchObject({ id: 'c1', result: { objects: expect.any(Array) } });
  });

  test('refuses a missing and a wrong key with 401 before it looks at the body, and a public one with 403', async () => {
    for (const key of [null, `sk_${'A'.repeat(43)}`])
      expect(await api.call('POST', censusPath, { body: 'not JSON', key })).toMatchObject({
        status: 401,
        body: { code: 'authentication_required' },
      });
    const { key } = await api.makeKey('public');
    expect(await api.call('POST', censusPath, { body: list, key })).toMatchObject({
      status: 403,
      body: { code: 'authorization' },
    });
  });

  test('refuses more than 10,000 records with 413, and applies none', async () => {
    const records = Array.from({ length: 10_001 }, () => ({ id: 'of-too-many' }));
    expect(await call(api, censusPath, 'sync_batch', syncBatch(records))).toMatchObject({ status: 413 });
    expect(await api.deps.directory.readEach([{ kind: 'user', id: 'of-too-many' }])).toEqual([undefined]);
  });

  test('answers 503 with Retry-After for a table that fails, never an error of the protocol', async () => {
    const { directory } = api.deps;
    const away = async () => {
      throw new RetryableError('the table is throttled', { retryAfterSeconds: 4 });
    };
    api.deps.directory = { ...directory, readEach: away, readStoredEach: away };
    try {
      for (const [method, params] of [
        ['test_connection', {}],
        ['sync_batch', syncBatch([{ id: 'u' }])],
      ] as const) {
        const { status, headers, body } = await call(api, censusPath, method, params);
        expect({ status, retry: headers['retry-after'] }).toEqual({ status: 503, retry: '4' });
        expect(body).not.toHaveProperty('jsonrpc');
      }
    } finally {
      api.deps.directory = directory;
    }
  });

  test('answers 503 while the configuration cannot be read', async () => {
    const { configuration } = api.deps;
    api.deps.configuration = async () => {
      throw new RetryableError('away');
    };
    expect(await send(list)).toMatchObject({ status: 503 });
    api.deps.configuration = configuration;
  });

  test('tells the vendor with every answer how many requests a second its connection may make', async () => {
    const answers = [
      await send(list),
      await send('not JSON'),
      await api.call('POST', censusPath, { body: list, key: null }),
      await send({ jsonrpc: '2.0', method: 'list_objects' }),
    ];
    expect(answers.map(({ status, headers }) => [status, headers['x-ratelimit-limit']])).toEqual(
      [200, 400, 401, 204].map((status) => [status, '50']),
    );
    const other = await api.call('GET', '/v1/users');
    expect(other.headers).not.toHaveProperty('x-ratelimit-limit');
  });

  test('is a line of the log that names method, key and outcome, and no row of the API', async () => {
    api.lines.length = 0;
    await call(api, censusPath, 'list_objects');
    await call(api, censusPath, 'nope');
    expect(api.lines).toMatchObject([
      {
        message: 'request answered',
        call: 'integrations.census.customDestination',
        method: 'list_objects',
        status: 200,
      },
      { method: 'nope', error: -32601 },
    ]);
    expect(await rowsOf(api, 'api')).toEqual([]);
  });
});

describe('before a sync', () => {
  const objectsOf = async () => (await resultOf(api, censusPath, 'list_objects')).objects as JsonObject[];

  test('the objects are the same at every call', async () => {
    const objects = await objectsOf();
    expect(objects.map(({ object_api_name }) => object_api_name)).toEqual([
      'audiences',
      'users',
      'tenants',
      'objects',
      'workflows',
    ]);
    expect(await objectsOf()).toEqual(objects);
  });

  test('each object has one identifier, a text or number that cannot change, and fields of known types', async () => {
    const types = ['boolean', 'decimal', 'float', 'integer', 'date', 'date_time', 'string'];
    for (const object of await objectsOf()) {
      const { fields } = (await resultOf(api, censusPath, 'list_fields', { object })) as { fields: JsonObject[] };
      const identifiers = fields.filter(({ identifier }) => identifier);
      expect(identifiers).toHaveLength(1);
      expect(identifiers[0]).toMatchObject({ required: true, createable: true, updateable: false, array: false });
      expect(['string', 'integer']).toContain(identifiers[0]?.type);
      for (const field of fields) {
        expect(types).toContain(field.type);
        expect(Object.keys(field).sort()).toEqual(
          ['array', 'createable', 'field_api_name', 'identifier', 'label', 'required', 'type', 'updateable'].sort(),
        );
      }
    }
  });

  test('a sync can mirror audiences, and users, tenants and objects only where deletes are on', async () => {
    const operationsOf = async () => {
      const found: Record<string, unknown> = {};
      for (const object of await objectsOf()) {
        const { operations } = await resultOf(api, censusPath, 'supported_operations', { object });
        found[String(object.object_api_name)] = operations;
      }
      return found;
    };
    const [audiences, workflows, others] = [['insert', 'mirror'], ['insert'], ['upsert', 'insert', 'update']];
    const off = { audiences, users: others, tenants: others, objects: others, workflows };
    expect(await operationsOf()).toEqual(off);
    const { configuration } = api.deps;
    configure(api, { sources: { warehouse: { kind: 'census', name: 'W', destination: { deletes: true } } } });
    const all = [...others, 'mirror'];
    expect(await operationsOf()).toEqual({ ...off, users: all, tenants: all, objects: all });
    api.deps.configuration = configuration;
  });

  test('the speed is that of the environment, with a plan and without', async () => {
    const speed = { maximum_batch_size: 500, maximum_parallel_batches: 8, maximum_records_per_second: 500 };
    expect(await resultOf(api, censusPath, 'get_sync_speed')).toEqual(speed);
    expect(await resultOf(api, censusPath, 'get_sync_speed', { sync_plan: {} })).toEqual(speed);
  });

  const problemOf = async (path = censusPath) => {
    const { success, error_message } = await resultOf(api, path, 'test_connection');
    return success === true ? undefined : error_message;
  };

  test('a connection test says whether a sync would work here', async () => {
    expect(await problemOf()).toBe(
      'development has no configuration yet; commit one: npx signalbox config push --commit',
    );
    const { configuration } = api.deps;
    configure(api, {});
    expect(await problemOf()).toBeUndefined();
    expect(await problemOf(`${censusPath}?source=warehouse`)).toMatch('there is no source warehouse of kind census');
    const source = { kind: 'census', name: 'W' };
    configure(api, { sources: { a: source, b: source } });
    expect(await problemOf()).toMatch('add ?source= and one of them to the URL');
    expect(await problemOf(`${censusPath}?source=a`)).toBeUndefined();
    configure(api, { sources: { a: source } }, { sources: { a: { enabled: false } } });
    expect(await problemOf()).toBe('the source a is switched off in development');
    api.deps.configuration = configuration;
  });
});
