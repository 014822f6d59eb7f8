import { randomBytes } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { packEventText, payloadBytesMax } from '../../shared/core/events/raw-event.ts';
import { eventEntry } from '../cli/entries-for-tests.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeFakeEventLog } from '../support/fakes.ts';
import { itemProblem, limitedEventLog } from './table-limits.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const nested = (levels: number): unknown => (levels === 0 ? 'x' : { a: nested(levels - 1) });

describe('what a table takes', () => {
  test.each([
    ['399 KB', { content: randomBytes(399 * 1024) }],
    ['401 KB', { content: randomBytes(401 * 1024) }],
    ['31 maps in an attribute', { content: nested(31) }],
    ['32 maps in an attribute', { content: nested(32) }],
    ['400 KB of wide characters', { content: 'é'.repeat(205_000) }],
    ['negative numbers', { content: Array.from({ length: 5000 }, () => -1), more: 'x'.repeat(389_580) }],
  ])('%s: the model and the embedded table agree', async (_, item) => {
    const Item = { pk: 'p', sk: 's', ...item };
    const problem = await tables.client.send(new PutCommand({ TableName: tables.names.EventLog, Item })).then(
      () => undefined,
      (error: Error) => error.message,
    );
    expect(itemProblem(Item) === undefined).toBe(problem === undefined);
  });
});

test('F05 the largest event that is accepted fits its row, in the model as in the table; one byte too many keeps only itself out', async () => {
  const log = limitedEventLog(makeFakeEventLog());
  const largest = eventEntry({ payload: randomBytes(payloadBytesMax) });
  const tooLarge = eventEntry({ payload: randomBytes(401 * 1024) });
  const [none, refused] = await log.writeEach([largest, tooLarge]);
  expect([none, refused?.name]).toEqual([undefined, 'ValidationException']);
  expect([...log.rows.keys()]).toEqual([largest.id]);
});

test('F07 an event that nests deeper than a table allows has a row, since its text is packed', async () => {
  const log = limitedEventLog(makeFakeEventLog());
  const payload = packEventText({ headers: {}, body: JSON.stringify(nested(1000)) });
  expect(await log.writeEach([eventEntry({ payload })])).toEqual([undefined]);
});
