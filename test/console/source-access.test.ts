import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Console } from '../../infra/console/server.ts';
import { openSecretStore, type SecretStore } from '../../infra/local/secret-store.ts';
import { startSecretsApi } from '../../infra/local/secrets-api.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { localCredentials } from '../support/dynalite.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

/* What a sender needs to reach a source, and what is set for it. */

let environment: TestEnvironment;
let store: SecretStore;
let secretsApi: Awaited<ReturnType<typeof startSecretsApi>>;
let served: Console;
let reading: Console;
let headers: { cookie: string };
let headersOfReading: { cookie: string };

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
  store = openSecretStore(undefined, 'arn:aws:secretsmanager:us-east-1:000000000000:secret:');
  store.create('signalbox/development/ingest', JSON.stringify({ current: 'ingest-key' }));
  secretsApi = await startSecretsApi(store, localCredentials.credentials);
  const secrets = new SecretsManagerClient({ endpoint: secretsApi.endpoint, ...localCredentials });
  const whole = { ...environment, secrets: async () => secrets };
  served = await startConsoleOf({
    development: whole,
    production: { ...whole, name: 'production', local: false },
  });
  reading = await startConsoleOf({ development: whole }, { readOnly: true });
  headers = { cookie: await signIn(served) };
  headersOfReading = { cookie: await signIn(reading) };
});
afterAll(async () => {
  await Promise.all([served.stop(), reading.stop()]);
  await Promise.all([environment.stop(), secretsApi.stop()]);
});

const ask = (path: string, body?: unknown, name = 'development') =>
  call(served.port, `/api/environments/${name}/source/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    body,
  });

describe('the URL of a source', () => {
  const urlOf = async () => ((await ask('rudderstack/url')).json as { url: string }).url;

  test('is replaced by a new one beside the old one, which ends only when the person says that it may', async () => {
    const before = await urlOf();
    expect((await ask('rudderstack/rotate-url', {})).json).toMatchObject({ version: expect.any(Number) });
    expect(await urlOf()).not.toBe(before);
    expect((await ask('rudderstack')).json).toMatchObject({ source: { previous_url: { last_used_at: null } } });
    // A third one would end the first unnoticed.
    expect(await ask('rudderstack/rotate-url', {})).toMatchObject({ status: 409 });
    expect(await ask('rudderstack/retire-url', {})).toMatchObject({
      status: 409,
      json: { title: expect.stringContaining('not used since it was replaced') },
    });
    expect((await ask('rudderstack/retire-url', { even_if_used: true })).json).toMatchObject({ changed: true });
    expect((await ask('rudderstack')).json).toMatchObject({ source: { previous_url: null } });
  });

  test('of a source that is not live is not replaced', async () => {
    expect(await ask('absent/rotate-url', {})).toMatchObject({ status: 404 });
    expect(await ask('absent/retire-url', {})).toMatchObject({ status: 404 });
  });
});

describe('the secret of a source', () => {
  const stored = () =>
    (JSON.parse(store.get('signalbox/development/sources/rudderstack')?.current.text ?? '{}') as { values?: string[] })
      .values;

  test('is set as it was pasted, without slips, and is in no answer', async () => {
    expect((await ask('rudderstack/secret')).json).toMatchObject({ values: 0, set_at: [], shared_with: 'RudderStack' });
    const set = await ask('rudderstack/secret', { value: ' "pasted-secret-1" \n' });
    expect(set.json).toMatchObject({ values: 1, removed: expect.arrayContaining(['quotes around it']) });
    expect(stored()).toEqual(['pasted-secret-1']);
    const seen = await ask('rudderstack/secret');
    expect(seen.json).toMatchObject({ values: 1, set_at: [expect.any(String)] });
    for (const { text } of [set, seen, await ask('rudderstack'), await ask('rudderstack/setup')])
      expect(text).not.toContain('pasted-secret');
  });

  test('is refused where it cannot be one, without quoting it', async () => {
    const refused = await ask('rudderstack/secret', { value: 'https://a.example/secret-of-mine' });
    expect(refused).toMatchObject({ status: 400, json: { title: expect.stringContaining('is a URL') } });
    expect(refused.text).not.toContain('secret-of-mine');
    expect(await ask('rudderstack/secret', { value: '' })).toMatchObject({ status: 400 });
    expect(stored()).toEqual(['pasted-secret-1']);
  });

  test('is replaced without a gap: both are valid until the older one ends', async () => {
    const { json } = await ask('rudderstack/secret', { beside: true });
    const { generated } = json as { generated: string };
    expect(json).toMatchObject({ values: 2 });
    expect(stored()).toEqual([generated, 'pasted-secret-1']);
    expect(await ask('rudderstack/secret', { beside: true })).toMatchObject({ status: 409 });
    expect((await ask('rudderstack/secret/retire', {})).json).toMatchObject({ values: 1, ended: 1 });
    expect(stored()).toEqual([generated]);
    expect(await ask('rudderstack/secret/retire', {})).toMatchObject({ status: 409 });
  });
});

describe('the settings of a source', () => {
  test('are those of its kind until one is set, and go back to them', async () => {
    expect((await ask('rudderstack/settings')).json).toMatchObject({
      set: { verification: {}, idempotency: {} },
      effective: { enforcement: 'off', idempotency: { windowHours: 24 } },
    });
    expect((await ask('rudderstack/settings', { window_hours: 72, enforce: 'once_set' })).json).toMatchObject({
      changed: true,
    });
    expect((await ask('rudderstack/settings')).json).toMatchObject({
      effective: { enforcement: 'once_set', idempotency: { windowHours: 72 } },
      defaults: { enforcement: 'off', idempotency: { windowHours: 24 } },
    });
    await ask('rudderstack/settings', { window_hours: null, enforce: null });
    expect((await ask('rudderstack/settings')).json).toMatchObject({ effective: { enforcement: 'off' } });
  });

  test('say what would be right in place of a wrong one', async () => {
    expect(await ask('rudderstack/settings', { window_hours: 1_000 })).toMatchObject({
      status: 400,
      json: { title: expect.stringContaining('window_hours must be at most') },
    });
    expect(await ask('rudderstack/settings', {})).toMatchObject({ status: 400 });
    expect(await ask('absent/settings')).toMatchObject({ status: 404 });
  });
});

test('a source is paused, says so, and is resumed', async () => {
  expect((await ask('rudderstack/pause', { message: 'wrong mapping' })).json).toMatchObject({
    changed: true,
    kept_days: 30,
  });
  expect((await ask('rudderstack')).json).toMatchObject({
    source: { paused: { by: 'Ada <ada@example.com>', reason: 'wrong mapping' } },
    hold: { held: 0, is_more: false, release: null },
  });
  expect((await ask('rudderstack/resume', { per_second: 50 })).json).toEqual({ kind: 'releasing' });
  expect((await ask('rudderstack')).json).toMatchObject({ source: { paused: null } });
});

test.each(['rotate-url', 'retire-url', 'secret', 'secret/retire', 'secret/restore', 'settings', 'pause', 'resume'])(
  '%s changes nothing where the console only reads, and on AWS not without the name',
  async (path) => {
    const address = `/api/environments/development/source/rudderstack/${path}`;
    expect(await call(reading.port, address, { method: 'POST', headers: headersOfReading, body: {} })).toMatchObject({
      status: 403,
      json: { code: 'read_only' },
    });
    expect(await ask(`rudderstack/${path}`, {}, 'production')).toMatchObject({ status: 428 });
  },
);
