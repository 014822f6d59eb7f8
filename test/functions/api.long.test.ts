import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import { RetryableError } from '../../shared/core/errors.ts';
import { isEventId } from '../../shared/core/ids/event-id.ts';
import { listKeys, revokeKey } from '../../shared/operations/keys/keys.ts';
import { openApiPage } from '../docs/api-pages.ts';
import { type ApiAnswer, startApi, type TestApi } from './api-for-tests.ts';

/* The REST API's foundation: who may call, what is refused and in which words, and what a call costs. */

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
beforeEach(() => {
  api.messages.length = 0;
  api.lines.length = 0;
});

const environment = () => ({
  name: 'development',
  configuration: { client: api.tables.client, table: api.tables.names.Configuration },
});

/** The commands that a call sends to the tables, in order. */
async function sentBy(work: () => Promise<unknown>): Promise<string[]> {
  const spy = jest.spyOn(DynamoDBDocumentClient.prototype, 'send');
  try {
    await work();
    return spy.mock.calls.map(([command]) => {
      const { TableName, RequestItems } = command.input as { TableName?: string; RequestItems?: object };
      return `${command.constructor.name.replace('Command', '')} ${TableName ?? Object.keys(RequestItems ?? {})}`;
    });
  } finally {
    spy.mockRestore();
  }
}

describe('keys', () => {
  test.each([
    ['no key', null],
    ['text that is no key', 'sk_short'],
    ['a key of the right form that no one made', `sk_${'A'.repeat(43)}`],
  ])('%s: 401 in the published form, the same for every reason', async (_name, key) => {
    const answer = await api.call('GET', '/v1/users/u1', { key });
    expect(answer).toMatchObject({ status: 401, headers: { 'content-type': 'application/json' } });
    expect(answer.body).toEqual({
      code: 'authentication_required',
      message: expect.stringContaining('Authorization: Bearer sk_'),
      status: 401,
      type: 'authentication_error',
    });
    expect(isEventId(answer.headers['x-request-id'] ?? '')).toBe(true);
  });

  test('text that cannot be a key costs no read, and a wrong key one; neither leaves anything behind', async () => {
    const wrong = { key: `sk_${'B'.repeat(43)}`, body: '{' };
    expect(await sentBy(() => api.call('PUT', '/v1/users/u1', { ...wrong, key: 'sk_x' }))).toEqual([]);
    expect(await sentBy(() => api.call('PUT', '/v1/users/u1', wrong))).toEqual(['Get Configuration']);
    expect(await sentBy(() => api.call('GET', '/v1/nowhere', wrong))).toEqual(['Get Configuration']);
    expect(api.lines).toEqual([]);
  });

  test('a public key opens no server call: 403', async () => {
    const { key } = await api.makeKey('public');
    const answer = await api.call('GET', '/v1/users/u1', { key });
    expect(answer).toMatchObject({ status: 403, body: { code: 'authorization', type: 'authentication_error' } });
  });

  test('a key is refused from the moment it is revoked, by processes that used it before too', async () => {
    const { id, key } = await api.makeKey('secret');
    expect((await api.call('GET', '/v1/users/nobody', { key })).status).toBe(404);
    await revokeKey(environment(), id, { author: 'ana', nowMs: Date.now() });
    expect((await api.call('GET', '/v1/users/nobody', { key })).status).toBe(401);
  });

  test('the hour of its last use is written once per hour, whatever number of requests uses it', async () => {
    const { id, key } = await api.makeKey('secret');
    const first = await sentBy(() => api.call('GET', '/v1/users/nobody', { key }));
    expect(first.filter((command) => command.startsWith('Update'))).toEqual(['Update Configuration']);
    expect(await sentBy(() => api.call('GET', '/v1/users/nobody', { key }))).not.toContain('Update Configuration');
    const row = (await listKeys(environment())).find((one) => one.id === id);
    expect(row?.last_used_at).toMatch(/:00:00\.000Z$/);
  });

  test('the table holds no text of a key', async () => {
    const { key } = await api.makeKey('secret');
    const rows = await listKeys(environment());
    expect(JSON.stringify(rows)).not.toContain(key.slice(3));
  });
});

describe('requests that cannot be done', () => {
  test.each([
    ['a path that does not exist', 'GET', '/v1/elsewhere', 404, 'resource_missing', 'there is no GET /v1/elsewhere'],
    [
      'a method that a path does not take',
      'POST',
      '/v1/users/u1',
      404,
      'resource_missing',
      'it takes PUT, GET, DELETE',
    ],
    ['messages', 'GET', '/v1/messages', 404, 'not_offered', 'does not offer messages'],
    [
      'a preference set',
      'PUT',
      '/v1/users/u1/preferences/default',
      404,
      'not_offered',
      'set preferences with the user',
    ],
    ['a schedule', 'POST', '/v1/schedules', 404, 'not_offered', 'does not offer schedules'],
  ])('%s: %s %s is %i', async (_name, method, path, status, code, words) => {
    const answer = await api.call(method, path, { body: {} });
    expect(answer).toMatchObject({ status, body: { code, status, type: 'api_error' } });
    expect((answer.body as { message: string }).message).toContain(words);
  });

  test('a body that is not JSON: 400, with the line and the column', async () => {
    const answer = await api.call('PUT', '/v1/users/u1', { body: '{"name": "A",\n "email": }' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_json', type: 'invalid_request_error' } });
    expect((answer.body as { message: string }).message).toContain('line 2, column 11');
  });

  test('wrong fields: 422, naming each with what would be right', async () => {
    const answer = await api.call('PUT', '/v1/users/u1', { body: { name: 5, preferences: [], plan: 'pro' } });
    expect(answer).toMatchObject({
      status: 422,
      body: {
        code: 'invalid_params',
        message: 'name: must be text, not a number (and 1 more)',
        errors: [
          { field: 'name', message: 'must be text, not a number', type: null },
          { field: 'preferences', message: 'must be a map, not a list', type: null },
        ],
      },
    });
  });

  test.each([
    ['a list', [1]],
    ['a text', '"x"'],
  ])('%s instead of a map: 422', async (_name, body) => {
    expect((await api.call('PUT', '/v1/users/u1', { body })).status).toBe(422);
  });

  test('an id that no user can have: 422', async () => {
    const answer = await api.call('PUT', `/v1/users/${'x'.repeat(257)}`, { body: {} });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'user_id' }] } });
  });

  test('more than 4 MB, or a million values: 413', async () => {
    const large = await api.call('PUT', '/v1/users/u1', { body: { note: 'x'.repeat(4_300_000) } });
    expect(large).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    const many = await api.call('PUT', '/v1/users/u1', { body: `[${'{},'.repeat(300_000)}{}]` });
    expect(many.status).toBe(413);
    const deep = await api.call('PUT', '/v1/users/u1', { body: '['.repeat(50_000) });
    expect(deep.status).toBe(400);
  });

  test('more than 256 KB of properties: 422, and nothing is stored', async () => {
    const answer = await api.call('PUT', '/v1/users/big', { body: { note: 'x'.repeat(300_000) } });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'properties' }] } });
    expect((await api.call('GET', '/v1/users/big')).status).toBe(404);
  });

  test('a table that is away: 503 with Retry-After, whichever it is', async () => {
    const away = async () => {
      throw new RetryableError('the table is away');
    };
    const { deps } = api;
    const parts: Partial<typeof deps>[] = [
      { keys: { ...deps.keys, find: away } },
      { directory: { ...deps.directory, readEach: away } },
      { actionLog: { ...deps.actionLog, writeEach: async () => [new RetryableError('away')] } },
      { eventLog: { ...deps.eventLog, writeEach: async () => [new RetryableError('away')] } },
      { configuration: away },
    ];
    const before = { ...deps };
    for (const part of parts) {
      Object.assign(deps, part);
      const answer = await api.call('PUT', '/v1/users/u1', { body: { name: 'A' } });
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' }, body: { code: 'unavailable' } });
      Object.assign(deps, before);
    }
  });
});

describe('the OpenAPI document', () => {
  test('is served without a key, and without a read of any table', async () => {
    let answer: ApiAnswer | undefined;
    const sent = await sentBy(async () => {
      answer = await api.call('GET', '/v1/openapi.json', { key: null });
    });
    expect(sent).toEqual([]);
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(answer?.body).toEqual(parse(openApiPage()));
    expect(api.lines).toEqual([]);
  });
});

describe('what a call costs', () => {
  beforeAll(async () => {
    // What a process does once, or once an hour: the configuration, the key's hour, the list of sources.
    await api.call('PUT', '/v1/users/warm', { body: {} });
    await api.call('DELETE', '/v1/users/warm');
  });

  test('a read: the key and the user, and no write', async () => {
    expect(await sentBy(() => api.call('GET', '/v1/users/u9'))).toEqual(['Get Configuration', 'BatchGet Directory']);
  });

  test('a change: one write each to the directory and the two logs', async () => {
    const change = () => api.call('PUT', '/v1/users/cost', { body: { plan: Math.random() } });
    const commands = [
      'Get Configuration',
      'BatchGet Directory',
      'Put Directory',
      'BatchWrite ActionLog',
      'BatchWrite EventLog',
    ];
    expect(await sentBy(change)).toEqual(commands);
    expect(await sentBy(change)).toEqual(commands);
  });

  test('a change that changes nothing: none to the directory', async () => {
    const same = () => api.call('PUT', '/v1/users/same', { body: { plan: 'pro' } });
    await same();
    expect(await sentBy(same)).not.toContain('Put Directory');
  });

  test('a refused change: its row, and nothing else', async () => {
    expect(await sentBy(() => api.call('PUT', '/v1/users/cost', { body: { name: 5 } }))).toEqual([
      'Get Configuration',
      'BatchWrite EventLog',
    ]);
  });

  test('a read is a line in the log that says who read what, and no row', async () => {
    await api.call('PUT', '/v1/users/read', { body: { plan: 'pro' } });
    const { headers } = await api.call('GET', '/v1/users/read');
    expect(api.lines).toEqual([
      expect.objectContaining({
        request_id: headers['x-request-id'],
        call: 'users.get',
        path: '/v1/users/read',
        key_name: 'secret',
        status: 200,
      }),
    ]);
  });
});
