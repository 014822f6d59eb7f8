import { iso } from '../words/iso.ts';
import type { Looked, Search } from './search.ts';
import type { SearchRange } from './search-range.ts';

/** Rows that have a value in common. `--json` of `--group-by`. */
export type Group = {
  /** Null: rows without a value. */
  value: string | null;
  count: number;
  first_at: string;
  last_at: string;
  /** The id of the newest. */
  example: string;
  /** How many came in each of equally long parts of the time that was looked at, oldest first. */
  trend: number[];
};

export const trendParts = 24;
// Counted in finer parts, since how far back a search looks is known only at its end.
const fineParts = 960;

export type Groups = {
  add(value: string | null, timeMs: number, id: string): void;
  /** Largest first. */
  list(lookedBackToMs: number): Group[];
};

/** Counts rows by value. The ends of the range are epoch milliseconds. */
export function makeGroups({ sinceMs, untilMs }: { sinceMs: number; untilMs: number }): Groups {
  const byValue = new Map<string | null, { count: number; first: number; last: number; id: string; fine: number[] }>();
  const partMs = Math.max(1, (untilMs - sinceMs) / fineParts);
  const partOf = (timeMs: number) => Math.min(fineParts - 1, Math.max(0, Math.floor((timeMs - sinceMs) / partMs)));
  return {
    add(value, timeMs, id) {
      const group = byValue.get(value) ?? { count: 0, first: timeMs, last: timeMs, id, fine: [] };
      byValue.set(value, group);
      group.count++;
      group.first = Math.min(group.first, timeMs);
      if (timeMs > group.last) Object.assign(group, { last: timeMs, id });
      const part = partOf(timeMs);
      group.fine[part] = (group.fine[part] ?? 0) + 1;
    },
    list(lookedBackToMs) {
      const begin = partOf(lookedBackToMs);
      const width = (fineParts - begin) / trendParts;
      return [...byValue]
        .map(([value, { count, first, last, id, fine }]): Group => {
          const trend = Array.from({ length: trendParts }, () => 0);
          for (const [part, counted] of Object.entries(fine)) {
            const coarse = Math.min(trendParts - 1, Math.max(0, Math.floor((Number(part) - begin) / width)));
            trend[coarse] = (trend[coarse] ?? 0) + counted;
          }
          return { value, count, first_at: iso(first), last_at: iso(last), example: id, trend };
        })
        .sort((a, b) => b.count - a.count || (a.last_at < b.last_at ? 1 : -1));
    },
  };
}

/** What a search counted. `count`: its rows; the groups' sum is larger where a row has several values. */
export type Grouped = { groups: Group[]; count: number; looked: Looked; range: SearchRange };

/**
 * Counts the rows of a search by a value, with the event of the newest of each as an example.
 * @param read the values of a row, the event that it is of, and when that was received
 */
export async function groupSearch<Row>(
  { rows, looked, range }: Search<Row> & { range: SearchRange },
  read: (row: Row) => { values: (string | null)[]; receivedAtMs: number; eventId: string },
): Promise<Grouped> {
  const groups = makeGroups(range);
  let count = 0;
  for await (const row of rows) {
    count++;
    const { values, receivedAtMs, eventId } = read(row);
    for (const value of values) groups.add(value, receivedAtMs, eventId);
  }
  const { back_to } = looked();
  const backToMs = back_to === null ? range.sinceMs : Date.parse(back_to);
  return { groups: groups.list(backToMs), count, looked: looked(), range };
}
