import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { live, permutations, stories } from '../support/directory-stories.ts';
import { makeActionContext } from '../support/directory-world.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';

describe('a life of a user in the embedded DynamoDB', () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.stop());

  test('every permutation of identify, identify, delete, identify, subscribe ends as in source-time order', async () => {
    const { client, names } = tables;
    const { context } = makeActionContext({
      directory: makeDirectory(client, names.Directory),
      subscriptions: makeSubscriptions(client, names.Directory),
      audiences: makeAudiences(client, names.Directory),
    });
    const { steps, ends } = stories['subscribed at the end'] as (typeof stories)[string];
    const orders = permutations(steps);
    const lives = orders.map(async (order, i) => [
      await live(context, `u${i}`, [...order, ...order.slice(0, 2)]),
      ends(`u${i}`),
    ]);
    for (const [end, expected] of await Promise.all(lives)) expect(end).toEqual(expected);
  });
});
