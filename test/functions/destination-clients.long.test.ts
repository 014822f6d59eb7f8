import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { answerRequest } from '../../functions/api/answer-request.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { type CensusObject, makeCensusClient } from '../clients/census-client.ts';
import { type HightouchSync, makeHightouchClient } from '../clients/hightouch-client.ts';
import { startApi, type TestApi } from './api-for-tests.ts';
import { censusPath, configure, directoryWrites } from './destination-for-tests.ts';

/* Clients that play the vendors, checked against the vendors' own servers, against ours. */

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
const sources = {
  warehouse: { kind: 'census', name: 'W', destination: { deletes: true } },
  ht: { kind: 'hightouch', name: 'H', destination: { preview: true, deletes: true } },
};
beforeEach(() => {
  configure(api, { sources, audiences: { vip: { name: 'VIP' } } });
});

const wait = async () => undefined;
const connection = (path: string) => ({
  url: `http://api.test${path}`,
  headers: { authorization: `Bearer ${api.key}` },
  fetch: api.fetch,
  wait,
});
const membersOf = async (key: string) =>
  (await api.deps.audiences.membersOf(key, { limit: 1000 })).entries.map(({ userId }) => userId);
const users = async (...ids: string[]) => {
  const found = await api.deps.directory.readEach(ids.map((id) => ({ kind: 'user', id })));
  return found.map((user) => user?.attributes);
};

describe('Census', () => {
  const connect = async (change: object = {}) => {
    const client = makeCensusClient({ ...connection(censusPath), ...change });
    const objects = new Map((await client.connect()).map((object) => [object.object_api_name, object]));
    return { client, object: (name: string) => objects.get(name) as CensusObject };
  };

  test('connects, and finds every object to be of its protocol', async () => {
    const { client, object } = await connect();
    expect(object('users')).toMatchObject({
      can_create_fields: 'on_write',
      operations: ['upsert', 'insert', 'update', 'mirror'],
    });
    expect(object('audiences')).not.toHaveProperty('can_create_fields');
    expect(client.told.requestsPerSecond).toBe(50);
  });

  test('does not connect where nothing is committed', async () => {
    const { configuration } = api.deps;
    api.deps.configuration = async () => ({ ...(await configuration()), uncommitted: true });
    await expect(connect()).rejects.toThrow('development has no configuration yet');
  });

  test('syncs users in parallel batches, with new columns; a second run writes nothing', async () => {
    api.deps.syncLimits = { ...api.deps.syncLimits, batchSize: 25, parallelBatches: 4, recordsPerSecond: 100_000 };
    const { client, object } = await connect();
    const records = Array.from({ length: 110 }, (_, i) => ({
      id: `cs-${i}`,
      name: `N${i}`,
      seats: i,
      spent: `${i}.50`,
    }));
    const sync = {
      object: object('users'),
      behaviour: 'upsert',
      newFields: { seats: 'integer', spent: 'decimal' },
    } as const;
    const run = await client.run({ ...sync, syncRunId: 1 }, [...records, { ...records[7] }]);
    expect(run).toEqual({ done: expect.any(Array), rejected: [], duplicates: 1, batches: 5 });
    expect(run.done.toSorted()).toEqual(records.map(({ id }) => id).toSorted());
    expect(await users('cs-109')).toEqual([{ name: 'N109', seats: 109, spent: 109.5 }]);
    expect(await directoryWrites(api, () => client.run({ ...sync, syncRunId: 2 }, records))).toBe(0);
  });

  test('gets identifiers back as it sent them: numbers too', async () => {
    const { client, object } = await connect();
    const run = await client.run({ object: object('users'), behaviour: 'insert', syncRunId: 3 }, [
      { id: 1 },
      { id: '1a' },
      { id: 2 },
    ]);
    expect([run.done, run.rejected]).toEqual([[1, '1a', 2], []]);
  });

  test('sends a rejected record once more by itself, and shows its sentence; the others are done', async () => {
    const { client, object } = await connect();
    const run = await client.run({ object: object('users'), behaviour: 'upsert', syncRunId: 4 }, [
      { id: 'ok-1' },
      { id: 'a/b' },
      { id: 'ok-2' },
    ]);
    expect(run).toMatchObject({
      done: ['ok-1', 'ok-2'],
      rejected: [{ identifier: 'a/b', message: 'id must not contain "/" or "#"' }],
      batches: 2,
    });
  });

  test('mirrors an audience: members join, and leave by a batch of their own', async () => {
    const { client, object } = await connect();
    const member = (user_id: string) => ({ user_id, audience_key: 'vip' });
    const sync = { object: object('audiences'), behaviour: 'mirror' } as const;
    await client.run({ ...sync, syncRunId: 5 }, ['a', 'b', 'c'].map(member));
    expect(await membersOf('vip')).toEqual(['a', 'b', 'c']);
    const run = await client.run({ ...sync, syncRunId: 6 }, [member('d')], ['a', 'b'].map(member));
    expect([run.rejected, run.done]).toEqual([[], ['d', 'a', 'b']]);
    expect(await membersOf('vip')).toEqual(['c', 'd']);
  });

  test('gets through faults of ours: 503 is repeated, a lost answer halves the batch, and the end is the same', async () => {
    const { directory } = api.deps;
    let [faults, lost] = [3, 1];
    api.deps.directory = {
      ...directory,
      async writeIfUnchanged(...given) {
        if (faults-- > 0) throw new RetryableError('throttled', { retryAfterSeconds: 0 });
        return directory.writeIfUnchanged(...given);
      },
    };
    const { client, object } = await connect({
      async fetch(...given: Parameters<typeof fetch>) {
        const answer = await api.fetch(...given);
        const isBatch = String(given[1]?.body).includes('"sync_batch"');
        // Done, and the answer is nothing that anyone could read.
        return isBatch && answer.status === 200 && lost-- > 0 ? new Response('<html>', { status: 200 }) : answer;
      },
    });
    const records = Array.from({ length: 24 }, (_, i) => ({ id: `fault-${i}`, name: `N${i}` }));
    const run = await client.run({ object: object('users'), behaviour: 'upsert', syncRunId: 7 }, records);
    api.deps.directory = directory;
    expect([run.done.length, run.rejected, run.batches]).toEqual([24, [], 3]);
    expect(await users('fault-0', 'fault-23')).toEqual([{ name: 'N0' }, { name: 'N23' }]);
  });
});

describe('Hightouch', () => {
  const client = () => makeHightouchClient(connection('/v1/integrations/hightouch/embedded-destination'));
  const audience: HightouchSync = {
    idColumn: 'pk',
    object: 'audiences',
    mode: 'mirror',
    identifierMapping: { from: 'uid', to: 'user_id' },
    mappings: [
      { from: 'uid', to: 'user_id' },
      { from: 'org', to: 'tenant' },
    ],
    options: { audience_key: 'hot' },
  };

  test('draws a form for every object and mode', async () => {
    const { objects } = await client().form();
    for (const { id } of objects ?? []) {
      const { modes } = await client().form(id);
      for (const mode of modes ?? []) {
        const { fields, options } = await client().form(id, mode.id);
        expect(fields?.length).toBeGreaterThan(1);
        if (options !== null) expect(options).toMatchObject({ schema: { type: 'object' }, uiSchema: {} });
      }
    }
    expect(objects?.map(({ label }) => label)).toEqual(['Audiences', 'Users', 'Tenants', 'Objects']);
  });

  test('shows what is wrong with a sync before it runs', async () => {
    expect(await client().validate({ ...audience, options: {} })).toEqual(['Audience Key is empty']);
    expect(await client().validate(audience)).toEqual([]);
  });

  test('keeps an audience like its model over runs: added, removed, and never changed', async () => {
    const rows = [
      { pk: 1, uid: 'h1', org: 'acme' },
      { pk: 2, uid: 'h2', org: null },
    ];
    const first = await client().run(audience, rows, undefined);
    expect(first.run).toEqual({ sent: { add: 2, change: 0, remove: 0 }, rejected: [] });
    const next = [
      { pk: 2, uid: 'h2', org: null, note: 'changed' },
      { pk: 3, uid: 'h3', org: null },
    ];
    const second = await client().run(audience, next, first.state);
    expect(second.run).toEqual({ sent: { add: 1, change: 0, remove: 1 }, rejected: [] });
    expect(await membersOf('hot')).toEqual(['h2', 'h3']);
  });

  test('sends rejected rows again within a run and in the next, as they were, until they succeed', async () => {
    const sync = { ...audience, options: { audience_key: 'closed' } };
    configure(api, { sources: { ht: { ...sources.ht, destination: { preview: true, create_audiences: false } } } });
    const rows = [
      { pk: 1, uid: 'w1' },
      { pk: 2, uid: 'a/b' },
    ];
    const first = await client().run(sync, rows, undefined);
    expect(first.run.sent.add).toBe(6);
    expect(first.run.rejected).toMatchObject([{ pk: 1, _error: expect.stringContaining('does not exist') }, { pk: 2 }]);
    configure(api, { sources, audiences: { closed: { name: 'C' } } });
    const second = await client().run(sync, rows, first.state);
    expect(second.run.rejected).toEqual([{ pk: 2, uid: 'a/b', _error: 'user_id must not contain "/" or "#"' }]);
    expect(await membersOf('closed')).toEqual(['w1']);
  });

  test('upserts and mirrors users', async () => {
    const sync: HightouchSync = {
      idColumn: 'id',
      object: 'users',
      mode: 'mirror',
      identifierMapping: { from: 'id', to: 'id' },
      mappings: [{ from: 'full_name', to: 'name' }],
    };
    const first = await client().run(
      sync,
      [
        { id: 'hu1', full_name: 'Ana' },
        { id: 'hu2', full_name: 'Bo' },
      ],
      undefined,
    );
    const second = await client().run(sync, [{ id: 'hu1', full_name: 'Ana B' }], first.state);
    expect(second.run).toEqual({ sent: { add: 0, change: 1, remove: 1 }, rejected: [] });
    expect(await users('hu1', 'hu2')).toEqual([{ name: 'Ana B' }, undefined]);
  });
});

describe('the official client of Knock', () => {
  test('calls both destinations', async () => {
    const { census, hightouch } = api.client.integrations;
    expect(await census.customDestination({ id: 'a', jsonrpc: '2.0', method: 'test_connection' })).toMatchObject({
      id: 'a',
      jsonrpc: '2.0',
      result: { success: true },
    });
    const asked = { id: 'b', jsonrpc: '2.0', method: 'list_modes', params: { object: 'audiences' } };
    expect(await hightouch.embeddedDestination(asked)).toMatchObject({
      id: 'b',
      result: { modes: [{ id: 'insert' }, { id: 'mirror' }] },
    });
    expect(await census.customDestination({ id: 'c', jsonrpc: '2.0', method: 'nope' })).toMatchObject({
      error: { code: -32601 },
    });
  });

  test('repeats a call after 503, as the vendors do', async () => {
    let fails = 1;
    const { directory } = api.deps;
    api.deps.directory = {
      ...directory,
      async readEach(refs) {
        if (fails-- > 0) throw new RetryableError('away', { retryAfterSeconds: 0 });
        return directory.readEach(refs);
      },
    };
    const client = api.client.withOptions({ maxRetries: 2 });
    const answer = await client.integrations.census.customDestination({
      id: 'a',
      jsonrpc: '2.0',
      method: 'test_connection',
    });
    expect(answer).toMatchObject({ result: { success: true } });
    api.deps.directory = directory;
  });
});

test('an answer is never more than the gateway lets through: 10,000 refused records', async () => {
  const records = Array.from({ length: 10_000 }, () => ({ id: 'a/b' }));
  const { sync_plan } = (await import('./destination-for-tests.ts')).syncBatch([{ id: 'x' }]);
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'sync_batch', params: { sync_plan, records } });
  const event = {
    rawPath: censusPath,
    rawQueryString: '',
    requestContext: { http: { method: 'POST' } },
    headers: { authorization: `Bearer ${api.key}` },
    body,
  };
  configure(api, { sources: { warehouse: { kind: 'census', name: 'W' } } });
  const { eventLog } = api.deps;
  api.deps.eventLog = { ...eventLog, writeEach: async (rows) => rows.map(() => undefined) };
  const answer = await answerRequest(event as never, api.deps);
  api.deps.eventLog = eventLog;
  expect(answer.statusCode).toBe(200);
  expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(6 * 1024 * 1024);
});
