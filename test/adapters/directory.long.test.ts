import { BatchGetCommand, DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { itemFromEntity, listPartition, makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { attributesBytesMax } from '../../shared/core/directory/merge-entity.ts';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import type { EntityRef } from '../../shared/core/ids/entity-ref.ts';
import { directoryContract } from '../contracts/directory.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeFakeDirectory } from '../support/fakes-workflow-trigger.ts';

const nowMs = Date.parse('2026-11-21T03:00:00Z');
const user = (id: string): EntityRef => ({ kind: 'user', id });

describe('the directory in memory', () => {
  const directory = makeFakeDirectory();
  directoryContract(() => directory);
});

describe('the directory in the embedded DynamoDB', () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.stop());
  directoryContract(() => makeDirectory(tables.client, tables.names.Directory));

  test('what a batch of events asks for at once is one consistent read', async () => {
    const directory = makeDirectory(tables.client, tables.names.Directory);
    const sent = jest.spyOn(DynamoDBDocumentClient.prototype, 'send');
    await Promise.all(Array.from({ length: 10 }, (_, i) => directory.readEach([user(`u${i}`), user('shared')])));
    const commands = sent.mock.calls.map(([command]) => command);
    sent.mockRestore();
    expect(commands).toHaveLength(1);
    const request = (commands[0] as BatchGetCommand).input.RequestItems?.[tables.names.Directory];
    expect([request?.Keys?.length, request?.ConsistentRead]).toEqual([11, true]);
  });

  test('what the table leaves unprocessed is asked for again until it is there', async () => {
    const directory = makeDirectory(tables.client, tables.names.Directory);
    const refs = Array.from({ length: 30 }, (_, i) => user(`partly-${i}`));
    await upsertEntities(
      refs.map((ref) => ({ ref, attributes: {}, sourceTimeMs: 1 })),
      directory,
      nowMs,
    );
    const send = DynamoDBDocumentClient.prototype.send as (command: BatchGetCommand) => Promise<object>;
    let calls = 0;
    const spy = jest.spyOn(DynamoDBDocumentClient.prototype, 'send').mockImplementation(async function (
      this: DynamoDBDocumentClient,
      command: BatchGetCommand,
    ) {
      calls++;
      const { RequestItems } = command.input;
      const keys = RequestItems?.[tables.names.Directory]?.Keys ?? [];
      const request = { ...RequestItems?.[tables.names.Directory], Keys: keys.slice(0, 7) };
      const answer = await send.call(
        this,
        new BatchGetCommand({ RequestItems: { [tables.names.Directory]: request } }),
      );
      const left = keys.slice(7);
      return { ...answer, UnprocessedKeys: left.length > 0 ? { [tables.names.Directory]: { Keys: left } } : {} };
    } as never);
    const found = await directory.readEach(refs);
    spy.mockRestore();
    expect(found.map((one) => one?.ref)).toEqual(refs);
    expect(calls).toBe(5);
  });

  test('a table that processes nothing is trouble that may pass, never an empty answer', async () => {
    const directory = makeDirectory(tables.client, tables.names.Directory);
    const spy = jest.spyOn(DynamoDBDocumentClient.prototype, 'send').mockImplementation((async (
      command: BatchGetCommand,
    ) => ({
      UnprocessedKeys: command.input.RequestItems,
    })) as never);
    await expect(directory.readEach([user('u1')])).rejects.toMatchObject({ name: 'RetryableError' });
    spy.mockRestore();
  });

  test.each([
    ['ThrottlingException', 'RetryableError'],
    ['ProvisionedThroughputExceededException', 'RetryableError'],
    ['InternalServerError', 'RetryableError'],
    ['ValidationException', 'ValidationException'],
  ])('%s surfaces as %s', async (thrown, name) => {
    const directory = makeDirectory(tables.client, tables.names.Directory);
    const spy = jest.spyOn(DynamoDBDocumentClient.prototype, 'send').mockImplementation((async () => {
      throw Object.assign(new Error('no'), { name: thrown });
    }) as never);
    await expect(directory.readEach([user('u1')])).rejects.toMatchObject({ name });
    await expect(
      upsertEntities([{ ref: user('u1'), attributes: {}, sourceTimeMs: 1 }], directory, nowMs),
    ).rejects.toMatchObject({ name });
    spy.mockRestore();
  });

  test('an entity is found in the listing index, in the partition that it keeps for life', async () => {
    const directory = makeDirectory(tables.client, tables.names.Directory);
    const ref = user('listed');
    await upsertEntities([{ ref, attributes: { plan: 'a' }, sourceTimeMs: 1 }], directory, nowMs);
    await upsertEntities([{ ref, attributes: { plan: 'b' }, sourceTimeMs: 2 }], directory, nowMs);
    const page = await tables.client.send(
      new QueryCommand({
        TableName: tables.names.Directory,
        IndexName: 'list',
        KeyConditionExpression: '#list = :list AND pk = :pk',
        ExpressionAttributeNames: { '#list': 'list' },
        ExpressionAttributeValues: { ':list': listPartition(ref), ':pk': 'user#listed' },
      }),
    );
    expect(page.Items).toEqual([{ pk: 'user#listed', sk: 'profile', list: listPartition(ref) }]);
  });

  test('the largest user that is allowed fits the table', async () => {
    const directory = makeDirectory(tables.client, tables.names.Directory);
    const attributes = Object.fromEntries(
      Array.from({ length: 256 }, (_, i) => [`p${i}`, 'é'.repeat((attributesBytesMax / 256 - 12) / 2)]),
    );
    expect(
      await upsertEntities([{ ref: user('largest'), attributes, sourceTimeMs: 1 }], directory, nowMs),
    ).toMatchObject([{ kind: 'upserted' }]);
  });
});

test('an item is words that an engineer can read in the console', () => {
  const item = itemFromEntity({
    ref: { kind: 'object', collection: '$tenants', id: 't1' },
    attributes: { name: 'Orchard', plan: 'team', settings: { branding: {} } },
    sourceTimeMs: 5,
    propertyTimesMs: { plan: 4 },
    insertedAtMs: nowMs,
    updatedAtMs: nowMs,
    version: 2,
  });
  expect(item).toEqual({
    pk: 'object#$tenants/t1',
    sk: 'profile',
    list: expect.stringMatching(/^object#[0-7]$/),
    name: 'Orchard',
    settings: { branding: {} },
    properties: { plan: 'team' },
    source_time: 5,
    property_times: { plan: 4 },
    inserted_at: '2026-11-21T03:00:00.000Z',
    updated_at: '2026-11-21T03:00:00.000Z',
    version: 2,
  });
});
