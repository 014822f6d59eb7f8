import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { RetryableError } from '../core/errors.ts';
import { tableError } from './dynamodb.ts';

export type ItemKey = { pk: string; sk: string };
type Item = Record<string, unknown>;

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const keysMax = 100;
const idleAttemptsMax = 6;

export type GetEachOptions = {
  table: string;
  /** For error messages: "reading users and objects". */
  what: string;
  /** Attributes to return, always with the keys; absent: all. */
  attributes?: string[];
};

/**
 * Reads items consistently, a hundred to a call, answering in order. Items that DynamoDB leaves
 * unprocessed (throttling, or more than 16 MB) are requested again with back-off, as long as each
 * call returns some.
 * @throws RetryableError when the table is throttled or unavailable
 */
export async function getEach(
  client: DynamoDBDocumentClient,
  keys: ItemKey[],
  options: GetEachOptions,
): Promise<(Item | undefined)[]> {
  const unique = [...new Map(keys.map((key) => [nameOf(key), key])).values()];
  const found = new Map<string, Item>();
  const chunks = Array.from({ length: Math.ceil(unique.length / keysMax) }, (_, i) =>
    unique.slice(i * keysMax, (i + 1) * keysMax),
  );
  await Promise.all(chunks.map((chunk) => getChunk(client, chunk, options, found)));
  return keys.map((key) => found.get(nameOf(key)));
}

function nameOf({ pk, sk }: ItemKey): string {
  return `${pk}\n${sk}`;
}

async function getChunk(
  client: DynamoDBDocumentClient,
  keys: ItemKey[],
  { table, what, attributes }: GetEachOptions,
  found: Map<string, Item>,
): Promise<void> {
  const names = attributes && Object.fromEntries(['pk', 'sk', ...attributes].map((name, i) => [`#n${i}`, name]));
  let waiting: Item[] = keys;
  let idleAttempts = 0;
  while (waiting.length > 0) {
    const request = {
      Keys: waiting,
      ConsistentRead: true,
      ...(names && { ProjectionExpression: Object.keys(names).join(', '), ExpressionAttributeNames: names }),
    };
    const answer = await client.send(new BatchGetCommand({ RequestItems: { [table]: request } })).catch((error) => {
      throw tableError(error, what);
    });
    for (const item of answer.Responses?.[table] ?? []) found.set(nameOf(item as ItemKey), item);
    const left = answer.UnprocessedKeys?.[table]?.Keys ?? [];
    idleAttempts = left.length < waiting.length ? 0 : idleAttempts + 1;
    if (idleAttempts === idleAttemptsMax) throw new RetryableError(`${what}: the table left them unprocessed`);
    waiting = left;
    // Full jitter: 50 ms doubling.
    if (waiting.length > 0) await sleep(Math.random() * 50 * 2 ** idleAttempts);
  }
}
