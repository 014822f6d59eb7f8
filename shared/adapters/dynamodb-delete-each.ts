import { setTimeout as sleep } from 'node:timers/promises';
import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { RetryableError } from '../core/errors.ts';
import { tableError } from './dynamodb.ts';
import type { ItemKey } from './dynamodb-get-each.ts';

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
const keysMax = 25;
const attemptsMax = 6;

/**
 * Deletes items unconditionally, 25 to a call; one that is not there is no error. What DynamoDB leaves
 * unprocessed is sent again with back-off.
 * @throws RetryableError when the table is throttled or unavailable; some may be deleted then
 */
export async function deleteEach(
  client: DynamoDBDocumentClient,
  keys: readonly ItemKey[],
  { table, what }: { table: string; what: string },
): Promise<void> {
  // A batch may not name a key twice.
  const unique = [...new Map(keys.map(({ pk, sk }) => [`${pk}\n${sk}`, { pk, sk }])).values()];
  const chunks = Array.from({ length: Math.ceil(unique.length / keysMax) }, (_, i) =>
    unique.slice(i * keysMax, (i + 1) * keysMax),
  );
  await Promise.all(chunks.map((chunk) => deleteChunk(client, chunk, { table, what })));
}

async function deleteChunk(
  client: DynamoDBDocumentClient,
  keys: ItemKey[],
  { table, what }: { table: string; what: string },
): Promise<void> {
  let requests: object[] = keys.map((Key) => ({ DeleteRequest: { Key } }));
  for (let attempt = 1; requests.length > 0; attempt++) {
    const answer = await client
      .send(new BatchWriteCommand({ RequestItems: { [table]: requests as { DeleteRequest: { Key: ItemKey } }[] } }))
      .catch((error) => {
        throw tableError(error, what);
      });
    requests = answer.UnprocessedItems?.[table] ?? [];
    if (requests.length === 0) return;
    if (attempt === attemptsMax) throw new RetryableError(`${what}: the table left them unprocessed`);
    // Full jitter, 50 ms doubling.
    await sleep(Math.random() * 50 * 2 ** attempt);
  }
}
