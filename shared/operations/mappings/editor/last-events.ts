import type { EventLogEntry } from '../../../core/logs/event-log-entry.ts';
import type { Environment } from '../../environment.ts';
import { eventLogOf, findEvents } from '../../events/events.ts';
import type { KnownSource } from '../../sources/known-sources.ts';
import { reading } from '../../tables/reading.ts';
import { searchRange } from '../../tables/search-range.ts';
import type { Comparison } from '../compare-last.ts';

/** The newest events of a type, and how far the search for them went. */
export type LastEvents = { entries: EventLogEntry[] } & Pick<Comparison, 'looked_at' | 'ended'>;

const rowsMax = 2_000;
const freshMs = 30_000;
type Kept = { name: string; untilMs: number; events: Promise<LastEvents> };
const kept = new WeakMap<Environment, Kept>();

/**
 * The newest events of a type. Someone who types asks again and again, so the same ones are
 * answered for half a minute.
 */
export function lastEvents(
  environment: Environment,
  source: KnownSource,
  { type, last, nowMs }: { type: string; last: number; nowMs: number },
): Promise<LastEvents> {
  const name = JSON.stringify([source.key, type, last]);
  const known = kept.get(environment);
  if (known?.name === name && known.untilMs > nowMs) return known.events;
  const events = readLast(environment, source, { type, last, nowMs });
  kept.set(environment, { name, untilMs: nowMs + freshMs, events });
  events.catch(() => kept.delete(environment));
  return events;
}

async function readLast(
  environment: Environment,
  source: KnownSource,
  { type, last, nowMs }: { type: string; last: number; nowMs: number },
): Promise<LastEvents> {
  const { sinceMs, untilMs } = searchRange({}, nowMs, { retentionDays: environment.outputs.LogRetentionDays });
  const progress = reading(rowsMax);
  const filter = { sources: [source], eventType: type, sinceMs, untilMs, limit: last };
  const entries: EventLogEntry[] = [];
  for await (const { row } of findEvents(eventLogOf(environment), filter, progress)) {
    if (row === undefined) return { entries, looked_at: progress.rows, ended: 'rows_max' };
    entries.push(row);
    if (entries.length === last) return { entries, looked_at: progress.rows, ended: 'enough' };
  }
  return { entries, looked_at: progress.rows, ended: 'no_more' };
}
