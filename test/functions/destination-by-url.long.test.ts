import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { listSourceRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import { startApi, type TestApi } from './api-for-tests.ts';
import { configure, rowsOf, syncBatch } from './destination-for-tests.ts';

/* docs/destinations.md: method calls at the URL of a source, checked as its events are. */

const key = 'key of the URLs';
const secret = 'secret of the source';
const token = ingestToken(key, 'warehouse', 1);
const path = `/v1/sources/warehouse/${token}/rpc`;

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
beforeEach(() => {
  configure(api, {
    sources: {
      warehouse: { kind: 'census', name: 'W', destination: { deletes: true } },
      web: { kind: 'rudderstack', name: 'Web' },
    },
  });
  api.secrets.clear();
  api.secrets.set('ingest', [key]);
  api.secrets.set('sources/warehouse', [secret]);
  api.lines.length = 0;
});

const send = (
  method: string,
  params: object = {},
  headers: Record<string, string> = { authorization: `Bearer ${secret}` },
  at = path,
) => api.call('POST', at, { key: null, headers, body: { jsonrpc: '2.0', id: 'c1', method, params } });

test('the methods are those of the kind, with what the file of the source allows', async () => {
  const object = { object_api_name: 'users' };
  expect(await send('supported_operations', { object })).toMatchObject({
    status: 200,
    body: { result: { operations: ['upsert', 'insert', 'update', 'mirror'] } },
  });
  expect(await send('test_connection')).toMatchObject({ body: { result: { success: true } } });
});

test('records are rows of that source, verified by its secret', async () => {
  expect(await send('sync_batch', syncBatch([{ id: 'by-url' }], { syncRunId: 11 }))).toMatchObject({
    body: { result: { record_results: [{ identifier: 'by-url', success: true }] } },
  });
  const rows = (await rowsOf(api, 'warehouse')).filter(({ syncRunId }) => syncRunId === '11');
  expect(rows).toMatchObject([{ source: 'warehouse', verification: 'enforced:verified', userId: 'by-url' }]);
});

describe('it is refused', () => {
  const wrong = ingestToken(key, 'warehouse', 2);
  test.each<[string, string, Record<string, string>, number, string]>([
    [
      'with a wrong token',
      `/v1/sources/warehouse/${wrong}/rpc`,
      { authorization: `Bearer ${secret}` },
      404,
      'No source at this URL',
    ],
    [
      'for an unknown source',
      `/v1/sources/nobody/${token}/rpc`,
      { authorization: `Bearer ${secret}` },
      404,
      'No source at this URL',
    ],
    ['with a wrong secret', path, { authorization: 'Bearer nope' }, 401, 'does not match'],
    ['without the secret', path, {}, 401, 'not signed'],
    [
      'with an environment key in place of the secret',
      path,
      { authorization: `Bearer sk_${'A'.repeat(43)}` },
      401,
      'does not match',
    ],
    [
      'for a kind that takes no method calls',
      `/v1/sources/web/${ingestToken(key, 'web', 1)}/rpc`,
      {},
      404,
      'sources of kind rudderstack take no method calls',
    ],
  ])('%s', async (_name, at, headers, status, message) => {
    const answer = await send('sync_batch', syncBatch([{ id: 'refused' }]), headers, at);
    expect(answer).toMatchObject({ status, body: { message: expect.stringContaining(message) } });
    expect(answer.headers['x-ratelimit-limit']).toBe('50');
    expect(await api.deps.directory.readEach([{ kind: 'user', id: 'refused' }])).toEqual([undefined]);
  });
});

test('a source without a secret takes calls by its URL alone, and rows say so; a wrong proof may not delete', async () => {
  api.secrets.delete('sources/warehouse');
  await send('sync_batch', syncBatch([{ id: 'unsigned' }], { syncRunId: 12 }), {});
  const rows = (await rowsOf(api, 'warehouse')).filter(({ syncRunId }) => syncRunId === '12');
  expect(rows).toMatchObject([{ verification: 'not_enforced:skipped' }]);
  api.secrets.set('sources/warehouse', [secret]);
  configure(
    api,
    { sources: { warehouse: { kind: 'census', name: 'W', destination: { deletes: true } } } },
    { sources: { warehouse: { verification: { enforced: false } } } },
  );
  const { body } = await send('sync_batch', syncBatch([{ id: 'unsigned' }], { operation: 'delete' }), {
    authorization: 'Bearer nope',
  });
  expect(body).toMatchObject({
    result: {
      record_results: [{ success: false, error_message: expect.stringContaining('deletes need a verified sender') }],
    },
  });
});

test('the token is in no line of the log, and an old URL is noted for the operator who waits to retire it', async () => {
  configure(
    api,
    { sources: { warehouse: { kind: 'census', name: 'W' } } },
    { sources: { warehouse: { url: { generation: 2, previous_valid: true } } } },
  );
  await send('sync_batch', syncBatch([{ id: 'old-url' }]));
  expect(JSON.stringify([api.lines, api.counted])).not.toContain(token);
  expect(api.lines).toMatchObject([
    { call: 'sources.call', source: 'warehouse', method: 'sync_batch', records: 1, refused: 0 },
  ]);
  const configuration = { client: api.tables.client, table: api.tables.names.Configuration };
  expect(await listSourceRegistry(configuration)).toMatchObject([
    { source: 'warehouse', previousUrlUsedAtMs: expect.any(Number) },
  ]);
});
