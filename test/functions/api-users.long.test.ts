import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Knock from '@knocklabs/node';
import { entryFromItem as actionFromItem, actionItemKey } from '../../shared/adapters/dynamodb-action-log.ts';
import { entryFromItem, eventItemKey } from '../../shared/adapters/dynamodb-event-log.ts';
import { unpackEventText } from '../../shared/core/events/raw-event.ts';
import { startApi, type TestApi } from './api-for-tests.ts';

/* Users, through the official client and the gateway's code. */

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
beforeEach(() => {
  api.messages.length = 0;
});

const row = async (table: 'EventLog' | 'ActionLog', Key: Record<string, string>) => {
  const { Item } = await api.tables.client.send(new GetCommand({ TableName: table, Key }));
  return Item as Record<string, unknown>;
};
const eventRow = async (id: string) => entryFromItem(await row('EventLog', eventItemKey(id, 'api')));
const actionRow = async (id: string) => actionFromItem(await row('ActionLog', actionItemKey(id)));

describe('users.update', () => {
  test('makes a user, and answers with every field and the custom properties beside them', async () => {
    const user = await api.client.users.update('u1', {
      name: 'Ana',
      email: 'ana@example.com',
      plan: 'pro',
      tags: ['a'],
    });
    expect(user).toEqual({
      __typename: 'User',
      id: 'u1',
      name: 'Ana',
      email: 'ana@example.com',
      avatar: null,
      phone_number: null,
      timezone: null,
      locale: null,
      created_at: null,
      updated_at: expect.stringMatching(/^\d{4}-.*Z$/),
      plan: 'pro',
      tags: ['a'],
    });
    expect(await api.client.users.get('u1')).toEqual(user);
  });

  test('merges maps, replaces lists, keeps what is not sent; null empties and is returned', async () => {
    await api.client.users.update('u2', { name: 'Bo', address: { city: 'Rome', zip: '1' }, tags: ['a', 'b'] });
    const user = await api.client.users.update('u2', {
      address: { city: 'Pisa' },
      tags: ['c'],
      plan: null,
      name: null,
    });
    expect(user).toMatchObject({ name: null, address: { city: 'Pisa', zip: '1' }, tags: ['c'], plan: null });
  });

  test('a blank field of a template keeps what is stored', async () => {
    await api.client.users.update('u3', { name: 'Cy' });
    expect(await api.client.users.update('u3', { name: '' })).toMatchObject({ name: 'Cy' });
  });

  test('preferences and channel data are kept, and not shown', async () => {
    const body = { preferences: { default: { workflows: {} } }, channel_data: { push: { tokens: ['secret-token'] } } };
    const user = await api.client.users.update('u4', body as Knock.IdentifyUserRequest);
    expect(JSON.stringify(user)).not.toMatch(/secret-token|preferences|channel_data/);
    const [stored] = await api.deps.directory.readEach([{ kind: 'user', id: 'u4' }]);
    expect(stored?.attributes).toMatchObject(body);
  });

  test.each(['a+b', 'a b', 'ü-…', '100%', 'a%20b', 'bulk', "it's", 'x@y.z', '$me'])(
    'takes the id %j as it is',
    async (id) => {
      expect(await api.client.users.update(id, { name: 'N' })).toMatchObject({ id });
      expect(await api.client.users.get(id)).toMatchObject({ id });
      expect((await api.deps.directory.readEach([{ kind: 'user', id }]))[0]?.ref.id).toBe(id);
    },
  );

  test('two at once lose no key of each other', async () => {
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => api.client.users.update('u5', { [name]: 1 })));
    expect(await api.client.users.get('u5')).toMatchObject({ a: 1, b: 1, c: 1, d: 1 });
  });

  test('wins over what a clock that is ahead has written, since it came later', async () => {
    const { deps } = api;
    const { nowMs } = deps;
    deps.nowMs = () => Date.now() + 60_000;
    await api.client.users.update('u6', { plan: 'free' });
    deps.nowMs = nowMs;
    expect(await api.client.users.update('u6', { plan: 'pro' })).toMatchObject({ plan: 'pro' });
    deps.nowMs = () => Date.now() + 120_000;
    await api.client.users.delete('u6');
    deps.nowMs = nowMs;
    expect(await api.client.users.update('u6', { seen: true })).toMatchObject({ seen: true });
    expect(await api.client.users.get('u6')).not.toHaveProperty('plan');
  });

  test('has the rows that an event would have, under the id that the client gets', async () => {
    const answer = await api.call('PUT', '/v1/users/u7', {
      body: '{"plan": "pro", "account": 820982911946154508}',
      headers: { 'user-agent': 'test/1' },
    });
    const id = answer.headers['x-request-id'] ?? '';
    const event = await eventRow(id);
    expect(event).toMatchObject({
      source: 'api',
      eventType: 'users.update',
      userId: 'u7',
      status: 'processed',
      execution: id,
      actionsPlanned: 1,
      verification: 'enforced:verified',
    });
    const { headers, body } = unpackEventText(event.payload);
    expect(headers).toEqual({ 'content-type': 'application/json', 'user-agent': 'test/1' });
    // The text of the body itself, so that no digit is lost.
    expect(body).toContain('"body":{"plan": "pro", "account": 820982911946154508}}');
    expect(body).not.toContain(api.key);
    expect(JSON.parse(body)).toMatchObject({ method: 'PUT', path: '/v1/users/u7', key: { name: 'secret' } });
    expect((await actionRow(id)).actions).toMatchObject([
      {
        action: 'users_identify',
        mapping: 'api',
        status: 'succeeded',
        result: { id: 'u7', created: true },
        attempts: 1,
      },
    ]);
  });

  test('a refused one has a row of its user that says what the client was told, and no action', async () => {
    const answer = await api.call('PUT', '/v1/users/u8', { body: { name: [] } });
    const event = await eventRow(answer.headers['x-request-id'] ?? '');
    expect(event).toMatchObject({
      userId: 'u8',
      status: 'rejected',
      reason: 'request_refused',
      detail: 'name: must be text, not a list',
    });
    expect(event.actionsPlanned).toBe(0);
  });
});

test.each(['u\n1', 'u\u0000', '\u007f', 'u\u0085x'])(
  'an id with a control character (%j) is 422 in a path',
  async (id) => {
    for (const [method, path] of [
      ['PUT', `/v1/users/${encodeURIComponent(id)}`],
      ['GET', `/v1/users/${encodeURIComponent(id)}`],
      ['PUT', `/v1/objects/${encodeURIComponent(id)}/o1`],
      ['PUT', `/v1/objects/parks/${encodeURIComponent(id)}`],
      ['PUT', `/v1/tenants/${encodeURIComponent(id)}`],
    ] as const) {
      const answer = await api.call(method, path, method === 'PUT' ? { body: {} } : {});
      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_params' } });
      expect((answer.body as { message: string }).message).toMatch(/control characters|whitespace/);
    }
  },
);

describe('users.get', () => {
  test('an unknown user is 404, as the client knows it', async () => {
    const error = await api.client.users.get('nobody').catch((thrown) => thrown);
    expect(error).toBeInstanceOf(Knock.NotFoundError);
    expect(error.error).toEqual({
      code: 'resource_missing',
      message: 'there is no user nobody',
      status: 404,
      type: 'api_error',
    });
  });

  test('a wrong key is an AuthenticationError', async () => {
    const stranger = api.client.withOptions({ apiKey: `sk_${'C'.repeat(43)}` });
    await expect(stranger.users.get('u1')).rejects.toBeInstanceOf(Knock.AuthenticationError);
  });
});

describe('users.delete', () => {
  test('the user is gone at once; the rest is handed to workflow-trigger under the id of the request', async () => {
    await api.client.users.update('gone', { name: 'G' });
    const answer = await api.call('DELETE', '/v1/users/gone');
    expect(answer).toMatchObject({ status: 204, body: undefined });
    await expect(api.client.users.get('gone')).rejects.toBeInstanceOf(Knock.NotFoundError);
    const id = answer.headers['x-request-id'] ?? '';
    expect(api.messages).toMatchObject([
      { execution: id, source: 'api', invocations: [{ action: 'users_delete', payload: { id: 'gone' } }] },
    ]);
    expect(await eventRow(id)).toMatchObject({ status: 'processed', userId: 'gone', actionsPlanned: 1 });
  });

  test('one that does not exist is 204 as well', async () => {
    expect(await api.client.users.delete('never')).toBeNull();
  });

  test('the queue is asked before anything is deleted', async () => {
    await api.client.users.update('kept', { name: 'K' });
    const { actionsQueue } = api.deps;
    api.deps.actionsQueue = { sendEach: async () => [{ sent: false, error: new Error('away') }] };
    expect((await api.call('DELETE', '/v1/users/kept')).status).toBe(503);
    api.deps.actionsQueue = actionsQueue;
    expect(await api.client.users.get('kept')).toMatchObject({ name: 'K' });
  });

  test('a user that is made again begins empty', async () => {
    await api.client.users.update('again', { plan: 'pro' });
    await api.client.users.delete('again');
    expect(await api.client.users.update('again', { name: 'A' })).not.toHaveProperty('plan');
  });
});

describe('users.merge', () => {
  const project = (id: string) => ({ kind: 'object', collection: 'projects', id }) as const;
  const user = (id: string) => ({ kind: 'user', id }) as const;
  const merge = (id: string, from: string) => api.client.users.merge(id, { from_user_id: from });

  test('the first user keeps what it has and gets what it lacks; the other is gone', async () => {
    await api.client.users.update('m1', {
      ...{ name: 'Ana', phone_number: null, address: { city: 'Rome' }, tags: ['a'] },
      preferences: { default: { workflows: { welcome: true } } },
      channel_data: { push: { tokens: ['m1'] } },
    } as Knock.IdentifyUserRequest);
    await api.client.users.update('m2', {
      ...{ name: 'Anna', email: 'a@example.com', phone_number: '+34910000001', address: { city: 'Pisa', zip: '5' } },
      ...{ tags: ['b'], plan: 'pro' },
      preferences: { default: { workflows: { digest: false } }, acme: { workflows: {} } },
      channel_data: { push: { tokens: ['m2'] }, chat: { tokens: ['m2'] } },
    } as Knock.IdentifyUserRequest);
    const merged = await merge('m1', 'm2');
    expect(merged).toMatchObject({
      ...{ id: 'm1', name: 'Ana', email: 'a@example.com', phone_number: null, plan: 'pro', tags: ['a'] },
      address: { city: 'Rome', zip: '5' },
    });
    expect(await api.client.users.get('m1')).toEqual(merged);
    await expect(api.client.users.get('m2')).rejects.toBeInstanceOf(Knock.NotFoundError);
    const [stored] = await api.deps.directory.readEach([user('m1')]);
    expect(stored?.attributes).toMatchObject({
      preferences: { default: { workflows: { welcome: true } }, acme: { workflows: {} } },
      channel_data: { push: { tokens: ['m1'] }, chat: { tokens: ['m2'] } },
    });
    expect(stored?.attributes).not.toHaveProperty('preferences.default.workflows.digest');
    expect(api.messages).toMatchObject([{ invocations: [{ action: 'users_delete', payload: { id: 'm2' } }] }]);
  });

  test('subscriptions and memberships move; those of the first user stay as they are', async () => {
    const { subscriptions, audiences } = api.deps;
    const wish = { sourceTimeMs: 5, nowMs: 5 };
    for (const id of ['m3', 'm4']) await api.client.users.update(id, {});
    await subscriptions.subscribe(project('both'), [user('m3')], { properties: { role: 'owner' }, ...wish });
    await subscriptions.subscribe(project('both'), [user('m4')], { properties: { role: 'guest' }, ...wish });
    await subscriptions.subscribe(project('other'), [user('m4')], { properties: { role: 'guest' }, ...wish });
    await audiences.add('vip', [{ userId: 'm4', tenant: null }], { by: 'x', ...wish });
    await audiences.add('vip', [{ userId: 'm4', tenant: 'acme' }], { by: 'x', ...wish });
    await merge('m3', 'm4');
    const { entries } = await subscriptions.subscriptionsOf(user('m3'), { limit: 10 });
    expect(entries.map(({ object, properties }) => [object.id, properties])).toEqual([
      ['both', { role: 'owner' }],
      ['other', { role: 'guest' }],
    ]);
    const memberships = await audiences.membershipsOf('m3', { limit: 10 });
    expect(memberships.entries.map(({ audience, tenant }) => [audience, tenant])).toEqual([
      ['vip', null],
      ['vip', 'acme'],
    ]);
  });

  test('a repetition, after an answer that was lost, gets the same answer', async () => {
    for (const id of ['m5', 'm6']) await api.client.users.update(id, { [id]: true });
    const merged = await merge('m5', 'm6');
    expect(await merge('m5', 'm6')).toEqual(merged);
    // Another user than it was merged into is another matter.
    await expect(merge('m1', 'm6')).rejects.toBeInstanceOf(Knock.NotFoundError);
  });

  test('wherever a request dies, the next one brings it to the same end', async () => {
    const { deps } = api;
    const before = { ...deps };
    const away = async () => {
      throw new Error('away');
    };
    const deaths: Partial<typeof deps>[] = [
      { subscriptions: { ...deps.subscriptions, subscribe: away } },
      { audiences: { ...deps.audiences, add: away } },
      { actionsQueue: { sendEach: async () => [{ sent: false, error: new Error('away') }] } },
      { eventLog: { ...deps.eventLog, writeEach: async () => [new Error('away')] } },
    ];
    for (const [i, death] of deaths.entries()) {
      const [into, from] = [`k${i}`, `l${i}`];
      await api.client.users.update(into, { name: 'K' });
      await api.client.users.update(from, { name: 'L', plan: 'pro' });
      await deps.subscriptions.subscribe(project(`p${i}`), [user(from)], { sourceTimeMs: 5, nowMs: 5 });
      await deps.audiences.add('vip', [{ userId: from, tenant: null }], { by: 'x', sourceTimeMs: 5, nowMs: 5 });
      Object.assign(deps, death);
      await expect(merge(into, from)).rejects.toBeInstanceOf(Knock.InternalServerError);
      Object.assign(deps, before);
      expect(await merge(into, from)).toMatchObject({ name: 'K', plan: 'pro' });
      await expect(api.client.users.get(from)).rejects.toBeInstanceOf(Knock.NotFoundError);
      expect((await deps.subscriptions.subscriptionsOf(user(into), { limit: 9 })).entries).toHaveLength(1);
      expect((await deps.audiences.membershipsOf(into, { limit: 9 })).entries).toHaveLength(1);
    }
  });

  test('a user that is deleted meanwhile is deleted once more, with what was moved to it', async () => {
    for (const id of ['m7', 'm8']) await api.client.users.update(id, {});
    const { audiences } = api.deps;
    api.deps.audiences = {
      ...audiences,
      async membershipsOf(id, request) {
        await api.client.users.delete('m7');
        return audiences.membershipsOf(id, request);
      },
    };
    api.messages.length = 0;
    await expect(merge('m7', 'm8')).rejects.toBeInstanceOf(Knock.NotFoundError);
    api.deps.audiences = audiences;
    expect(api.messages.map(({ eventType, invocations }) => [eventType, invocations[0]?.payload])).toEqual([
      ['users.delete', { id: 'm7' }],
      ['users.merge', { id: 'm7' }],
    ]);
    expect(await api.client.users.get('m8')).toMatchObject({ id: 'm8' });
  });

  test('an unknown user is 404, and the user itself is 422', async () => {
    await api.client.users.update('m9', {});
    await expect(merge('m9', 'nobody')).rejects.toBeInstanceOf(Knock.NotFoundError);
    await expect(merge('nobody', 'm9')).rejects.toBeInstanceOf(Knock.NotFoundError);
    await expect(merge('m9', 'm9')).rejects.toBeInstanceOf(Knock.UnprocessableEntityError);
    expect(await api.call('POST', '/v1/users/m9/merge', { body: {} })).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'from_user_id', message: 'is required', type: 'required' }] },
    });
  });

  test('two that do not fit into one are 422, and both stay', async () => {
    await api.client.users.update('big1', { a: 'x'.repeat(150_000) });
    await api.client.users.update('big2', { b: 'x'.repeat(150_000) });
    await expect(merge('big1', 'big2')).rejects.toBeInstanceOf(Knock.UnprocessableEntityError);
    expect(await api.client.users.get('big2')).toHaveProperty('b');
  });
});

describe('users.listSubscriptions', () => {
  const ids = ['p1', 'p2', 'p3'];
  beforeAll(async () => {
    await api.client.users.update('sub', { name: 'S' });
    for (const id of ids) {
      const object = { kind: 'object', collection: 'projects', id } as const;
      await api.deps.subscriptions.subscribe(object, [{ kind: 'user', id: 'sub' }], {
        properties: { of: id },
        ...{ sourceTimeMs: 5, nowMs: 1_700_000_000_000 },
      });
    }
  });

  test('lists each with both ends, in pages', async () => {
    const found: Knock.Recipients.Subscription[] = [];
    for await (const one of api.client.users.listSubscriptions('sub', { page_size: 2 })) found.push(one);
    expect(found.map(({ object, properties }) => [object.id, properties])).toEqual(ids.map((id) => [id, { of: id }]));
    expect(found[0]).toEqual({
      __typename: 'Subscription',
      recipient: expect.objectContaining({ __typename: 'User', id: 'sub', name: 'S' }),
      // It was never set, or is deleted: its reference is what is left of it.
      object: {
        ...{ __typename: 'Object', id: 'p1', collection: 'projects', created_at: null },
        ...{ updated_at: '2023-11-14T22:13:20.000Z', properties: {} },
      },
      properties: { of: 'p1' },
      inserted_at: '2023-11-14T22:13:20.000Z',
      updated_at: '2023-11-14T22:13:20.000Z',
    });
  });

  test('only those to given objects', async () => {
    const objects = ['p3', 'p1', 'p9'].map((id) => ({ collection: 'projects', id }));
    const { entries } = await api.client.users.listSubscriptions('sub', { objects });
    expect(entries.map(({ object }) => object.id)).toEqual(['p1', 'p3']);
    expect(await api.call('GET', '/v1/users/sub/subscriptions?objects[]=p1')).toMatchObject({ status: 422 });
  });

  test('of an unknown user: 404', async () => {
    await expect(api.client.users.listSubscriptions('nobody')).rejects.toBeInstanceOf(Knock.NotFoundError);
  });
});
