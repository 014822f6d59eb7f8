import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { makeKnockTargets } from '../../shared/adapters/knock-target.ts';
import { cancelRequest, runRequest } from '../support/runs.ts';
import { startWireServer } from '../support/wire-server.ts';

let server: Awaited<ReturnType<typeof startWireServer>>;
/** What Knock has begun, by idempotency key: it answers a repeated key with what it answered before. */
const begun = new Map<string, string>();
const validKeys = new Set<string>();
let secrets: string[] | undefined;

beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  begun.clear();
  validKeys.clear();
  validKeys.add('sk_newest');
  secrets = ['sk_newest'];
  server.received.length = 0;
  server.world.answer = ({ method, path, headers }, response) => {
    const json = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (!validKeys.has(String(headers.authorization).replace('Bearer ', ''))) {
      return void json(401, { code: 'authentication_error', message: 'bad key' });
    }
    if (method === 'POST' && path === '/v1/workflows/new-order/trigger') {
      const key = String(headers['idempotency-key']);
      if (!begun.has(key)) begun.set(key, `knock-run-${begun.size + 1}`);
      return void json(200, { workflow_run_id: begun.get(key) });
    }
    if (method === 'POST' && path === '/v1/workflows/new-order/cancel') return void response.writeHead(204).end();
    json(404, { code: 'resource_missing', message: 'no such workflow' });
  };
});

const open = (workflow = 'new-order') =>
  makeKnockTargets({
    secrets: {
      valuesOf: async (name) => (name === 'targets/order-completed' ? secrets : undefined),
      refresh: async () => secrets,
    },
    nowMs: Date.now,
    knockUrl: server.url,
  })('order-completed', { type: 'knock', workflow });

describe('an answer whose body stays open has been given: its status decides', () => {
  test.each<[number, object]>([
    [200, { kind: 'accepted', reference: { workflow_run_id: null } }],
    [422, { kind: 'refused' }],
    [429, { kind: 'unavailable', reason: 'target_busy', retryAfterSeconds: 7 }],
    [503, { kind: 'unavailable', reason: 'target_unavailable' }],
  ])('%d', async (status, expected) => {
    server.world.answer = (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '7' });
      response.write('{"code":');
    };
    expect(await open().start(runRequest('lena', {}, 60_000))).toMatchObject(expected);
    expect(server.received).toHaveLength(1);
  });
});

describe('a run', () => {
  test('that is a test says so in its data, since Knock takes no other members; no other run does', async () => {
    await open().start(runRequest('lena', { test: true }));
    await open().start(runRequest('ivo'));
    const bodies = server.received.map(({ body }) => JSON.parse(String(body)));
    expect(bodies.map(({ data }) => data)).toEqual([{ total: 27.5, signalbox_test: true }, { total: 27.5 }]);
  });

  test('triggers the workflow through the official client, with who it is for described inline', async () => {
    const request = runRequest('lena', {
      actor: { id: 'ivo', name: 'Ivo', created_at: null, updated_at: '2026-11-21T02:00:00.000Z' },
      tenant: {
        collection: '$tenants',
        id: 't1',
        name: 'Orchard',
        created_at: null,
        updated_at: '2026-11-21T02:00:00.000Z',
      },
      settings: { sandbox_mode: true },
    });
    expect(await open().start(request)).toEqual({
      kind: 'accepted',
      reference: { workflow_run_id: 'knock-run-1' },
    });
    const [got] = server.received;
    const key = request.messageId.slice(4);
    expect(got?.headers).toMatchObject({ authorization: 'Bearer sk_newest', 'idempotency-key': key });
    expect(got?.headers['user-agent']).toMatch(/^Knock\/JS /);
    expect(got?.json).toEqual({
      recipients: [{ id: 'lena', email: 'lena@orchard.example', plan: 'team' }],
      actor: { id: 'ivo', name: 'Ivo' },
      tenant: { id: 't1', name: 'Orchard' },
      data: { total: 27.5 },
      settings: { sandbox_mode: true },
      cancellation_key: key,
    });
  });

  test('for an object names its collection', async () => {
    const recipient = {
      collection: 'projects',
      id: 'p1',
      name: 'Apollo',
      updated_at: 'x',
      subscription: { role: 'a' },
    };
    await open().start(runRequest('lena', { recipient }));
    expect(server.received[0]?.json.recipients).toEqual([{ collection: 'projects', id: 'p1', name: 'Apollo' }]);
  });

  test('asked for again begins nothing; another recipient’s does', async () => {
    const first = await open().start(runRequest('lena'));
    expect(await open().start(runRequest('lena', { data: { total: 1 } }))).toEqual(first);
    await open().start(runRequest('ivo'));
    expect(begun.size).toBe(2);
  });
});

describe('the API key', () => {
  test.each<[string, string[] | undefined]>([
    ['no such secret', undefined],
    ['no values', []],
  ])('%s: nothing is sent, and the run waits', async (_name, values) => {
    secrets = values;
    expect(await open().start(runRequest())).toMatchObject({ kind: 'unavailable', reason: 'secret_missing' });
    expect(server.received).toEqual([]);
  });

  test('that Knock does not know yet gives way to the one before', async () => {
    secrets = ['sk_not_yet', 'sk_newest'];
    expect(await open().start(runRequest())).toMatchObject({ kind: 'accepted' });
    expect(server.received).toHaveLength(2);
  });

  test('that Knock does not know at all: the run waits, and the key is never shown', async () => {
    secrets = ['sk_wrong', 'sk_wrong_too'];
    const answer = await open().start(runRequest());
    expect(answer).toMatchObject({ kind: 'unavailable', reason: 'secret_missing' });
    expect(JSON.stringify(answer)).not.toContain('sk_wrong');
  });

  test('a store that is down: the run waits', async () => {
    const target = makeKnockTargets({
      secrets: { valuesOf: () => Promise.reject(new Error('away')), refresh: async () => undefined },
      nowMs: Date.now,
      knockUrl: server.url,
    })('order-completed', { type: 'knock', workflow: 'new-order' });
    expect(await target.start(runRequest())).toMatchObject({ kind: 'unavailable', reason: 'secret_missing' });
  });
});

describe('what an answer means', () => {
  test.each([
    [429, 'target_busy', 7],
    [500, 'target_unavailable', 7],
    [503, 'target_unavailable', 7],
    [408, 'target_timeout', 7],
    [409, 'target_unavailable', 7],
  ])('%d: try again (%s), by message and not within the client', async (status, reason, retryAfterSeconds) => {
    server.world.answer = (_request, response) =>
      void response.writeHead(status, { 'retry-after': '7', 'content-type': 'application/json' }).end('{"code":"x"}');
    expect(await open().start(runRequest())).toMatchObject({ kind: 'unavailable', reason, retryAfterSeconds });
    expect(server.received).toHaveLength(1);
  });

  test.each([400, 403, 404, 422])('%d: refused for good', async (status) => {
    server.world.answer = (_request, response) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end('{"code":"invalid_params"}');
    expect(await open().start(runRequest())).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('invalid_params'),
      reference: { status },
    });
  });

  test('none in time: try again', async () => {
    server.world.answer = () => undefined;
    expect(await open().start(runRequest('lena', {}, 150))).toMatchObject({
      kind: 'unavailable',
      reason: 'target_timeout',
    });
  });

  test('a connection that is cut: try again', async () => {
    server.world.answer = (_request, response) => void response.destroy();
    expect(await open().start(runRequest())).toMatchObject({ kind: 'unavailable', reason: 'target_unavailable' });
  });
});

describe('a cancellation', () => {
  test('names the run by the key that it was triggered with, and by its recipient', async () => {
    await open().start(runRequest());
    expect(await open().cancel?.(cancelRequest())).toEqual({ kind: 'cancelled' });
    expect(server.received[1]?.json).toEqual({
      cancellation_key: server.received[0]?.json.cancellation_key,
      recipients: ['lena'],
    });
    expect(server.received[1]?.headers['idempotency-key']).not.toBe(server.received[0]?.headers['idempotency-key']);
  });

  test('of a workflow that Knock does not have is too late', async () => {
    expect(await open('gone').cancel?.(cancelRequest())).toMatchObject({ kind: 'too_late' });
  });
});
