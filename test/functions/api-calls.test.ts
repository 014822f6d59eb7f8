import { beforeAll, describe, expect, test } from '@jest/globals';
import Knock from '@knocklabs/node';
import { findRoute } from '../../functions/api/find-route.ts';
import { routes } from '../../functions/api/routes/index.ts';
import { partsNotOffered } from '../../functions/api/routes/not-offered.ts';
import { methodsOf } from '../clients/knock-methods.ts';
import { checkAnswer } from '../support/openapi-answers.ts';

/* Every method of the official client is a call of this API, or its 404 says that it is not offered. */

/** The methods of the client by name, each with the request that it sends. */
async function clientCalls(): Promise<Map<string, { method: string; path: string }>> {
  const calls = new Map<string, { method: string; path: string }>();
  let sent = { method: '', path: '' };
  const client = new Knock({
    apiKey: 'sk_test',
    baseURL: 'http://api.test',
    async fetch(input: unknown, init: { method?: string } = {}) {
      sent = { method: init.method ?? 'GET', path: new URL(String(input)).pathname };
      return new Response('{}', { headers: { 'content-type': 'application/json' } });
    },
  });
  for (const [name, call] of methodsOf(client)) {
    await call('a', 'b', 'c');
    calls.set(name, sent);
  }
  return calls;
}

let calls: Map<string, { method: string; path: string }>;
beforeAll(async () => {
  calls = await clientCalls();
});

const isNamed = (call: string, name: string) =>
  name === call || (name.endsWith('.*') && call.startsWith(name.slice(0, -1)));

test('the client has the calls that are looked for below', () => {
  expect(calls.size).toBeGreaterThan(90);
  expect(calls.get('users.update')).toEqual({ method: 'PUT', path: '/v1/users/a' });
});

test('each is a route of that name, or a part that is not offered, never both', () => {
  for (const [call, { method, path }] of calls) {
    const found = findRoute(routes, method, path);
    const parts = partsNotOffered.filter(({ calls: names }) => names.some((name) => isNamed(call, name)));
    const state =
      found.kind === 'found'
        ? { call, route: found.route.call, parts: parts.length }
        : {
            call,
            code: found.code,
            says: found.message.includes(`does not offer ${parts[0]?.what}`),
            parts: parts.length,
          };
    expect(state).toEqual(
      found.kind === 'found' ? { call, route: call, parts: 0 } : { call, code: 'not_offered', says: true, parts: 1 },
    );
  }
});

test('no part that is not offered, and no route, names a call that the client has not', () => {
  const known = [...calls.keys()];
  const named = partsNotOffered.flatMap((part) => part.calls);
  expect(named.filter((name) => !known.some((call) => isNamed(call, name)))).toEqual([]);
  expect(routes.map(({ call }) => call).filter((call) => !calls.has(call))).toEqual(['sources.call', 'openapi.get']);
});

describe('the check of answers against the OpenAPI document', () => {
  const get = { method: 'GET', path: '/v1/users/{user_id}' };
  const fields = ['name', 'email', 'avatar', 'phone_number', 'timezone', 'locale', 'created_at'];
  const user = {
    ...{ __typename: 'User', id: 'u1', updated_at: '2026-01-01T00:00:00.000Z', plan: 'pro' },
    ...Object.fromEntries(fields.map((field) => [field, null])),
  };

  test('takes what is right', () => {
    checkAnswer(get, 200, user);
    checkAnswer({ ...get, method: 'DELETE' }, 204, undefined);
    checkAnswer(undefined, 401, {
      code: 'authentication_required',
      message: 'm',
      status: 401,
      type: 'authentication_error',
    });
  });

  test.each([
    ['a field of another type', get, 200, { ...user, name: 5 }],
    ['a missing field', get, 200, { ...user, id: undefined }],
    ['a time that is none', get, 200, { ...user, updated_at: 'yesterday' }],
    ['a status that is not documented', get, 201, user],
    ['an error in another form', get, 404, { message: 'Not Found' }],
    ['a body where none belongs', { ...get, method: 'DELETE' }, 204, {}],
    ['an error of no route in another form', undefined, 404, { message: 'Not Found' }],
  ])('refuses %s', (_name, route, status, body) => {
    expect(() => checkAnswer(route, status, body)).toThrow('OpenAPI document');
  });
});
