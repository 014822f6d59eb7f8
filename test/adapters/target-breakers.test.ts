import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeTargetBreakers } from '../../shared/adapters/dynamodb-target-breakers.ts';
import { openBreaker, targetBreakersContract } from '../contracts/target-breakers.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeFakeTargetBreakers } from '../support/fake-target-breakers.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
const inTable = () => makeTargetBreakers(tables.client, tables.names.Directory);

describe('in memory', () => {
  const breakers = makeFakeTargetBreakers();
  targetBreakersContract(() => breakers);
});

describe('in the table', () => {
  targetBreakersContract(inTable);

  test('an item can be read by a person, is in no index, and goes away by itself', async () => {
    await inTable().writeIfUnchanged('order-completed', openBreaker());
    const { Item } = await tables.client.send(
      new GetCommand({ TableName: tables.names.Directory, Key: { pk: 'breaker#order-completed', sk: 'breaker' } }),
    );
    expect(Item).toEqual({
      pk: 'breaker#order-completed',
      sk: 'breaker',
      status: 'open',
      opened_at: '2026-11-21T03:00:00.000Z',
      probe_at: Date.parse('2026-11-21T03:00:15Z'),
      failed_probes: 0,
      reason: 'target_unavailable',
      detail: 'answered 503',
      revision: 1,
      expires_at: Date.parse('2026-11-22T03:00:15Z') / 1000,
    });
  });

  test('a table that is away is trouble that may pass', async () => {
    const breakers = makeTargetBreakers(tables.client, 'no-such-table');
    await expect(breakers.read('x')).rejects.toMatchObject({ name: 'RetryableError' });
    await expect(breakers.writeIfUnchanged('x', openBreaker())).rejects.toMatchObject({ name: 'RetryableError' });
  });
});
