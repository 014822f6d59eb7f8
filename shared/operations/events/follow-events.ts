import { setTimeout as sleep } from 'node:timers/promises';
import { eventIdTimeMs } from '../../core/ids/event-id.ts';
import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry, EventStatus } from '../../core/logs/event-log-entry.ts';
import { actionLogOf, readActionLogs } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { readQueueDepths } from '../queues/queue-depths.ts';
import { type KnownSource, pickSources, readSources } from '../sources/known-sources.ts';
import { type Found, reading } from '../tables/reading.ts';
import { pageOf } from '../tables/search.ts';
import { type EventSearch, type FoundEvent, filterOf, keepWanted, needsActions, searchEvents } from './event-search.ts';
import { eventLogOf, findEvents } from './events.ts';

/** What a follower has to say besides events: why some may be missing. */
export type FollowNote =
  /** Reading failed; it goes on trying. */
  | { kind: 'blind'; problem: string; sinceMs: number }
  | { kind: 'seeing_again'; blindForMs: number }
  /** There were more rows than it reads at a time: rows from before `backToMs` may be missed. */
  | { kind: 'too_many'; backToMs: number }
  /** A look took long, so events are shown late. */
  | { kind: 'slow'; tookMs: number }
  /** Nothing was logged, and events wait in the events queue or its dead-letter queue. */
  | { kind: 'waiting'; waiting: number; parked: number };

export type Followed = { events: FoundEvent[] } | { note: FollowNote };

/** The clock of a follower. */
export type FollowClock = { nowMs(): number; wait(ms: number): Promise<unknown> };
const realClock: FollowClock = { nowMs: Date.now, wait: sleep };

const pollMs = 1_000;
// Most events are processed within seconds, so the last two minutes are read every second. Retried
// or replayed events come later, so every half minute it reads the last hour.
const closeLookMs = 2 * 60_000;
const wideLookMs = 60 * 60_000;
const wideLookEveryMs = 30_000;
const rowsMax = 50_000;
const slowMs = 5_000;
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

  async function look(lookBackMs: number): Promise<{ events: FoundEvent[]; end?: string }> {
    const sinceMs = clock.nowMs() - lookBackMs;
    const entries = await entriesSince(environment, wanted, sources, sinceMs, clock.nowMs() + closeLookMs);
    const fresh = entries.rows.filter(seen.isNew);
    // Read before the search reads them: actions that are logged in between are then looked at again.
    const logs = needsActions(wanted) ? await readActionLogs(actionLogOf(environment), fresh) : undefined;
    const events: FoundEvent[] = [];
    for await (const { row } of keepWanted(environment, found(fresh), wanted, 100))
      if (row !== undefined && row.entry.processedAtMs > oldUntilMs) events.push(row);
    const shown = new Set(events.map(({ entry }) => entry.id));
    for (const entry of fresh) if (shown.has(entry.id) || isSettled(entry, logs)) seen.remember(entry);
    return { events, ...(entries.end !== undefined && { end: entries.end }) };
  }

  // The first look is a wide one: it learns what is old.
  let wideLookDueMs = startedMs;
  let blindSinceMs: number | undefined;
  let failures = 0;
  let isQuiet = true;
  for (;;) {
    await clock.wait(Math.min(pollMs * 2 ** failures, wideLookEveryMs));
    const beganMs = clock.nowMs();
    // After a time without sight it looks for all that it missed.
    const isWide = beganMs >= wideLookDueMs || blindSinceMs !== undefined;
    try {
      // Sources that were added meanwhile are followed too.
      if (isWide) sources = pickSources((await readSources(environment)).known, search.source);
      const { events, end } = await look(isWide ? wideLookMs : closeLookMs);
      if (blindSinceMs !== undefined)
        yield { note: { kind: 'seeing_again', blindForMs: clock.nowMs() - blindSinceMs } };
      blindSinceMs = undefined;
      failures = 0;
      if (events.length > 0) {
        isQuiet = false;
        yield { events: events.reverse() };
      }
      if (end !== undefined && isWide) yield { note: { kind: 'too_many', backToMs: eventIdTimeMs(end) } };
      const tookMs = clock.nowMs() - beganMs;
      if (tookMs > slowMs) yield { note: { kind: 'slow', tookMs } };
      if (!isWide) continue;
      const note = isQuiet ? await whatWaits(environment) : undefined;
      if (note) yield { note };
      isQuiet = true;
      seen.forgetBefore(beganMs - 2 * wideLookMs);
      wideLookDueMs = beganMs + wideLookEveryMs;
    } catch (error) {
      // Said once, and again each half minute.
      if (blindSinceMs === undefined || beganMs >= wideLookDueMs) {
        wideLookDueMs = beganMs + wideLookEveryMs;
        const problem = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        yield { note: { kind: 'blind', problem, sinceMs: blindSinceMs ?? beganMs } };
      }
      blindSinceMs ??= beganMs;
      failures = Math.min(failures + 1, 5);
    }
  }
}

async function entriesSince(
  environment: Environment,
  search: EventSearch,
  sources: KnownSource[],
  sinceMs: number,
  untilMs: number,
): Promise<{ rows: EventLogEntry[]; end?: string }> {
  const range = { sinceMs, untilMs, sources, limit: rowsMax };
  const rows: EventLogEntry[] = [];
  for await (const { id, row } of findEvents(
    eventLogOf(environment),
    { ...filterOf(search), ...range },
    reading(rowsMax),
  )) {
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

async function whatWaits(environment: Environment): Promise<FollowNote | undefined> {
  const depths = await readQueueDepths(environment);
  const of = (name: string) => {
    const depth = depths.find(({ queue }) => queue === name);
    return depth === undefined ? 0 : depth.ready + depth.in_flight + depth.delayed;
  };
  const [waiting, parked] = [of('events'), of('events dead-letter')];
  return waiting + parked === 0 ? undefined : { kind: 'waiting', waiting, parked };
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
