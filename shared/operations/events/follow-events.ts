import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry, EventStatus } from '../../core/logs/event-log-entry.ts';
import { actionLogOf, readActionLogs } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { type KnownSource, pickSources, readSources } from '../sources/known-sources.ts';
import {
  closeLookMs,
  type FollowClock,
  type FollowNote,
  keepLooking,
  type Look,
  type Looking,
  realClock,
  wideLookMs,
} from '../tables/follow.ts';
import { type Found, reading } from '../tables/reading.ts';
import { pageOf } from '../tables/search.ts';
import { type EventSearch, type FoundEvent, filterOf, keepWanted, needsActions, searchEvents } from './event-search.ts';
import { type EventFilter, eventLogOf, findEvents } from './events.ts';

export type Followed = { events: FoundEvent[] } | { note: FollowNote };

const rowsMax = 50_000;
const clockSkewMs = 5 * 60_000;

/**
 * Events of a search as they are logged, oldest first, in batches; never ends by itself. It shows an
 * event again only when its status changed, for example after a replay. Times of the search have no
 * meaning here.
 *
 * @param backlog the number of existing events to begin with
 * @throws Refusal for an unknown source, and whatever makes the first reading fail; later it says
 * that it is blind, and goes on
 */
export async function* followEvents(
  environment: Environment,
  search: EventSearch,
  backlog: number,
  clock: FollowClock = realClock,
): AsyncGenerator<Followed> {
  const { since_ms: _since, until_ms: _until, after: _after, ...wanted } = search;
  const seen = makeNewsFilter();
  const directory = await readSources(environment);
  let sources = pickSources(directory.known, search.source);

  const startedMs = clock.nowMs();
  const options = { nowMs: startedMs, limit: backlog };
  const first = searchEvents(environment, directory, { ...wanted, since_ms: startedMs - wideLookMs }, options);
  const { rows: events } = await pageOf(first, backlog);
  for (const { entry } of events) seen.remember(entry);
  // Functions have clocks of their own, so a row tells what is old better than this one.
  const oldUntilMs = Math.max(...events.map(({ entry }) => entry.processedAtMs), startedMs - clockSkewMs);
  if (events.length > 0) yield { events: events.reverse() };

  async function look(lookBackMs: number): Promise<Look<FoundEvent>> {
    const sinceMs = clock.nowMs() - lookBackMs;
    // What was processed before is never shown: an hour's rows are neither sent for it, nor their actions read.
    const filter = { ...filterOf(wanted), processedAfterMs: oldUntilMs };
    const entries = await entriesSince(environment, filter, sources, sinceMs, clock.nowMs() + closeLookMs);
    const fresh = entries.rows.filter(seen.isNew);
    // Read before the search reads them: actions that are logged in between are then looked at again.
    const logs = needsActions(wanted) ? await readActionLogs(actionLogOf(environment), fresh) : undefined;
    const events: FoundEvent[] = [];
    for await (const { row } of keepWanted(environment, found(fresh), wanted, 100))
      if (row !== undefined) events.push(row);
    const shown = new Set(events.map(({ entry }) => entry.id));
    for (const entry of fresh) if (shown.has(entry.id) || isSettled(entry, logs)) seen.remember(entry);
    return { rows: events, ...(entries.end !== undefined && { end: entries.end }) };
  }

  const looking: Looking<FoundEvent> = {
    queue: 'events',
    look,
    async refresh() {
      sources = pickSources((await readSources(environment)).known, search.source);
    },
    forgetBefore: (timeMs) => seen.forgetBefore(timeMs),
  };
  for await (const found of keepLooking(environment, looking, clock))
    yield 'rows' in found ? { events: found.rows } : found;
}

async function entriesSince(
  environment: Environment,
  filter: EventFilter,
  sources: KnownSource[],
  sinceMs: number,
  untilMs: number,
): Promise<{ rows: EventLogEntry[]; end?: string }> {
  const range = { sinceMs, untilMs, sources, limit: rowsMax };
  const rows: EventLogEntry[] = [];
  for await (const { id, row } of findEvents(eventLogOf(environment), { ...filter, ...range }, reading(rowsMax))) {
    if (row === undefined) return { rows, end: id };
    rows.push(row);
  }
  return { rows };
}

async function* found(entries: EventLogEntry[]): AsyncGenerator<Found<EventLogEntry>> {
  for (const row of entries) yield { id: row.id, row };
}

/** Whether a later look would find the same: its actions are not needed, or are over. */
function isSettled({ status, execution = '' }: EventLogEntry, logs: Map<string, ActionLogEntry> | undefined): boolean {
  if (logs === undefined || status !== 'processed') return true;
  const log = logs.get(execution);
  return log?.actions.every((action) => action.status !== 'pending') === true;
}

/**
 * Finds rows that a follower has not shown yet. Ids sort by receipt, but rows appear after
 * processing, for a retried event hours later. So "after the last id" would skip rows. Instead it
 * remembers rows by id and status; a `failed` row that a replay turns into `processed` is shown
 * again.
 */
export function makeNewsFilter(): {
  isNew(entry: EventLogEntry): boolean;
  remember(entry: EventLogEntry): void;
  forgetBefore(timeMs: number): void;
} {
  const shown = new Map<string, { status: EventStatus; receivedAtMs: number }>();
  return {
    isNew: ({ id, status }) => shown.get(id)?.status !== status,
    remember({ id, status, receivedAtMs }) {
      shown.set(id, { status, receivedAtMs });
    },
    forgetBefore(timeMs) {
      for (const [id, { receivedAtMs }] of shown) if (receivedAtMs < timeMs) shown.delete(id);
    },
  };
}
