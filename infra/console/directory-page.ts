import { take } from '../../shared/operations/tables/newest-first.ts';

type Names<Entry, Row> = { limit: number; rowOf(entry: Entry): Row; nameOf(row: Row): string };

/** A page of a list by name; `next` is the name that the page after it goes on behind. */
export async function pageOfNames<Entry, Row>(
  found: AsyncIterable<Entry>,
  { limit, rowOf, nameOf }: Names<Entry, Row>,
): Promise<{ rows: Row[]; next: string | null }> {
  const entries = await take(found, limit + 1);
  const rows = entries.slice(0, limit).map(rowOf);
  const last = rows.at(-1);
  return { rows, next: entries.length > limit && last !== undefined ? nameOf(last) : null };
}
