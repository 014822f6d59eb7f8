import { randomBytes } from 'node:crypto';
import { DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { entryFromItem, itemFromEntry, makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { bucketOf } from '../../shared/adapters/dynamodb-event-log.ts';
import { packJson, unpackJson } from '../../shared/adapters/packed-json.ts';
import { invocationId } from '../../shared/core/ids/invocation-id.ts';
import { itemBytes, itemBytesMax, writeUnits } from '../../shared/core/json/item-bytes.ts';
import { type ActionLogEntry, type ActionOutcome, lacksParameters } from '../../shared/core/logs/action-log-entry.ts';
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

  test('a row whose packed part cannot be read is told with its execution, at each read, and is answered all the same', async () => {
    const told: string[] = [];
    const { client, names } = tables;
    const table = names.ActionLog;
    const onUnreadable = (execution: string, { message }: Error) => told.push(`${execution}: ${message}`);
    const entry = actionEntry();
    const item = itemFromEntry(entry, 30);
    await client.send(new PutCommand({ TableName: table, Item: { ...item, packed: Buffer.of(250, 1) } }));
    const log = makeActionLog({ client, table, retentionDays: 30, onUnreadable });
    expect((await log.read(entry.execution))?.actions.map(({ status }) => status)).toEqual(
      entry.actions.map(({ status }) => status),
    );
    expect(told).toEqual([expect.stringMatching(new RegExp(`^${entry.execution}: dictionary 250 is not known here`))]);
  });

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

describe('the write units of a typical order', () => {
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
  const actions = (count: number, change: Partial<ActionOutcome> = {}) =>
    Array.from({ length: count }, (_, i) => {
      const id = invocationId('x', String(i));
      return actionOutcome({ id, mapping: `order-${i}`, payload, result: { id, runs: 1 }, ...change });
    });
  const itemOf = (entry: ActionLogEntry) => itemFromEntry(entry, 30);

  test.each([1, 2, 3])('with %d actions are one', (count) => {
    const entry = actionEntry({ actions: actions(count) });
    expect(writeUnits(itemOf(entry))).toBe(1);
    expect(entryFromItem(itemOf(entry))).toEqual(entry);
  });

  test('with three actions would be two without packing', () => {
    expect('packed' in itemOf(actionEntry({ actions: actions(3) }))).toBe(true);
  });

  // What runs again, or waits, may meet older code after a rollback.
  test.each<Partial<ActionOutcome>>([
    { status: 'pending', retryAtMs: 1_800_000_000_000, progress: { done: 1 } },
    { status: 'failed', reason: 'target_refused' },
    { status: 'skipped', reason: 'recipient_unknown' },
  ])('are two when one action is not done: $status', (change) => {
    const [first, second] = actions(2);
    const entry = actionEntry({ actions: [first, second, ...actions(1, change)] as ActionOutcome[] });
    const item = itemOf(entry);
    expect([writeUnits(item), 'packed' in item]).toEqual([2, false]);
    expect(entryFromItem(item)).toEqual(entry);
  });

  test('a packed row shows older code which actions are done, so that it repeats none', () => {
    const item = itemOf(actionEntry({ actions: actions(3) }));
    const kept = actions(3).map(({ id, action, mapping, status, attempts }) => ({
      id,
      action,
      mapping,
      status,
      attempts,
    }));
    expect(item.actions).toEqual(kept);
    expect(unpackJson(item.payloads as Uint8Array)).toEqual([{}, {}, {}]);
  });

  const spoilt: [what: string, spoil: (packed: Uint8Array) => Uint8Array, why: string][] = [
    [
      'of a newer version, with a dictionary not known here,',
      (packed) => Buffer.concat([Buffer.of(250), packed.subarray(1)]),
      'dictionary 250 is not known here: a newer version wrote the row',
    ],
    ['whose packed part is cut off', (packed) => packed.subarray(0, packed.length - 3), 'unexpected end of file'],
    ['whose packed part is not ours', () => Buffer.from('something else'), 'dictionary 115 is not known here'],
  ];

  test.each(spoilt)('a row %s shows which actions are done, and each says what cannot be read', (_, spoil, why) => {
    const { packed, ...rest } = itemOf(actionEntry({ actions: actions(3) }));
    const told: string[] = [];
    const item = { ...rest, packed: spoil(packed as Uint8Array) };
    const read = entryFromItem(item, ({ message }) => told.push(message));
    expect(told).toEqual([expect.stringContaining(why)]);
    expect(read.actions.map(({ id, status, payload }) => ({ id, status, payload }))).toEqual(
      actions(3).map(({ id, status }) => ({ id, status, payload: {} })),
    );
    for (const { warnings } of read.actions)
      expect(warnings).toEqual([{ code: 'row_unreadable', message: expect.stringContaining(why) }]);
  });

  // Its parameters would be empty: an identify without a user, a trigger without recipients.
  test('no action of such a row runs again with the parameters that it shows', () => {
    const { packed: _packed, ...rest } = itemOf(actionEntry({ actions: actions(3) }));
    const { actions: read } = entryFromItem({ ...rest, packed: Buffer.from('something else') });
    expect(read.map(lacksParameters)).toEqual([true, true, true]);
  });
});

describe('a row always fits its item', () => {
  /** Parameters that compress as little as an event may. */
  const large = (bytes: number) => ({ text: randomBytes((bytes * 3) / 4).toString('base64') });
  const entryWith = (actions: ActionOutcome[]) =>
    actionEntry({
      actions: actions.map((action, i) => ({ ...action, id: invocationId('x', String(i)), mapping: `m${i}` })),
    });

  test.each([
    [2, 205],
    [4, 105],
    [8, 60],
  ])('%d mappings of one event of %d KB: all parameters are kept, and read as they were', (count, kilobytes) => {
    const payload = large(kilobytes * 1024);
    const entry = entryWith(Array.from({ length: count }, () => actionOutcome({ payload })));
    const item = itemFromEntry(entry, 30);
    expect(itemBytes(item)).toBeLessThan(kilobytes * 1024);
    expect(entryFromItem(item).actions).toEqual(entry.actions);
  });

  test('a row of one action, and one from before, has its parameters with the action', () => {
    const item = itemFromEntry(entryWith([actionOutcome()]), 30);
    expect(item.payloads).toBeUndefined();
    const two = entryWith([actionOutcome(), actionOutcome({ payload: { other: 1 } })]);
    const { payloads: _payloads, ...before } = itemFromEntry(two, 30);
    const actions = (before.actions as object[]).map((action, i) => ({
      ...action,
      payload: packJson(two.actions[i]?.payload ?? {}),
    }));
    expect(entryFromItem({ ...before, actions }).actions).toEqual(two.actions);
  });

  test('parameters of actions that are over go first, with a warning; those of a failure stay', () => {
    const [over, failed] = [large(380 * 1024), large(250 * 1024)];
    const entry = entryWith([
      actionOutcome({ payload: over }),
      actionOutcome({ status: 'failed', reason: 'target_refused', payload: failed }),
    ]);
    const item = itemFromEntry(entry, 30);
    expect(itemBytes(item)).toBeLessThanOrEqual(itemBytesMax);
    expect(entryFromItem(item).actions).toMatchObject([
      { payload: {}, warnings: [{ code: 'parameters_not_kept' }] },
      { payload: failed },
    ]);
  });

  test('two hundred actions with all the warnings there can be are cut to few words', () => {
    const warnings = Array.from({ length: 20 }, () => ({ code: 'x', message: 'é'.repeat(512) }));
    const entry = entryWith(Array.from({ length: 200 }, () => actionOutcome({ warnings, detail: 'é'.repeat(512) })));
    const item = itemFromEntry(entry, 30);
    expect(itemBytes(item)).toBeLessThanOrEqual(itemBytesMax);
    expect(entryFromItem(item).actions).toHaveLength(200);
  });
});
