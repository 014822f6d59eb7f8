import { eventIdTimeMs } from '../../core/ids/event-id.ts';
import { iso } from '../words/iso.ts';
import type { Found, Reading } from './reading.ts';

/**
 * Rows that a search looks at before it stops and says how to go on, if the table itself can tell
 * which ones fit, and if their texts or their actions must be read to tell. About ten seconds each.
 */
export const rowsLookedAt = { byTable: 100_000, byContent: 10_000 } as const;

/** How far a search looked. */
export type Looked = {
  /** Rows that were read, whether they fit or not. */
  rows: number;
  /** Where to go on after `rowsLookedAt` rows; null: the search came to the end of its range. */
  next: string | null;
  /** Then: everything since this time was looked at. */
  back_to: string | null;
};

/** A search under way. */
export type Search<Row> = {
  rows: AsyncIterable<Row>;
  /** Goes on right behind this row. */
  cursorOf(row: Row): string;
  /** So far; final once `rows` has ended. */
  looked(): Looked;
};

/** A page of a list, as data. */
export type SearchPage<Row> = {
  rows: Row[];
  /** The cursor of the next page; null at the end. */
  next: string | null;
  looked: Looked;
};

export function searchOf<Row>(
  found: AsyncIterable<Found<Row>>,
  progress: Reading,
  cursorOf: (row: Row) => string,
  endOf = (id: string) => ({ next: id, backToMs: eventIdTimeMs(id) }),
): Search<Row> {
  let end: { next: string; backToMs: number } | undefined;
  const rows = async function* () {
    for await (const { id, row } of found) {
      if (row !== undefined) yield row;
      else end = endOf(id);
    }
  };
  const looked = () => ({
    rows: progress.rows,
    next: end?.next ?? null,
    back_to: end === undefined ? null : iso(end.backToMs),
  });
  return { rows: rows(), cursorOf, looked };
}

/** The first rows of a search, and where to go on. */
export async function pageOf<Row>({ rows, cursorOf, looked }: Search<Row>, limit: number): Promise<SearchPage<Row>> {
  const page: Row[] = [];
  let isMore = false;
  for await (const row of rows) {
    isMore = page.length === limit;
    if (isMore) break;
    page.push(row);
  }
  const last = page.at(-1);
  const next = isMore && last !== undefined ? cursorOf(last) : looked().next;
  return { rows: page, next, looked: looked() };
}
