import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { lowestIdAt } from '../../core/ids/event-id.ts';
import { mergeNewestFirst } from './newest-first.ts';
import type { Item } from './tables.ts';

/** How many rows a search may read, and how many it has read, in all its queries together. */
export type Reading = { readonly rowsMax: number; rows: number; requests: number };

export const reading = (rowsMax = Number.POSITIVE_INFINITY): Reading => ({ rowsMax, rows: 0, requests: 0 });

const isSpent = ({ rows, rowsMax }: Reading) => rows >= rowsMax;

/**
 * A row that a search found. Without `row` it is the end of the reading: every row up to this id was
 * read, and the search goes on behind it.
 */
export type Found<Row> = { id: string; row?: Row };

/** Rows of a page: about a megabyte, which is all that a page can hold. */
export const pageRowsMax = 1_000;

/**
 * The items of a Query, newest first, by their sort key. Pages are read on demand, the first one in
 * any case, others only while the reading is not spent. `Limit` is for the first page; later ones
 * grow, since a reader that needs a second page needs many.
 */
export async function* foundItems(
  client: DynamoDBDocumentClient,
  query: QueryCommandInput & { Limit: number },
  progress: Reading,
): AsyncGenerator<Found<Item>> {
  let ExclusiveStartKey: QueryCommandInput['ExclusiveStartKey'];
  for (let Limit = query.Limit; ; Limit = Math.min(4 * Limit, pageRowsMax)) {
    const page = await client.send(new QueryCommand({ ...query, Limit, ExclusiveStartKey }));
    progress.requests++;
    progress.rows += page.ScannedCount ?? 0;
    for (const row of page.Items ?? []) yield { id: String(row.sk), row };
    ExclusiveStartKey = page.LastEvaluatedKey;
    if (ExclusiveStartKey === undefined) return;
    if (isSpent(progress)) {
      yield { id: String(ExclusiveStartKey.sk) };
      return;
    }
  }
}

/** Merges searches, newest first. It ends where the first of them does before its time. */
export async function* mergeFound<Row>(searches: AsyncIterable<Found<Row>>[]): AsyncGenerator<Found<Row>> {
  for await (const found of mergeNewestFirst(searches, ({ id }) => id)) {
    yield found;
    if (found.row === undefined) return;
  }
}

const dayMs = 86_400_000;

/**
 * Searches day by day, newest day first. A day is opened only when it is reached, and not any more
 * when the reading is spent.
 * @param days points in time, one in each UTC day
 */
export async function* foundByDay<Row>(
  days: number[],
  searchesOf: (dayMs: number) => AsyncIterable<Found<Row>>[],
  progress: Reading,
): AsyncGenerator<Found<Row>> {
  let newer: number | undefined;
  for (const day of days) {
    if (newer !== undefined && isSpent(progress)) {
      yield { id: lowestIdAt(Math.floor(newer / dayMs) * dayMs) };
      return;
    }
    for await (const found of mergeFound(searchesOf(day))) {
      yield found;
      if (found.row === undefined) return;
    }
    newer = day;
  }
}

/** Rows together, up to `size` of them, and the end of the reading alone. */
export async function* foundInChunks<Row>(
  search: AsyncIterable<Found<Row>>,
  size: number,
): AsyncGenerator<{ rows: Row[] } | { end: string }> {
  let rows: Row[] = [];
  for await (const { id, row } of search) {
    if (row !== undefined) rows.push(row);
    if (rows.length > 0 && (row === undefined || rows.length === size)) {
      yield { rows };
      rows = [];
    }
    if (row === undefined) yield { end: id };
  }
  if (rows.length > 0) yield { rows };
}

/** The rows alone, for readings that are not limited. */
export async function* rowsOf<Row>(search: AsyncIterable<Found<Row>>): AsyncGenerator<Row> {
  for await (const { row } of search) if (row !== undefined) yield row;
}
