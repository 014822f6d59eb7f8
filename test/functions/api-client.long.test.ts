import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Knock from '@knocklabs/node';
import { RetryableError } from '../../shared/core/errors.ts';
import { isEventId } from '../../shared/core/ids/event-id.ts';
import { createKey, revokeKey } from '../../shared/operations/keys/keys.ts';
import { liveConfiguration } from '../support/build.ts';
import { startTables } from '../support/dynalite.ts';
import { startApi, type TestApi } from './api-for-tests.ts';
import { type ServedApi, serveApi } from './api-over-http.ts';

/* The official client as people use it: over HTTP, with its own retries, through the local gateway. */

let api: TestApi;
let served: ServedApi;
let client: Knock;
let gatewayAnswers: ServedApi['gatewayAnswers'];
let requests: ServedApi['requests'];

beforeAll(async () => {
  api = await startApi({ configuration: async () => liveConfiguration() });
  served = await serveApi(api);
  ({ client, gatewayAnswers, requests } = served);
});
afterAll(async () => {
  await served.stop();
  await api.stop();
});
beforeEach(() => {
  requests.length = 0;
});

async function idsOf(entries: AsyncIterable<{ id: string }>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of entries) ids.push(id);
  return ids;
}

const thrownBy = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

test('every covered call does what the client says that it does', async () => {
  await client.users.update('u1', { name: 'Ana' });
  await client.users.update('u2', { plan: 'pro' });
  expect(await client.users.get('u2')).toMatchObject({ plan: 'pro' });
  expect(await idsOf(client.users.list({ page_size: 1 }))).toEqual(['u1', 'u2']);

  await client.objects.set('projects', 'a+b c', { name: 'P' });
  await client.objects.set('projects', 'p2', {});
  expect(await client.objects.get('projects', 'a+b c')).toMatchObject({ properties: { name: 'P' } });
  expect(await idsOf(client.objects.list('projects', { page_size: 1 }))).toEqual(['a+b c', 'p2']);
  const recipients = ['u1', 'u2', { id: 'u3', name: 'Cy' }];
  expect(await client.objects.addSubscriptions('projects', 'p2', { recipients })).toHaveLength(3);
  expect(await client.objects.deleteSubscriptions('projects', 'p2', { recipients: ['u1'] })).toHaveLength(1);
  const left = (await client.objects.listSubscriptions('projects', 'p2', { recipients: ['u1', 'u2'] })).entries;
  expect(left.map(({ recipient }) => recipient.id)).toEqual(['u2']);
  const objects = [{ collection: 'projects', id: 'p2' }];
  expect((await client.users.listSubscriptions('u2', { objects })).entries).toHaveLength(1);

  expect(await client.users.merge('u1', { from_user_id: 'u2' })).toMatchObject({ id: 'u1', name: 'Ana', plan: 'pro' });
  expect((await client.users.listSubscriptions('u1')).entries).toHaveLength(1);

  await client.tenants.set('$t1', { name: 'Acme', resolve_full_preference_settings: true });
  expect(await client.tenants.get('$t1')).toMatchObject({ name: 'Acme' });
  expect(await idsOf(client.tenants.list({ name: 'Acme' }))).toEqual(['$t1']);

  const wanted = { recipients: ['u1', { id: 'u3' }], data: { total: 1 }, cancellation_key: 'c' };
  expect(await client.workflows.trigger('order-completed', wanted)).toEqual({ workflow_run_id: expect.any(String) });
  expect(await client.workflows.cancel('order-completed', { cancellation_key: 'c', recipients: ['u1'] })).toBeNull();
  const members = [{ user: { id: 'u1' }, tenant: '$t1' }, { user: { id: 'u9', name: 'Di' } }];
  expect(await client.audiences.addMembers('vip', { members, create_audience: true })).toBeNull();
  const listed = (await client.audiences.listMembers('vip', {
    query: { page_size: 1 },
  })) as Knock.AudienceListMembersResponse;
  expect(listed).toMatchObject({ entries: [{ user: { name: 'Ana' }, tenant: '$t1' }], page_info: { page_size: 1 } });
  expect(await client.audiences.removeMembers('vip', { members })).toBeNull();
  expect((await client.audiences.listMembers('vip')).entries).toEqual([]);

  expect((await client.workflowRecipientRuns.list({ status: ['queued'], recipient: 'u1' })).items).toEqual([]);
  expect(await thrownBy(client.workflowRecipientRuns.get('none'))).toBeInstanceOf(Knock.NotFoundError);
  const subscription = { id: 'p2', recipients: ['u1'] };
  const operations = [
    await client.users.bulk.identify({ users: [{ id: 'u1' }] }),
    await client.users.bulk.delete({ user_ids: ['u5'] }),
    await client.objects.bulk.set('projects', { objects: [{ id: 'p2' }] }),
    await client.objects.bulk.delete('projects', { object_ids: ['p5'] }),
    await client.objects.bulk.addSubscriptions('projects', {
      subscriptions: [{ ...subscription, properties: null }],
    }),
    await client.objects.bulk.deleteSubscriptions('projects', { subscriptions: [subscription] }),
    await client.tenants.bulk.set({ tenants: ['$t1', { id: 't2' }] }),
    await client.tenants.bulk.delete({ tenant_ids: ['$t5', 't6'] }),
  ];
  for (const operation of operations) expect(await client.bulkOperations.get(operation.id)).toEqual(operation);
  expect(operations.map(({ name, status, estimated_total_rows }) => [name, status, estimated_total_rows])).toEqual([
    ['users.identify', 'queued', 1],
    ['users.delete', 'queued', 1],
    ['objects.set', 'queued', 1],
    ['objects.delete', 'queued', 1],
    ['objects.addSubscriptions', 'queued', 1],
    ['objects.deleteSubscriptions', 'queued', 1],
    ['tenants.set', 'queued', 2],
    ['tenants.delete', 'queued', 2],
  ]);

  expect(await client.objects.delete('projects', 'p2')).toBeNull();
  expect(await client.tenants.delete('$t1')).toBeNull();
  expect(await client.users.delete('u1')).toBeNull();
  for (const gone of [client.users.get('u1'), client.tenants.get('$t1'), client.objects.get('projects', 'p2')])
    expect(await thrownBy(gone)).toBeInstanceOf(Knock.NotFoundError);
});

test('answers carry the id of the request, which its row has', async () => {
  const { response } = await client.users.update('u4', {}).withResponse();
  expect(isEventId(response.headers.get('x-request-id') ?? '')).toBe(true);
  expect(response.headers.get('content-type')).toBe('application/json');
});

describe('the client tries again by itself', () => {
  test('after a 503, as soon as Retry-After says; the change is made once', async () => {
    const { eventLog } = api.deps;
    let fails = 2;
    api.deps.eventLog = {
      ...eventLog,
      async writeEach(entries) {
        if (fails-- > 0) throw new RetryableError('away', { retryAfterSeconds: 0 });
        return eventLog.writeEach(entries);
      },
    };
    expect(await client.users.update('again', { plan: 'pro' })).toMatchObject({ plan: 'pro' });
    api.deps.eventLog = eventLog;
    expect(requests).toHaveLength(3);
    // One key for all its attempts.
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    const [user] = await api.deps.directory.readEach([{ kind: 'user', id: 'again' }]);
    expect(user?.version).toBe(1);
  });

  test('a trigger with the key of its first try, so that one run starts', async () => {
    const { eventLog } = api.deps;
    let fails = 2;
    api.deps.eventLog = {
      ...eventLog,
      async writeEach(entries) {
        if (fails-- > 0) throw new RetryableError('away', { retryAfterSeconds: 0 });
        return eventLog.writeEach(entries);
      },
    };
    api.messages.length = 0;
    const triggered = await client.workflows.trigger('order-completed', { recipients: ['u1'] });
    api.deps.eventLog = eventLog;
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(api.messages.map(({ again }) => again)).toEqual([false, true, true]);
    const runs = api.messages.flatMap(({ invocations }) => invocations.map(({ id }) => id));
    expect(new Set(runs)).toEqual(new Set([triggered.workflow_run_id]));
  });

  test("after the gateway's 429", async () => {
    gatewayAnswers.push({ statusCode: 429, body: '{"message":"Too Many Requests"}' });
    expect(await client.users.update('limited', {})).toMatchObject({ id: 'limited' });
    expect(requests).toHaveLength(2);
  });

  test('never after a refusal', async () => {
    await thrownBy(client.users.get('nobody'));
    await thrownBy(client.users.merge('nobody', { from_user_id: 'nobody' }));
    expect(requests).toHaveLength(2);
  });
});

describe('refusals are the errors that the client has for them', () => {
  test.each<[string, () => Promise<unknown>, new (...given: never[]) => Error, number]>([
    ['a wrong key', () => withKey(`sk_${'A'.repeat(43)}`).users.get('u'), Knock.AuthenticationError, 401],
    [
      'a public key',
      async () => withKey((await api.makeKey('public')).key).users.get('u'),
      Knock.PermissionDeniedError,
      403,
    ],
    ['an unknown user', () => client.users.get('nobody'), Knock.NotFoundError, 404],
    ['an unknown workflow', () => client.workflows.trigger('nope', { recipients: ['u'] }), Knock.NotFoundError, 404],
    ['a call that is not offered', () => client.schedules.list({ workflow: 'w' }), Knock.NotFoundError, 404],
    ['a wrong field', () => client.users.update('u', { name: 5 } as never), Knock.UnprocessableEntityError, 422],
  ])('%s', async (_name, work, kind, status) => {
    const error = (await thrownBy(work())) as InstanceType<typeof Knock.APIError>;
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ status, error: { status, message: expect.any(String), code: expect.any(String) } });
  });

  test('the throttle, and our own faults, when retries are used up', async () => {
    const once = client.withOptions({ maxRetries: 0 });
    gatewayAnswers.push({ statusCode: 429, body: '{"message":"Too Many Requests"}' });
    expect(await thrownBy(once.users.get('u'))).toBeInstanceOf(Knock.RateLimitError);
    const { keys } = api.deps;
    api.deps.keys = {
      ...keys,
      async find() {
        throw new RetryableError('away');
      },
    };
    expect(await thrownBy(once.users.get('u'))).toBeInstanceOf(Knock.InternalServerError);
    api.deps.keys = keys;
  });
});

describe('a key that opens nothing', () => {
  test('is answered alike, whatever is wrong with it, on paths that exist and others', async () => {
    const configuration = { client: api.tables.client, table: api.tables.names.Configuration };
    const revoked = async (kind: 'secret' | 'public') => {
      const { id, key } = await api.makeKey(kind);
      await revokeKey({ name: 'development', configuration }, id, { author: 'ana', nowMs: Date.now() });
      return key;
    };
    const elsewhere = await startTables();
    const production = { client: elsewhere.client, table: elsewhere.names.Configuration };
    const other = await createKey(
      { name: 'production', configuration: production },
      { name: 'other', kind: 'secret' },
      { author: 'ana', nowMs: Date.now(), entropy: randomBytes(32) },
    );
    const keys = [null, 'sk_short', `sk_${'A'.repeat(43)}`, `pk_${'A'.repeat(43)}`, other.key];
    keys.push(await revoked('secret'), await revoked('public'));
    await elsewhere.stop();

    const answers: unknown[] = [];
    for (const key of keys) {
      for (const [method, path, body] of [
        ['GET', '/v1/users/u1', undefined],
        ['PUT', '/v1/users/u1', '{"name"'],
        ['GET', '/v1/schedules', undefined],
        ['GET', '/v1/nowhere', undefined],
      ] as const) {
        const { status, headers, body: said } = await api.call(method, path, { key, body });
        answers.push({ status, headers: Object.keys(headers).sort(), said });
      }
    }
    expect(answers).toHaveLength(keys.length * 4);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, said: { code: 'authentication_required' } });
  });

  test('a public key that works is told so, on paths that exist and others alike', async () => {
    const { key } = await api.makeKey('public');
    const answers = [];
    for (const path of ['/v1/users/u1', '/v1/schedules', '/v1/nowhere']) {
      const { status, body } = await api.call('GET', path, { key });
      answers.push(JSON.stringify({ status, body }));
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('"code":"authorization"');
  });

  test('changes nothing', async () => {
    await api.call('PUT', '/v1/users/untouched', { key: `sk_${'A'.repeat(43)}`, body: { name: 'X' } });
    expect(await api.deps.directory.readStoredEach([{ kind: 'user', id: 'untouched' }])).toEqual([undefined]);
  });
});

function withKey(apiKey: string): Knock {
  return client.withOptions({ apiKey });
}
