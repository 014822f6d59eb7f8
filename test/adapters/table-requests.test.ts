import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tableRequestsContract } from '../contracts/table-requests.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';

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
