import { afterAll, beforeAll, describe } from '@jest/globals';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { subscriptionsContract } from '../contracts/subscriptions.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeFakeSubscriptions } from '../support/fakes-directory.ts';

describe('subscriptions in memory', () => {
  const subscriptions = makeFakeSubscriptions();
  subscriptionsContract(() => subscriptions);
});

describe('subscriptions in the embedded DynamoDB', () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.stop());
  subscriptionsContract(() => makeSubscriptions(tables.client, tables.names.Directory));
});
