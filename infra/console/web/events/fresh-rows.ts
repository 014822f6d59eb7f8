import { useCallback, useEffect, useMemo, useState } from 'react';
import type { ListedEvent } from '../../../../shared/operations/events/listed-event.ts';

type Rows = ReadonlyMap<string, ListedEvent>;

/**
 * Rows that came while the page is open. While the person reads further down they wait, so that
 * nothing moves under the eyes.
 */
export function useFreshRows(listed: readonly ListedEvent[]) {
  const [fresh, setFresh] = useState<Rows>(new Map());
  const [waiting, setWaiting] = useState<Rows>(new Map());
  const [isAtTop, setAtTop] = useState(true);
  const known = useMemo(() => new Set(listed.map(({ id }) => id)), [listed]);
  const release = useCallback(() => {
    setFresh((before) => new Map([...before, ...waiting]));
    setWaiting(new Map());
  }, [waiting]);
  useEffect(() => {
    if (isAtTop && waiting.size > 0) release();
  }, [isAtTop, waiting, release]);
  const add = (rows: readonly ListedEvent[]) => {
    const isShown = ({ id }: ListedEvent) => isAtTop || known.has(id) || fresh.has(id);
    const entries = (of: readonly ListedEvent[]) => of.map((row) => [row.id, row] as const);
    setFresh((before) => new Map([...before, ...entries(rows.filter(isShown))]));
    setWaiting((before) => new Map([...before, ...entries(rows.filter((row) => !isShown(row)))]));
  };
  /** Whether it was not listed, and did not come before. */
  const isFresh = ({ id }: ListedEvent) => !known.has(id) && !fresh.has(id) && !waiting.has(id);
  /** What was just changed is read anew with the list. */
  const forget = useCallback(() => setFresh(new Map()), []);
  const rows = useMemo(() => merged(listed, known, fresh), [listed, known, fresh]);
  return { rows, held: waiting.size, add, release, setAtTop, forget, isFresh };
}

/** Listed rows, each as it was last seen, and new ones in their place. Ids sort by time. */
function merged(listed: readonly ListedEvent[], known: ReadonlySet<string>, fresh: Rows): readonly ListedEvent[] {
  if (fresh.size === 0) return listed;
  const last = listed.at(-1)?.id ?? '';
  // An older one than the last that is listed comes with its page.
  const added = [...fresh.values()].filter(({ id }) => !known.has(id) && id > last).sort(newestFirst);
  const updated = [...fresh.keys()].some((id) => known.has(id))
    ? listed.map((row) => fresh.get(row.id) ?? row)
    : listed;
  if (added.length === 0) return updated;
  const first = updated[0]?.id ?? '';
  // Nearly always all of them are newer than what is listed, which then need not be sorted.
  return added.every(({ id }) => id > first) ? [...added, ...updated] : [...added, ...updated].sort(newestFirst);
}

const newestFirst = (a: ListedEvent, b: ListedEvent) => (a.id < b.id ? 1 : -1);
