import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import {
  allowAgain,
  hashesOf,
  listErasures,
  readErasure,
  writeErasure,
} from '../../shared/adapters/dynamodb-erasures.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await startEnvironment();
});
afterAll(() => environment.stop());

/** The calls that reading the configuration makes. */
function counted() {
  const calls: string[] = [];
  const { client, table } = environment.configuration;
  const send = (command: { constructor: { name: string }; input: unknown }) => {
    calls.push(command.constructor.name);
    return client.send(command as never);
  };
  return { calls, table: { client: Object.assign(Object.create(client), { send }), table } };
}

test('functions know who was erased, and who is allowed again; without a change they read nothing more', async () => {
  const { configuration } = environment;
  let nowMs = 0;
  const { calls, table } = counted();
  const source = makeConfigurationSource(table, { nowMs: () => nowMs, withErased: true });
  const later = async () => {
    nowMs += 60_000;
    calls.length = 0;
    return source.current();
  };

  // Before the first commit, too.
  expect((await source.current()).erased).toBeUndefined();
  expect(calls).toEqual(['GetCommand']);

  const [hash = ''] = await hashesOf(configuration, ['lena']);
  expect(await hashesOf(configuration, ['lena'])).toEqual([hash]);
  await writeErasure(configuration, { hash, erasedAtMs: 5, author: 'ana', reason: 'asked', job: 'j' });
  const known = await later();
  expect(calls).toEqual(['GetCommand', 'QueryCommand']);
  expect([known.erased?.has('lena'), known.erased?.has('ivo'), known.erased?.has('salt')]).toEqual([
    true,
    false,
    false,
  ]);
  await later();
  expect(calls).toEqual(['GetCommand']);

  await environment.commit(liveConfiguration({ version: 1 }));
  const committed = await later();
  expect(committed.version).toBe(1);
  expect(committed.erased?.has('lena')).toBe(true);

  expect(await readErasure(configuration, 'lena')).toMatchObject({ hash, author: 'ana', reason: 'asked' });
  expect(await listErasures(configuration)).toHaveLength(1);
  await allowAgain(configuration, hash, { author: 'ben', reason: 'they are back', nowMs: 9 });
  expect(await readErasure(configuration, 'lena')).toMatchObject({ erasedAtMs: 5, allowedAtMs: 9, allowedBy: 'ben' });
  expect((await later()).erased?.has('lena')).toBe(false);
});

test('the table holds no id of an erased person', async () => {
  const { configuration, tables } = environment;
  const [hash = ''] = await hashesOf(configuration, ['usr_secret']);
  await writeErasure(configuration, { hash, erasedAtMs: 5, author: 'ana', reason: 'asked', job: 'j' });
  const { Items: items = [] } = await tables.client.send(new ScanCommand({ TableName: configuration.table }));
  expect(items.length).toBeGreaterThan(1);
  expect(JSON.stringify(items)).not.toContain('usr_secret');
});
