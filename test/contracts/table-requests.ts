import { expect, test } from '@jest/globals';
import { makeAwsJsonClient } from '../../infra/local/aws-json-client.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import { localCredentials, type TestTables } from '../support/dynalite.ts';

/**
 * A request to a table, and what AWS answers. The table is the event log's: keys `pk` and `sk`, and
 * index `problems` by `problem` and `sk`.
 */
export type TableCase = {
  name: string;
  operation: string;
  /** Run before, where the answer depends on what is stored. */
  before?: JsonObject;
  request: JsonObject;
  /** The error's type and a part of its message; absent: AWS takes the request. */
  refused?: { type?: 'ValidationException' | 'ConditionalCheckFailedException'; message: string };
  /** What Amazon's own DynamoDB Local does instead, so that it cannot confirm the case. */
  unlikeLocal?: string;
};

const itemBytesMax = 400 * 1024;
let ids = 0;
const key = () => ({ pk: { S: 'p' }, sk: { S: `s${++ids}` } });
const keyBytes = (item: JsonObject) => Buffer.byteLength(`pkp${'sk'}${(item.sk as { S: string }).S}`);
/** A put of an item of that many bytes. */
const sized = (bytes: number, attribute: (room: number) => JsonObject): JsonObject => {
  const item = key();
  return put({ ...item, ...attribute(bytes - keyBytes(item)) });
};
const put = (Item: JsonObject, more: JsonObject = {}): JsonObject => ({ TableName: 'EventLog', Item, ...more });
const text = (unit: string) => (room: number) => ({
  v: {
    S: unit.repeat(Math.floor((room - 1) / Buffer.byteLength(unit))) + 'x'.repeat((room - 1) % Buffer.byteLength(unit)),
  },
});
const names = (room: number): JsonObject =>
  Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [
      `${'n'.repeat((room >> 3) - 2 + (i === 0 ? room % 8 : 0))}${i}`,
      { NULL: true },
    ]),
  );
/** A thousand numbers, whose bytes are known, and text to fill the room. */
const numbers = (text: string, bytes: number) => (room: number) => ({
  l: { L: Array.from({ length: 1000 }, () => ({ N: text })) },
  w: { S: 'x'.repeat(room - 'lw'.length - 3 - 1000 * (1 + bytes)) },
});
const nested = (levels: number): JsonObject => (levels === 0 ? { S: 'x' } : { M: { a: nested(levels - 1) } });
const tooLarge = { message: 'Item size has exceeded the maximum allowed size' };
const update = (more: JsonObject, Key: JsonObject = key()): JsonObject => ({ TableName: 'EventLog', Key, ...more });
const emptyKey = 'The AttributeValue for a key attribute cannot contain an empty string value';

const atLimit = (
  name: string,
  request: (over: number) => JsonObject,
  message: string,
  more: Partial<TableCase> = {},
): TableCase[] => [
  { name: `${name}: at the limit`, operation: 'PutItem', ...more, request: request(0) },
  { name: `${name}: one more`, operation: 'PutItem', ...more, request: request(1), refused: { message } },
];

const expressions: [string, string, (expression: string) => JsonObject][] = [
  ['PutItem', 'ConditionExpression', (ConditionExpression) => put(key(), { ConditionExpression })],
  [
    'UpdateItem',
    'ConditionExpression',
    (ConditionExpression) => update({ ConditionExpression, UpdateExpression: 'REMOVE z' }),
  ],
  ['DeleteItem', 'ConditionExpression', (ConditionExpression) => update({ ConditionExpression })],
  [
    'Query',
    'FilterExpression',
    (FilterExpression) => ({
      TableName: 'EventLog',
      KeyConditionExpression: 'pk = :p',
      FilterExpression,
      ExpressionAttributeValues: { ':p': { S: 'none' } },
    }),
  ],
];
const spaces = (expression: string, bytes: number) => expression + ' '.repeat(bytes - expression.length);
/** So many operators and functions, and true of an item without `z`. */
const operators = (count: number) =>
  `attribute_not_exists(z) OR NOT ${Array.from({ length: (count - 2) / 2 }, () => 'a<b').join(' AND ')}`;

export const tableCases: TableCase[] = [
  ...atLimit('an item of one attribute', (over) => sized(itemBytesMax + over, text('x')), tooLarge.message),
  ...atLimit('an item of wide characters', (over) => sized(itemBytesMax + over, text('é')), tooLarge.message),
  ...atLimit('an item of long names', (over) => sized(itemBytesMax + over, names), tooLarge.message, {
    unlikeLocal: 'fails inside',
  }),
  ...atLimit('an item of one-digit numbers', (over) => sized(itemBytesMax + over, numbers('1', 2)), tooLarge.message),
  ...atLimit('an item of negative numbers', (over) => sized(itemBytesMax + over, numbers('-1', 3)), tooLarge.message, {
    unlikeLocal: 'counts a byte less for each',
  }),
  ...atLimit('an item of fractions', (over) => sized(itemBytesMax + over, numbers('1.2', 3)), tooLarge.message, {
    unlikeLocal: 'counts a byte less for each',
  }),
  ...atLimit('an item of trailing zeros', (over) => sized(itemBytesMax + over, numbers('100', 2)), tooLarge.message),
  ...atLimit(
    'the partition key',
    (over) => put({ ...key(), pk: { S: 'p'.repeat(2048 + over) } }),
    'Size of hashkey has exceeded the maximum size limit of2048 bytes',
  ),
  ...atLimit(
    'the partition key in wide characters',
    (over) => put({ ...key(), pk: { S: `${'é'.repeat(1024)}${'x'.repeat(over)}` } }),
    'Size of hashkey has exceeded the maximum size limit of2048 bytes',
  ),
  ...atLimit(
    'the sort key',
    (over) => put({ ...key(), sk: { S: 's'.repeat(1024 + over) } }),
    'Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
  ),
  ...atLimit(
    'the sort key in wide characters',
    (over) => put({ ...key(), sk: { S: `${'é'.repeat(512)}${'x'.repeat(over)}` } }),
    'Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
  ),
  ...atLimit(
    "an index's partition key",
    (over) => put({ ...key(), problem: { S: 'p'.repeat(2048 + over) } }),
    'Size of hashkey has exceeded the maximum size limit of2048 bytes',
  ),
  ...atLimit(
    'nesting',
    (over) => put({ ...key(), v: nested(31 + over) }),
    'Nesting Levels have exceeded supported limits',
  ),
  {
    name: 'an empty partition key',
    operation: 'PutItem',
    request: put({ ...key(), pk: { S: '' } }),
    refused: { message: emptyKey },
  },
  {
    name: 'an empty sort key',
    operation: 'PutItem',
    request: put({ ...key(), sk: { S: '' } }),
    refused: { message: emptyKey },
  },
  { name: 'an empty text elsewhere', operation: 'PutItem', request: put({ ...key(), v: { S: '' } }) },
  {
    name: 'a number as the partition key',
    operation: 'PutItem',
    request: put({ ...key(), pk: { N: '1' } }),
    refused: { message: 'Type mismatch for key pk expected: S actual: N' },
  },
  {
    name: 'an empty index key',
    operation: 'PutItem',
    request: put({ ...key(), problem: { S: '' } }),
    refused: { message: emptyKey },
  },
  {
    name: 'a number as an index key',
    operation: 'PutItem',
    request: put({ ...key(), problem: { N: '1' } }),
    refused: { message: 'Type mismatch for Index Key problem Expected: S Actual: N' },
  },
  {
    name: 'null as an index key',
    operation: 'PutItem',
    request: put({ ...key(), problem: { NULL: true } }),
    refused: { message: 'Type mismatch for Index Key problem Expected: S Actual: NULL' },
  },
  {
    name: 'a number beyond the range',
    operation: 'PutItem',
    request: put({ ...key(), v: { N: '1e126' } }),
    refused: { message: 'Number overflow' },
  },
  {
    name: 'a number of 39 digits',
    operation: 'PutItem',
    request: put({ ...key(), v: { N: '1'.repeat(39) } }),
    refused: { message: '38 significant digits' },
  },
  ...[0, 1].map((over): TableCase => {
    const Key = key();
    return {
      name: `an update that makes the item ${over === 0 ? 'as large as may be' : 'one byte too large'}`,
      operation: 'UpdateItem',
      before: put({ ...Key, a: { S: 'é'.repeat(100_000) } }),
      request: update(
        {
          UpdateExpression: 'SET b = :b',
          ExpressionAttributeValues: { ':b': { S: 'x'.repeat(itemBytesMax - keyBytes(Key) - 1 - 200_000 - 1 + over) } },
        },
        Key,
      ),
      ...(over === 1 && { refused: { message: 'Item size to update has exceeded the maximum allowed size' } }),
    };
  }),
  ...[
    ['an empty text', { S: '' }, emptyKey],
    ['a number', { N: '1' }, 'Type mismatch for Index Key problem Expected: S Actual: N'],
    [
      'a text of 2,049 bytes',
      { S: `${'é'.repeat(1024)}x` },
      'Size of hashkey has exceeded the maximum size limit of2048 bytes',
    ],
  ].map(
    ([what, value, message]): TableCase => ({
      name: `an update that sets an index key to ${what}`,
      operation: 'UpdateItem',
      request: update({
        UpdateExpression: 'SET problem = :v',
        ExpressionAttributeValues: { ':v': value as JsonObject },
      }),
      refused: { message: message as string },
    }),
  ),
  ...atLimit(
    'the writes of a batch',
    (over) => ({
      RequestItems: { EventLog: Array.from({ length: 25 + over }, () => ({ PutRequest: { Item: key() } })) },
    }),
    'Member must have length less than or equal to 25',
    { operation: 'BatchWriteItem' },
  ),
  ...atLimit(
    'the writes of a batch over two tables',
    (over) => ({
      RequestItems: {
        EventLog: Array.from({ length: 20 }, () => ({ PutRequest: { Item: key() } })),
        ActionLog: Array.from({ length: 5 + over }, () => ({ PutRequest: { Item: key() } })),
      },
    }),
    'Too many items requested for the BatchWriteItem call',
    { operation: 'BatchWriteItem' },
  ),
  {
    name: 'a batch that writes one item twice',
    operation: 'BatchWriteItem',
    request: ((Item) => ({ RequestItems: { EventLog: [{ PutRequest: { Item } }, { PutRequest: { Item } }] } }))(key()),
    refused: { message: 'Provided list of item keys contains duplicates' },
  },
  {
    name: 'a batch with one item that is too large',
    operation: 'BatchWriteItem',
    request: {
      RequestItems: {
        EventLog: [{ PutRequest: { Item: key() } }, { PutRequest: { Item: sized(itemBytesMax + 1, text('é')).Item } }],
      },
    } as JsonObject,
    refused: tooLarge,
  },
  {
    name: 'a batch with one empty index key',
    operation: 'BatchWriteItem',
    request: { RequestItems: { EventLog: [{ PutRequest: { Item: { ...key(), problem: { S: '' } } } }] } },
    refused: { message: emptyKey },
  },
  {
    name: 'a batch with one item that is too deep',
    operation: 'BatchWriteItem',
    request: { RequestItems: { EventLog: [{ PutRequest: { Item: { ...key(), v: nested(32) } } }] } },
    refused: { message: 'Nesting Levels have exceeded supported limits' },
  },
  ...atLimit(
    'the keys of a batch that reads',
    (over) => ({ RequestItems: { EventLog: { Keys: Array.from({ length: 100 + over }, key) } } }),
    'Member must have length less than or equal to 100',
    { operation: 'BatchGetItem' },
  ),
  {
    name: 'a batch that reads one item twice',
    operation: 'BatchGetItem',
    request: ((Key) => ({ RequestItems: { EventLog: { Keys: [Key, Key] } } }))(key()),
    refused: { message: 'Provided list of item keys contains duplicates' },
  },
  ...expressions.flatMap(([operation, parameter, request]) => [
    ...atLimit(
      `the bytes of a ${parameter} of ${operation}`,
      (over) => request(spaces('attribute_not_exists(z)', 4096 + over)),
      `Invalid ${parameter}: Expression size has exceeded the maximum allowed size; expression size: 4097`,
      { operation },
    ),
    ...atLimit(
      `the functions of a ${parameter} of ${operation}`,
      (over) => request(`${operators(300)}${' OR a<b'.repeat(over)}`),
      `Invalid ${parameter}: The expression contains too many operators; operator count: 301`,
      { operation },
    ),
  ]),
  ...atLimit(
    'the bytes of an UpdateExpression',
    (over) => update({ UpdateExpression: spaces('REMOVE z', 4096 + over) }),
    'Invalid UpdateExpression: Expression size has exceeded the maximum allowed size; expression size: 4097',
    { operation: 'UpdateItem' },
  ),
  ...atLimit(
    'the bytes of a ProjectionExpression',
    (over) => update({ ProjectionExpression: spaces('z', 4096 + over) }),
    'Invalid ProjectionExpression: Expression size has exceeded the maximum allowed size; expression size: 4097',
    { operation: 'GetItem' },
  ),
  ...atLimit(
    'the bytes of a KeyConditionExpression',
    (over) => ({
      TableName: 'EventLog',
      KeyConditionExpression: spaces('pk = :p', 4096 + over),
      ExpressionAttributeValues: { ':p': { S: 'p' } },
    }),
    'Invalid KeyConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4097',
    { operation: 'Query' },
  ),
  ...atLimit(
    'the values in a list of IN',
    (over) => {
      const values = Object.fromEntries(Array.from({ length: 100 + over }, (_, i) => [`:v${i}`, { S: `${i}` }]));
      return put(key(), {
        ConditionExpression: `attribute_not_exists(z) OR z IN (${Object.keys(values)})`,
        ExpressionAttributeValues: values,
      });
    },
    'The IN operator is provided with too many operands; number of operands: 101',
  ),
  {
    name: 'a failed condition returns the item that failed it, when asked',
    operation: 'PutItem',
    before: put({ pk: { S: 'p' }, sk: { S: 'kept' }, v: { S: 'old' } }),
    request: put(
      { pk: { S: 'p' }, sk: { S: 'kept' } },
      { ConditionExpression: 'attribute_not_exists(pk)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' },
    ),
    refused: { type: 'ConditionalCheckFailedException', message: 'The conditional request failed' },
  },
];

/**
 * Every case, asked of a table's server as a client would.
 *
 * @param isLocal whether it is DynamoDB Local, which refuses the same requests in other words
 */
export function tableRequestsContract(tables: () => TestTables, { isLocal }: { isLocal: boolean }): void {
  const cases = tableCases.filter(({ unlikeLocal }) => !(isLocal && unlikeLocal !== undefined));
  test.each(cases.map((one) => [one.name, one] as const))(
    '%s',
    async (_name, { operation, before, request, refused }) => {
      const client = makeAwsJsonClient(tables().endpoint, 'DynamoDB_20120810', localCredentials.credentials);
      const answerOf = (action: string, body: JsonObject) =>
        client.call(action, body).then(
          () => undefined,
          (error: Error & { type?: string }) => ({ type: error.type, message: error.message }),
        );
      if (before) expect(await answerOf('PutItem', before)).toBeUndefined();
      const answer = await answerOf(operation, request);
      client.close();
      if (refused === undefined) expect(answer).toBeUndefined();
      else {
        const { type = 'ValidationException', message } = refused;
        expect(answer).toMatchObject({ type, ...(!isLocal && { message: expect.stringContaining(message) }) });
      }
    },
  );
}
