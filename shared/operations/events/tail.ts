import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLogEntry, EventStatus } from '../../core/logs/event-log-entry.ts';
import { actionLogOf, readActionLogs } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { pickSources, readSources } from '../sources/known-sources.ts';
import { type EventRow, eventRow } from './event-row.ts';
import { eventLogOf, listEvents } from './events.ts';

export type TailFilter = {
  source?: string | undefined;
  eventType?: string;
  statuses?: readonly EventStatus[];
  userId?: string;
  /** The number of existing rows to begin with. */
  backlog: number;
};

/**
 * Finds rows that a follower has not shown yet. Ids sort by receipt, but rows appear after
 * processing, for a retried event hours later. So "after the last id" would skip rows. Instead it
 * remembers shown rows by id and status; a `failed` row that a replay turns into `processed` is
 * shown again.
 */
export function makeNewsFilter(): {
  news(entries: EventLogEntry[]): EventLogEntry[];
  forgetBefore(timeMs: number): void;
} {
  const shown = new Map<string, { status: EventStatus; receivedAtMs: number }>();
  return {
    news(entries) {
      return entries.filter(({ id, status, receivedAtMs }) => {
        if (shown.get(id)?.status === status) return false;
        shown.set(id, { status, receivedAtMs });
        return true;
      });
    },
    forgetBefore(timeMs) {
      for (const [id, { receivedAtMs }] of shown) if (receivedAtMs < timeMs) shown.delete(id);
    },
  };
}

const pollMs = 1_000;
// Most events are processed within seconds, so the last two minutes are read every second. Retried
// or replayed events come later, so every half minute it reads the last hour.
const closeLookMs = 2 * 60_000;
const wideLookMs = 60 * 60_000;
const wideLookEveryMs = 30_000;
// With more rows than this in an hour, late ones can be missed; `events` lists them.
const rowsMax = 50_000;

/** New rows as they appear, oldest first, in batches; never ends by itself. */
export async function* tailEvents(
  environment: Environment,
  { source, backlog, ...filter }: TailFilter,
): AsyncGenerator<EventRow[]> {
  const log = eventLogOf(environment);
  const filterNews = makeNewsFilter();
  let sources = pickSources((await readSources(environment)).known, source);
  const read = (sinceMs: number, limit: number) =>
    listEvents(log, { ...filter, sources, sinceMs, untilMs: Date.now() + closeLookMs, limit });
  const rowsOf = async (entries: EventLogEntry[]) => {
    const logs = await readActionLogs(actionLogOf(environment), entries);
    return entries.map((entry) => eventRow(entry, logs.get(entry.execution ?? '')));
  };

  const first = filterNews.news(await read(Date.now() - wideLookMs, rowsMax));
  if (first.length > 0) yield await rowsOf(first.slice(0, backlog).reverse());
  let wideLookDueMs = Date.now() + wideLookEveryMs;
  for (;;) {
    await sleep(pollMs);
    const nowMs = Date.now();
    const wide = nowMs >= wideLookDueMs;
    if (wide) {
      // Sources that were added meanwhile are followed too.
      sources = pickSources((await readSources(environment)).known, source);
      filterNews.forgetBefore(nowMs - 2 * wideLookMs);
      wideLookDueMs = nowMs + wideLookEveryMs;
    }
    const news = filterNews.news(await read(nowMs - (wide ? wideLookMs : closeLookMs), rowsMax));
    if (news.length > 0) yield await rowsOf(news.reverse());
  }
}
