import { afterAll, beforeAll } from '@jest/globals';
import { rowLimitsContract } from '../contracts/row-limits.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

rowLimitsContract(() => tables, { isLong: false });
