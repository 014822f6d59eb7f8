import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Page, PageRequest } from '../ports/subscriptions.ts';
import { type ListedKind, listBuckets, listPartitionOf } from './dynamodb-directory.ts';

export type Listing = {
  kind: ListedKind;
  /** Objects of one collection only; `$tenants` for tenants. */
  collection?: string;
};

const sortKeyOf = { user: 'profile', object: 'profile', audience: 'audience' } as const satisfies Record<
  ListedKind,
  string
>;

/**
 * The names in the directory, in order: ids of users, `collection/id` of objects, keys of audiences
 * that an action made. One Query of index `list` per bucket and page. Indexes are a moment behind,
 * so this is for operators, not for actions.
 */
export async function listDirectory(
  client: DynamoDBDocumentClient,
  table: string,
  { kind, collection }: Listing,
  { limit, after }: PageRequest,
): Promise<Page<string>> {
  const prefix = `${kind}#${collection === undefined ? '' : `${collection}/`}`;
  const buckets = await Promise.all(
    Array.from({ length: listBuckets }, async (_, bucket) => {
      const answer = await client.send(
        new QueryCommand({
          TableName: table,
          IndexName: 'list',
          KeyConditionExpression: '#list = :list AND begins_with(pk, :prefix)',
          ExpressionAttributeNames: { '#list': 'list' },
          ExpressionAttributeValues: { ':list': listPartitionOf(kind, bucket), ':prefix': prefix },
          // The end of the last page; that name need not be in this bucket.
          ...(after !== undefined && {
            ExclusiveStartKey: { list: listPartitionOf(kind, bucket), pk: `${kind}#${after}`, sk: sortKeyOf[kind] },
          }),
          Limit: limit,
        }),
      );
      const names = (answer.Items ?? []).map((item) => String(item.pk).slice(kind.length + 1));
      return { names, isMore: answer.LastEvaluatedKey !== undefined };
    }),
  );
  const found = buckets.flatMap(({ names }) => names).sort(byBytes);
  const entries = found.slice(0, limit);
  const isMore = found.length > limit || buckets.some((bucket) => bucket.isMore);
  const last = entries.at(-1);
  return { entries, ...(isMore && last !== undefined && { next: last }) };
}

/** DynamoDB sorts by UTF-8 bytes; JavaScript's own order differs beyond U+FFFF. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
