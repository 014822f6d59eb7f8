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

  test('a refused one has a row that says what the client was told, and no action', async () => {
    const answer = await api.call('PUT', '/v1/users/u8', { body: { name: [] } });
    const event = await eventRow(answer.headers['x-request-id'] ?? '');
    expect(event).toMatchObject({
      status: 'rejected',
      reason: 'request_refused',
      detail: 'name: must be text, not a list',
    });
    expect(event.actionsPlanned).toBe(0);
  });
});

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
