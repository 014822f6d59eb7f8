import { setTimeout as sleep } from 'node:timers/promises';
import { type ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { RetryableError } from '../core/errors.ts';
import { callLimits, endable } from './aws-calls.ts';

/**
 * One document client per process. Endpoint, region and credentials come from the environment, as
 * the SDK reads them. A call that never ends fails after four attempts of three seconds.
 */
export function makeDocumentClient(
  config: ConstructorParameters<typeof DynamoDBClient>[0] = {},
): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(
    endable(new DynamoDBClient({ ...callLimits({ attempts: 4, attemptMs: 3000 }), ...config })),
    {
      marshallOptions: { removeUndefinedValues: true },
    },
  );
}

// These errors mean that the request itself is wrong: no later attempt can succeed.
const finalErrors = new Set(['ValidationException', 'ItemCollectionSizeLimitExceededException']);

/** Turns the SDK's errors into RetryableError, unless the request itself was wrong. */
export function tableError(error: unknown, what: string): Error {
  if (error instanceof Error && finalErrors.has(error.name)) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new RetryableError(`${what}: ${reason}`, { cause: error });
}

/**
 * The result of a conditional write. `item` is the item that failed the condition, if the table
 * returns it.
 */
export type WriteAnswer<Output> = { kind: 'written'; output: Output } | { kind: 'refused'; item?: StoredItem };
type StoredItem = NonNullable<ConditionalCheckFailedException['Item']>;

/**
 * The answer to a conditional write. A condition that doesn't hold is an expected "no", so it is a
 * value.
 * @throws RetryableError when the table is throttled or unavailable; the error itself when the
 * request is invalid
 */
export async function answerOf<Output>(write: Promise<Output>, what: string): Promise<WriteAnswer<Output>> {
  try {
    return { kind: 'written', output: await write };
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw tableError(error, what);
    const { Item: item } = error as ConditionalCheckFailedException;
    return item === undefined ? { kind: 'refused' } : { kind: 'refused', item };
  }
}

/**
 * True when a conditional write went through, false when its condition didn't hold. Throws like
 * `answerOf`.
 */
export async function writeIf(write: Promise<unknown>, what: string): Promise<boolean> {
  return (await answerOf(write, what)).kind === 'written';
}

export type TableItem = Record<string, unknown> & { pk: string; sk: string };
export type Put = { table: string; item: TableItem };

const batchItemsMax = 25;
// BatchWriteItem takes 16 MB; items are at most 400 KB, so 25 of them always fit.

/**
 * Puts items unconditionally, 25 to a call, into any mix of tables. Answers per put, in order:
 * undefined, or why it was not written. Several puts of one key become one (the last). Unprocessed
 * items are sent again with back-off. A batch that is refused as invalid is written item by item,
 * so that one bad item does not block the others.
 */
export async function putEach(client: DynamoDBDocumentClient, puts: Put[]): Promise<(Error | undefined)[]> {
  const lastOfKey = new Map<string, Put>();
  for (const put of puts) lastOfKey.set(keyOf(put), put);
  const errors = new Map<string, Error>();
  const unique = [...lastOfKey.values()];
  const batches: Put[][] = [];
  for (let i = 0; i < unique.length; i += batchItemsMax) batches.push(unique.slice(i, i + batchItemsMax));
  await Promise.all(batches.map((batch) => putBatch(client, batch, errors)));
  return puts.map((put) => errors.get(keyOf(put)));
}

function keyOf({ table, item }: Put): string {
  return `${table}\n${item.pk}\n${item.sk}`;
}

const unprocessedAttemptsMax = 6;

async function putBatch(client: DynamoDBDocumentClient, batch: Put[], errors: Map<string, Error>): Promise<void> {
  let waiting = batch;
  for (let attempt = 1; waiting.length > 0; attempt++) {
    try {
      const answer = await client.send(new BatchWriteCommand({ RequestItems: requestItems(waiting) }));
      waiting = unprocessedOf(answer.UnprocessedItems);
    } catch (error) {
      if (error instanceof Error && error.name === 'ValidationException' && waiting.length > 1) {
        await Promise.all(waiting.map((put) => putBatch(client, [put], errors)));
        return;
      }
      for (const put of waiting) errors.set(keyOf(put), tableError(error, 'writing rows'));
      return;
    }
    if (waiting.length > 0 && attempt === unprocessedAttemptsMax) {
      for (const put of waiting)
        errors.set(keyOf(put), new RetryableError('writing rows: the table left them unprocessed'));
      return;
    }
    // Full jitter, 50 ms doubling.
    if (waiting.length > 0) await sleep(Math.random() * 50 * 2 ** attempt);
  }
}

function requestItems(puts: Put[]) {
  const byTable: Record<string, { PutRequest: { Item: TableItem } }[]> = {};
  for (const { table, item } of puts) {
    byTable[table] ??= [];
    byTable[table].push({ PutRequest: { Item: item } });
  }
  return byTable;
}

function unprocessedOf(
  items: Record<string, { PutRequest?: { Item: Record<string, unknown> | undefined } | undefined }[]> = {},
): Put[] {
  return Object.entries(items).flatMap(([table, requests]) =>
    requests.flatMap((request) =>
      request.PutRequest?.Item ? [{ table, item: request.PutRequest.Item as TableItem }] : [],
    ),
  );
}

const partitionKeyBytesMax = 2048;

/**
 * DynamoDB refuses an index's partition key that is empty or over 2,048 bytes; such a row is left
 * out of the index.
 */
export function indexPartition(text: string): string | undefined {
  return text !== '' && Buffer.byteLength(text) <= partitionKeyBytesMax ? text : undefined;
}
