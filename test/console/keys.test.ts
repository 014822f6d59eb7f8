import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Console } from '../../infra/console/server.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { localCredentials } from '../support/dynalite.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

let environment: TestEnvironment;
let served: Console;
let headers: { cookie: string };

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
  const secrets = new SecretsManagerClient({ endpoint: environment.secretServer.endpoint, ...localCredentials });
  const whole = { ...environment, secrets: async () => secrets };
  served = await startConsoleOf({ development: whole, production: { ...whole, name: 'production', local: false } });
  headers = { cookie: await signIn(served) };
});
afterAll(async () => {
  await served.stop();
  await environment.stop();
});

async function ask(path: string, body?: unknown, name = 'development') {
  const method = body === undefined ? 'GET' : 'POST';
  return call(served.port, `/api/environments/${name}${path}`, { method, headers, body });
}

describe('keys of the API', () => {
  test('are shown once, listed without their text under the name of the person, and revoked', async () => {
    const { id, key } = (await ask('/keys', { name: 'census' })).json as { id: string; key: string };
    const list = await ask('/keys');
    expect(list.json).toMatchObject([{ id, name: 'census', created_by: 'Ada <ada@example.com>', revoked_at: null }]);
    expect(list.text).not.toContain(key);
    expect((await ask(`/keys/${id}/revoke`, {})).json).toMatchObject({ id, revoked_by: 'Ada <ada@example.com>' });
    expect(await ask(`/keys/${id}/revoke`, {})).toMatchObject({ status: 409 });
    expect(await ask('/keys', { name: ' ' })).toMatchObject({ status: 400 });
    expect(await ask('/keys', { name: 'census' }, 'production')).toMatchObject({ status: 428 });
  });
});

describe('links for senders', () => {
  test('are shown once, listed without their token, and revoked', async () => {
    const made = (await ask('/links', { source: 'rudderstack', days: 2 })).json as { id: string; link: string };
    const list = await ask('/links?source=rudderstack');
    expect(list.json).toMatchObject([{ id: made.id, state: 'works', payloads: false, shows_url: true }]);
    expect(list.text).not.toContain(made.link.split('/').at(-1));
    expect((await ask(`/links/${made.id}/revoke`, {})).json).toMatchObject({ state: 'revoked' });
    expect(await ask('/links', { source: 'rudderstack', days: 91 })).toMatchObject({ status: 400 });
    expect(await ask('/links', { source: 'absent' })).toMatchObject({ status: 404 });
    expect(await ask('/links', { source: 'rudderstack' }, 'production')).toMatchObject({ status: 428 });
  });
});
