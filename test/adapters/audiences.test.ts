import { afterAll, beforeAll, describe } from '@jest/globals';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { audiencesContract } from '../contracts/audiences.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeFakeAudiences } from '../support/fakes-directory.ts';

describe('audiences in memory', () => {
  const audiences = makeFakeAudiences();
  audiencesContract(() => audiences);
});

describe('audiences in the embedded DynamoDB', () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.stop());
  audiencesContract(() => makeAudiences(tables.client, tables.names.Directory));
});
