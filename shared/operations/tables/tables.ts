import {
  type DynamoDBDocumentClient,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
} from '@aws-sdk/lib-dynamodb';

export type Item = Record<string, unknown>;

/**
 * The items of a Query, read page by page on demand: a reader that stops early pays for no further
 * page.
 */
export async function* queryItems(
  client: DynamoDBDocumentClient,
  query: QueryCommandInput,
  onPage: (page: QueryCommandOutput) => void = () => undefined,
): AsyncGenerator<Item> {
  let ExclusiveStartKey = query.ExclusiveStartKey;
  do {
    const page = await client.send(new QueryCommand({ ...query, ExclusiveStartKey }));
    onPage(page);
    yield* page.Items ?? [];
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

/** The table's own key of an item from an index: all indexes carry it. */
export function baseKey({ pk, sk }: Item): { pk: string; sk: string } {
  return { pk: String(pk), sk: String(sk) };
}
