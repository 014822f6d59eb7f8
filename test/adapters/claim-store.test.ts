import { afterAll, beforeAll, describe } from '@jest/globals';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { claimStoreContract } from '../contracts/claim-store.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeFakeClaimStore } from '../support/fakes.ts';

describe('the claim store in memory', () => {
  claimStoreContract(makeFakeClaimStore);
});

describe('the claim store in the embedded DynamoDB', () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.stop());
  claimStoreContract(() => makeClaimStore(tables.client, tables.names.Claims));
});
