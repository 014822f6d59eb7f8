import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TableCase, tableCases, tableRequestsContract } from '../contracts/table-requests.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { memoryTable } from '../support/memory-table.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

describe('the embedded tables answer as DynamoDB does:', () => {
  tableRequestsContract(() => tables, { isLocal: false });

  test('a failed condition returns the item that failed it, to a client that asks', async () => {
    const Item = { pk: 'asked', sk: 's', v: 'old' };
    const put = { TableName: 'EventLog', Item, ConditionExpression: 'attribute_not_exists(pk)' };
    await tables.client.send(new PutCommand(put));
    const failure = (more: object) =>
      tables.client.send(new PutCommand({ ...put, ...more })).catch((error: ConditionalCheckFailedException) => error);
    const asked = await failure({ ReturnValuesOnConditionCheckFailure: 'ALL_OLD' });
    expect(asked).toBeInstanceOf(ConditionalCheckFailedException);
    expect(asked).toMatchObject({ Item: { pk: { S: 'asked' }, v: { S: 'old' } } });
    expect(await failure({})).not.toHaveProperty('Item.pk');
  });
});

describe('the table in memory', () => {
  const commands = { PutItem: PutCommand, UpdateItem: UpdateCommand, GetItem: GetCommand };
  /** It has no index and no types of numbers, and knows the expressions of our adapters only. */
  const isKnown = ({ name, operation, request, refused }: TableCase) =>
    operation in commands &&
    !/IndexName|problem/.test(JSON.stringify([request, refused])) &&
    !/^a number|list of IN/.test(name);
  const values = (part: unknown) => (part === undefined ? undefined : unmarshall(part as never));

  test.each(tableCases.filter(isKnown).map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const table = memoryTable();
    const send = (operation: string, { Item, Key, ExpressionAttributeValues, ...rest }: TableCase['request']) => {
      const Command = commands[operation as keyof typeof commands];
      const given = { Item: values(Item), Key: values(Key) };
      const input = { ...rest, ...given, ExpressionAttributeValues: values(ExpressionAttributeValues) };
      return table.send(new Command(input as never) as never);
    };
    if (one.before) await send('PutItem', one.before);
    const answer = await send(one.operation, one.request).then(
      () => undefined,
      (error: Error) => ({ type: error.name, message: error.message }),
    );
    if (one.refused === undefined) expect(answer).toBeUndefined();
    else {
      const { type = 'ValidationException', message } = one.refused;
      expect(answer).toEqual({ type, message: expect.stringContaining(message) });
    }
  });
});
