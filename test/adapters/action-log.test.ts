import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { itemFromEntry, makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { bucketOf } from '../../shared/adapters/dynamodb-event-log.ts';
import type { ActionOutcome } from '../../shared/core/logs/action-log-entry.ts';
import { actionEntry, actionLogContract, actionOutcome } from '../contracts/action-log.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeFakeActionLog } from '../support/fakes.ts';

describe('the action log in memory', () => {
  const log = makeFakeActionLog();
  actionLogContract(() => log);
});

describe('the action log in the embedded DynamoDB', () => {
  let tables: TestTables;
  const makeLog = () => makeActionLog({ client: tables.client, table: tables.names.ActionLog, retentionDays: 30 });
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.stop());
  actionLogContract(makeLog);

  test('first attempts of a whole batch are one call', async () => {
    const sent = jest.spyOn(DynamoDBDocumentClient.prototype, 'send');
    await makeLog().writeEach(Array.from({ length: 10 }, () => actionEntry()));
    expect(sent).toHaveBeenCalledTimes(1);
    sent.mockRestore();
  });

  test.each<[string, ActionOutcome['status'][], string | undefined]>([
    ['a failure', ['succeeded', 'skipped', 'failed'], 'failed'],
    ['a skipped action', ['succeeded', 'skipped'], 'skipped'],
    ['nothing wrong', ['succeeded', 'pending'], undefined],
  ])('a row with %s is in the problems index accordingly', async (_name, statuses, listedAs) => {
    const entry = actionEntry({
      actions: statuses.map((status, i) =>
        actionOutcome({
          id: `00000000-0000-5000-8000-00000000000${i}`,
          status,
          ...(status === 'failed' && { reason: 'target_refused' as const }),
          ...(status === 'skipped' && { reason: 'required_field_missing' as const }),
        }),
      ),
    });
    await makeLog().writeIfUnchanged(entry, 0);
    const found = await Promise.all(
      ['failed', 'skipped'].map(async (status) => {
        const page = await tables.client.send(
          new QueryCommand({
            TableName: tables.names.ActionLog,
            IndexName: 'problems',
            KeyConditionExpression: 'problem = :problem AND sk = :execution',
            ExpressionAttributeValues: {
              ':problem': `${status}#20251121#${bucketOf(entry.execution, 8)}`,
              ':execution': entry.execution,
            },
          }),
        );
        return (page.Items ?? []).map(({ event_id, reason, source, event_type }) => ({
          status,
          event_id,
          reason,
          source,
          event_type,
        }));
      }),
    );
    const reason = listedAs === 'failed' ? 'target_refused' : 'required_field_missing';
    expect(found.flat()).toEqual(
      listedAs
        ? [
            {
              status: listedAs,
              event_id: entry.execution,
              reason,
              source: 'rudderstack',
              event_type: 'track/order_completed',
            },
          ]
        : [],
    );
  });
});

test('a typical order, three actions, stays within one write unit per kilobyte it is worth: one action in 1 KB', () => {
  const payload = {
    key: 'order-completed',
    recipients: 'usr_8841',
    data: {
      order_id: '50314b8e9bcf000000000000',
      affiliation: 'Google Store',
      subtotal: 22.5,
      total: 27.5,
      revenue: 25.0,
      shipping: 3,
      tax: 2,
      coupon: 'hasbros',
      currency: 'USD',
      products: [
        {
          product_id: '507f1f77bcf86cd799439011',
          sku: '45790-32',
          name: 'Monopoly: 3rd Edition',
          price: 19,
          quantity: 1,
          category: 'Games',
        },
        {
          product_id: '505bd76785ebb509fc183733',
          sku: '46493-32',
          name: 'Uno Card Game',
          price: 3,
          quantity: 2,
          category: 'Games',
        },
      ],
    },
  };
  const bytes = itemBytes(itemFromEntry(actionEntry({ actions: [actionOutcome({ payload })] }), 30));
  expect(bytes).toBeLessThanOrEqual(1024);
});

/** Size as DynamoDB counts it. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
function itemBytes(item: Record<string, unknown>): number {
  const marshalled = marshall(item, { removeUndefinedValues: true });
  const sizeOf = (value: Record<string, unknown>): number => {
    const [type, inner] = Object.entries(value)[0] ?? [];
    if (type === 'S') return Buffer.byteLength(String(inner));
    if (type === 'N') return Math.ceil(String(inner).length / 2) + 1;
    if (type === 'B') return (inner as Uint8Array).length;
    if (type === 'L') return 3 + (inner as Record<string, unknown>[]).reduce((sum, each) => sum + 1 + sizeOf(each), 0);
    if (type === 'M')
      return (
        3 +
        Object.entries(inner as Record<string, Record<string, unknown>>).reduce(
          (sum, [name, each]) => sum + 1 + name.length + sizeOf(each),
          0,
        )
      );
    return 1;
  };
  return Object.entries(marshalled).reduce(
    (sum, [name, value]) => sum + name.length + sizeOf(value as unknown as Record<string, unknown>),
    0,
  );
}
