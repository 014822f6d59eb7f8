import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { DirectoryList, Listing } from '../ports/directory.ts';
import type { Page, PageRequest } from '../ports/subscriptions.ts';
import { tableError } from './dynamodb.ts';
import { listBuckets, listPartitionOf } from './dynamodb-directory.ts';

const sortKeyOf = { user: 'profile', object: 'profile', audience: 'audience' } as const satisfies Record<
  Listing['kind'],
  string
>;

/** One Query of index `list` per bucket and page; buckets are merged by name. */
export function makeDirectoryList(client: DynamoDBDocumentClient, table: string): DirectoryList {
  async function inBucket(
    bucket: number,
    { kind, collection }: Listing,
    { limit, after, before }: PageRequest,
  ): Promise<Page<string>> {
    const list = listPartitionOf(kind, bucket);
    // The edge of the last page; that name need not be in this bucket.
    const edge = before ?? after;
    const answer = await client
      .send(
        new QueryCommand({
          TableName: table,
          IndexName: 'list',
          KeyConditionExpression: '#list = :list AND begins_with(pk, :prefix)',
          ExpressionAttributeNames: { '#list': 'list' },
          ExpressionAttributeValues: {
            ':list': list,
            ':prefix': `${kind}#${collection === undefined ? '' : `${collection}/`}`,
          },
          ScanIndexForward: before === undefined,
          ...(edge !== undefined && { ExclusiveStartKey: { list, pk: `${kind}#${edge}`, sk: sortKeyOf[kind] } }),
          Limit: limit,
        }),
      )
      .catch((error) => {
        throw tableError(error, 'listing the directory');
      });
    const entries = (answer.Items ?? []).map((item) => String(item.pk).slice(kind.length + 1));
    return { entries, ...(answer.LastEvaluatedKey !== undefined && { next: 'more' }) };
  }

  return {
    async page(listing, request) {
      const buckets = await Promise.all(
        Array.from({ length: listBuckets }, (_, bucket) => inBucket(bucket, listing, request)),
      );
      const found = buckets.flatMap(({ entries }) => entries).sort(byBytes);
      const isBackward = request.before !== undefined;
      const entries = isBackward ? found.slice(-request.limit) : found.slice(0, request.limit);
      const isMore = found.length > request.limit || buckets.some(({ next }) => next !== undefined);
      const edge = entries.at(isBackward ? 0 : -1);
      return { entries, ...(isMore && edge !== undefined && { next: edge }) };
    },
  };
}

/** DynamoDB sorts by UTF-8 bytes; JavaScript's own order differs beyond U+FFFF. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
