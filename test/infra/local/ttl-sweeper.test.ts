import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TableResource } from '../../../infra/local/resources/table.ts';
import { type LocalTables, startTables } from '../../../infra/local/tables.ts';
import { startTtlSweeper } from '../../../infra/local/ttl-sweeper.ts';
import { localCredentials } from '../../support/dynalite.ts';

function table(name: string, timeToLive: string | undefined): TableResource {
  return {
    name,
    timeToLive,
    definition: {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    },
  };
}

const aging = table('Aging', 'expires_at');
const lasting = table('Lasting', undefined);
let tables: LocalTables;

beforeAll(async () => {
  tables = await startTables(undefined, localCredentials.credentials);
  await Promise.all([tables.ensure(aging), tables.ensure(lasting)]);
});
afterAll(() => tables.stop());

const keysIn = async (TableName: string) => {
  const { Items } = await tables.client.call<{ Items: { pk: { S: string } }[] }>('Scan', { TableName });
  return Items.map(({ pk }) => pk.S).sort();
};

describe('the TTL sweeper', () => {
  test('deletes what is past its time and nothing else, over many pages', async () => {
    const now = Math.floor(Date.now() / 1000);
    const put = (TableName: string, pk: string, expires_at?: object) =>
      tables.client.call('PutItem', { TableName, Item: { pk: { S: pk }, ...(expires_at && { expires_at }) } });
    await Promise.all([
      ...Array.from({ length: 250 }, (_, i) => put('Aging', `past-${i}`, { N: String(now - 1) })),
      put('Aging', 'future', { N: String(now + 3_600) }),
      put('Aging', 'forever'),
      // DynamoDB's time to live is a number; a text never ends an item.
      put('Aging', 'text', { S: '1' }),
      put('Lasting', 'past', { N: '1' }),
    ]);
    const sweeper = startTtlSweeper(tables.client, [lasting, aging], { pauseMs: 0, restMs: 60_000 });
    for (const endsAtMs = Date.now() + 25_000; (await keysIn('Aging')).length > 3 && Date.now() < endsAtMs; )
      await sleep(20);
    await sweeper.stop();
    expect(await keysIn('Aging')).toEqual(['forever', 'future', 'text']);
    expect(await keysIn('Lasting')).toEqual(['past']);
  });
});

describe('tables', () => {
  test('a connection that breaks in the middle of a request does not end the run', async () => {
    const { connect } = await import('node:net');
    const { hostname, port } = new URL(tables.endpoint);
    const socket = connect(Number(port), hostname);
    socket.write(
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 100\r\n\r\n{"half',
    );
    await sleep(50);
    socket.destroy();
    await sleep(50);
    expect(await keysIn('Lasting')).toEqual(['past']);
  });

  test('a table from an earlier run with other keys is refused with the way out', async () => {
    const changed = {
      ...aging,
      definition: {
        ...aging.definition,
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      },
    };
    await expect(tables.ensure(changed)).rejects.toThrow(/Aging .*remove the data directory, or start with --memory/);
    await expect(tables.ensure(aging)).resolves.toBeUndefined();
  });
});
