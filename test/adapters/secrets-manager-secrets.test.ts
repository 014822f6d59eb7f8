import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { makeSecrets, makeSecretsClient, staleMaxMs } from '../../shared/adapters/secrets-manager-secrets.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { localCredentials } from '../support/dynalite.ts';
import { startSecrets, type TestSecrets } from '../support/secrets-manager.ts';

const minuteMs = 60_000;
let store: TestSecrets;
let nowMs: number;
let secrets: ReturnType<typeof makeSecrets>;
let client: ReturnType<typeof makeSecretsClient>;

beforeAll(async () => {
  store = await startSecrets();
  client = makeSecretsClient({ endpoint: store.endpoint, maxAttempts: 1, ...localCredentials });
});
afterAll(async () => {
  client.destroy();
  await store.stop();
});
beforeEach(() => {
  store.secrets.clear();
  store.reads.length = 0;
  store.answers.clear();
  store.down = false;
  nowMs = 0;
  secrets = makeSecrets({ client, prefix: 'signalbox/test', nowMs: () => nowMs, random: () => 0 });
});

const put = (name: string, value: unknown) => store.secrets.set(`signalbox/test/${name}`, JSON.stringify(value));

test('reads the values of a sender, newest first, and the ingest key with the one before it', async () => {
  put('sources/a', { values: ['new', 'old'] });
  put('ingest', { current: 'k2', previous: 'k1' });
  put('other', { current: 'k' });
  expect(await secrets.valuesOf('sources/a')).toEqual(['new', 'old']);
  expect(await secrets.valuesOf('ingest')).toEqual(['k2', 'k1']);
  expect(await secrets.valuesOf('other')).toEqual(['k']);
  expect(await secrets.valuesOf('absent')).toBeUndefined();
});

describe('caching', () => {
  test('reads once in five minutes, however many ask', async () => {
    put('ingest', { current: 'a' });
    const answers = await Promise.all(Array.from({ length: 1000 }, () => secrets.valuesOf('ingest')));
    expect(new Set(answers.flat())).toEqual(new Set(['a']));
    put('ingest', { current: 'b' });
    nowMs = 5 * minuteMs - 1;
    expect(await secrets.valuesOf('ingest')).toEqual(['a']);
    expect(store.reads).toHaveLength(1);
    nowMs = 5 * minuteMs;
    expect(await secrets.valuesOf('ingest')).toEqual(['b']);
    expect(store.reads).toHaveLength(2);
  });

  test('remembers for 30 seconds that there is no such secret', async () => {
    expect(await secrets.valuesOf('sources/a')).toBeUndefined();
    put('sources/a', { values: ['x'] });
    nowMs = 29_999;
    expect(await secrets.valuesOf('sources/a')).toBeUndefined();
    nowMs = 30_000;
    expect(await secrets.valuesOf('sources/a')).toEqual(['x']);
  });

  test('asks ever less often for a secret that stays absent, and sees one that was set within five minutes', async () => {
    const readsAtMs: number[] = [];
    for (nowMs = 0; nowMs < 30 * minuteMs; nowMs += 1_000) {
      const before = store.reads.length;
      await secrets.valuesOf('sources/a');
      if (store.reads.length > before) readsAtMs.push(nowMs);
    }
    const waits = readsAtMs.slice(1).map((atMs, i) => (atMs - (readsAtMs[i] ?? 0)) / 1_000);
    expect(waits.slice(0, 6)).toEqual([30, 60, 120, 240, 300, 300]);
    put('sources/a', { values: ['x'] });
    nowMs = (readsAtMs.at(-1) ?? 0) + 5 * minuteMs;
    expect(await secrets.valuesOf('sources/a')).toEqual(['x']);
    // Once it existed, its next absence is news.
    store.secrets.clear();
    nowMs += 5 * minuteMs;
    expect(await secrets.valuesOf('sources/a')).toBeUndefined();
    put('sources/a', { values: ['y'] });
    nowMs += 30_000;
    expect(await secrets.valuesOf('sources/a')).toEqual(['y']);
  });

  test('twenty processes pay less than a dollar a month for a source without a secret, where they paid $8.64', async () => {
    const hours = 6;
    let calls = 0;
    const absent = {
      send: async () => {
        calls++;
        throw Object.assign(new Error('no such secret'), { name: 'ResourceNotFoundException' });
      },
    } as unknown as typeof client;
    const processes = Array.from({ length: 20 }, (_, i) =>
      makeSecrets({ client: absent, prefix: 'p', nowMs: () => nowMs, random: () => (i + 0.5) / 20 }),
    );
    for (nowMs = 0; nowMs < hours * 60 * minuteMs; nowMs += 10_000)
      for (const each of processes) await each.valuesOf('sources/a');
    // https://aws.amazon.com/secrets-manager/pricing/: $0.05 per 10,000 calls.
    const dollarsAMonth = (count: number) => ((count / hours) * 720 * 0.05) / 10_000;
    expect(dollarsAMonth(20 * hours * 120)).toBeCloseTo(8.64);
    expect(dollarsAMonth(calls)).toBeLessThan(1);
    expect(dollarsAMonth(calls)).toBeGreaterThan(0.8);
  });

  test('refreshes at once, but at most once per 30 seconds and secret', async () => {
    put('sources/a', { values: ['a'] });
    put('sources/b', { values: ['b'] });
    await secrets.valuesOf('sources/a');
    put('sources/a', { values: ['a2'] });
    expect(await secrets.refresh('sources/a')).toEqual(['a2']);
    expect(await secrets.valuesOf('sources/a')).toEqual(['a2']);
    put('sources/a', { values: ['a3'] });
    nowMs = 29_999;
    expect(await secrets.refresh('sources/a')).toEqual(['a2']);
    expect(await secrets.refresh('sources/b')).toEqual(['b']);
    nowMs = 30_000;
    expect(await secrets.refresh('sources/a')).toEqual(['a3']);
    expect(store.reads).toHaveLength(4);
  });
});

describe('while the store is down', () => {
  test('the last good values serve for an hour, and the store is asked every 30 seconds', async () => {
    put('ingest', { current: 'a' });
    await secrets.valuesOf('ingest');
    store.down = true;
    nowMs = 10 * minuteMs;
    expect(await secrets.valuesOf('ingest')).toEqual(['a']);
    expect(await secrets.refresh('ingest')).toEqual(['a']);
    const reads = store.reads.length;
    nowMs += 29_999;
    expect(await secrets.valuesOf('ingest')).toEqual(['a']);
    expect(store.reads).toHaveLength(reads);
    nowMs = staleMaxMs;
    await expect(secrets.valuesOf('ingest')).rejects.toThrow(RetryableError);
    await expect(secrets.refresh('ingest')).rejects.toThrow(RetryableError);
    store.down = false;
    nowMs += 30_000;
    expect(await secrets.valuesOf('ingest')).toEqual(['a']);
  });

  test('that there is no such secret serves for 30 seconds and not longer: one may have been set meanwhile', async () => {
    expect(await secrets.valuesOf('sources/a')).toBeUndefined();
    put('sources/a', { values: ['x'] });
    store.down = true;
    nowMs = 29_999;
    expect(await secrets.valuesOf('sources/a')).toBeUndefined();
    expect(await secrets.refresh('sources/a')).toBeUndefined();
    nowMs = 30_000;
    await expect(secrets.valuesOf('sources/a')).rejects.toThrow(RetryableError);
    await expect(secrets.refresh('sources/a')).rejects.toThrow(RetryableError);
    store.down = false;
    expect(await secrets.valuesOf('sources/a')).toEqual(['x']);
  });

  test('every read that failed is told, also while a value goes on serving', async () => {
    put('ingest', { current: 'a' });
    const told: [string, Error][] = [];
    const onFailure = (name: string, error: Error) => void told.push([name, error]);
    const telling = makeSecrets({ client, prefix: 'signalbox/test', nowMs: () => nowMs, onFailure });
    await telling.valuesOf('ingest');
    store.down = true;
    nowMs = 10 * minuteMs;
    expect(await telling.valuesOf('ingest')).toEqual(['a']);
    expect(told).toMatchObject([
      ['ingest', { name: 'UnusableSecret', reason: 'store_unavailable', cause: expect.any(Error) }],
    ]);
  });

  test('a secret that was never read cannot be guessed at, and is asked for again at once', async () => {
    store.down = true;
    await expect(secrets.valuesOf('ingest')).rejects.toThrow(RetryableError);
    store.down = false;
    put('ingest', { current: 'a' });
    expect(await secrets.valuesOf('ingest')).toEqual(['a']);
  });
});

describe('a secret that exists and gives no values', () => {
  const marked = "You can't perform this operation on the secret because it was marked for deletion.";
  const noVersion = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT";
  const error = (__type: string, Message: string) => ({ __type, Message });
  test.each([
    ['scheduled_for_deletion', error('InvalidRequestException', marked), 'secrets restore sources/a'],
    ['no_current_version', error('ResourceNotFoundException', noVersion), 'secrets set sources/a'],
    ['access_denied', error('AccessDeniedException', 'User: x is not authorized'), 'secretsmanager:GetSecretValue'],
    ['key_unusable', error('AccessDeniedException', 'Access to KMS is not allowed'), 'kms:Decrypt'],
    ['key_unusable', error('DecryptionFailure', "Secrets Manager can't decrypt the secret"), 'kms:Decrypt'],
    ['binary', { SecretBinary: 'Y2FuYXJ5' }, 'secrets set sources/a'],
    ['store_unavailable', error('InvalidRequestException', 'something else'), 'cannot be read'],
  ])('is never taken for absent: %s', async (reason, answer, words) => {
    store.answers.set('signalbox/test/sources/a', answer);
    const thrown = await secrets.valuesOf('sources/a').catch((caught) => caught);
    expect(thrown).toBeInstanceOf(RetryableError);
    expect(thrown).toMatchObject({ name: 'UnusableSecret', reason, message: expect.stringContaining(words) });
  });

  test.each(['{"values":[]}', '   '])('is empty, and not absent: %j', async (text) => {
    store.secrets.set('signalbox/test/sources/a', text);
    await expect(secrets.valuesOf('sources/a')).rejects.toMatchObject({ reason: 'empty' });
  });

  test('serves its last values for an hour, and again once it is restored', async () => {
    put('sources/a', { values: ['x'] });
    await secrets.valuesOf('sources/a');
    store.answers.set('signalbox/test/sources/a', error('InvalidRequestException', marked));
    nowMs = staleMaxMs - 1;
    expect(await secrets.valuesOf('sources/a')).toEqual(['x']);
    nowMs = staleMaxMs;
    await expect(secrets.valuesOf('sources/a')).rejects.toMatchObject({ reason: 'scheduled_for_deletion' });
    store.answers.clear();
    nowMs += 30_000;
    expect(await secrets.valuesOf('sources/a')).toEqual(['x']);
  });
});

test.each([
  'canary-not-json',
  '{"values":"canary"}',
  '{"values":[""]}',
  '{"values":["canary",2]}',
  '{"current":""}',
  '{"key":"canary"}',
])('a secret of another shape is our fault, and its text is in no error: %s', async (text) => {
  store.secrets.set('signalbox/test/sources/a', text);
  const error = await secrets.valuesOf('sources/a').catch((thrown) => thrown);
  expect(error).toBeInstanceOf(RetryableError);
  expect(error).toMatchObject({ reason: 'malformed', message: expect.stringContaining('"sources/a"') });
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary');
});
