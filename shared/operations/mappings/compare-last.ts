import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { changeKinds, type DryRunChange } from '../../core/rehearsal/compare-dry-runs.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import { type EventLogTable, eventsNewestFirst } from '../events/events.ts';
import { rawEventOf } from '../events/recompute.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { testEvent } from './test-event.ts';

/** Rows are read whole, whatever their type, so one answer reads at most this many. */
export const rowsMax = 10_000;
const examplesMax = 3;

export type CompareLast = {
  source: KnownSource;
  eventType?: string;
  last: number;
  /** The most rows to read. */
  rowsMax: number;
  sinceMs: number;
  untilMs: number;
  live: LiveConfiguration;
  draft: LiveConfiguration;
  environment: string;
  nowMs: number;
  /** Called from time to time. */
  progress?(done: { lookedAt: number; compared: number }): void;
  /** Whether to stop before the next event: it took long, or its asker has gone. */
  isOver?(): boolean;
};

/** Events for which the same thing changes. `--json` of `mapping test --last`. */
export type ChangeGroup = {
  kind: DryRunChange['kind'];
  mapping: string | null;
  parameters: string[];
  /** Null if they differ from event to event. */
  before: string | null;
  after: string | null;
  count: number;
  /** A few of the events, newest first. */
  examples: string[];
};

export type Comparison = {
  source: string;
  type: string | null;
  /** Rows read, including other types. */
  looked_at: number;
  compared: number;
  /** Events with any change. */
  changed: number;
  /** Events whose stored form cannot be read; not compared. */
  unreadable: string[];
  /** Whether the search stopped before it had as many as were asked for. */
  ended: 'enough' | 'no_more' | 'rows_max' | 'stopped';
  groups: ChangeGroup[];
};

/**
 * Plans the newest events of a source with two configurations and counts the differences, without
 * effects.
 */
export function compareLast(log: EventLogTable, request: CompareLast): Promise<Comparison> {
  const { source, sinceMs, untilMs, last } = request;
  return compareEach(eventsNewestFirst(log, { sources: [source], sinceMs, untilMs, limit: last }), request);
}

/** The same of events that were read, newest first. */
export async function compareEach(
  events: AsyncIterable<EventLogEntry> | Iterable<EventLogEntry>,
  request: Omit<CompareLast, 'sinceMs' | 'untilMs'>,
): Promise<Comparison> {
  const { source, eventType, last } = request;
  const groups = new Map<string, ChangeGroup>();
  const unreadable: string[] = [];
  let lookedAt = 0;
  let compared = 0;
  let changed = 0;
  let ended: Comparison['ended'] = 'no_more';
  for await (const entry of events) {
    if (request.isOver?.() === true) {
      ended = 'stopped';
      break;
    }
    if (lookedAt === request.rowsMax) {
      ended = 'rows_max';
      break;
    }
    lookedAt += 1;
    if (lookedAt % 100 === 0) request.progress?.({ lookedAt, compared });
    if (eventType !== undefined && entry.eventType !== eventType) continue;
    try {
      const { changes } = await testEvent(rawEventOf(entry), request);
      compared += 1;
      if (changes.length > 0) changed += 1;
      for (const change of changes) addTo(groups, change, entry.id);
    } catch {
      unreadable.push(entry.id);
    }
    if (compared + unreadable.length === last) {
      ended = 'enough';
      break;
    }
  }
  return {
    source: source.key,
    type: eventType ?? null,
    looked_at: lookedAt,
    compared,
    changed,
    unreadable,
    ended,
    groups: sortedGroups(groups),
  };
}

/** Values that differ per event, such as its user, would put each event into its own group. */
const ofEachEvent: readonly DryRunChange['kind'][] = ['user_differs', 'key_differs'];

export function addTo(groups: Map<string, ChangeGroup>, change: DryRunChange, eventId: string): void {
  const { kind, mapping = null, parameters = [] } = change;
  const isOfEach = ofEachEvent.includes(kind);
  const [before, after] = isOfEach ? [null, null] : [change.before, change.after];
  const name = JSON.stringify([kind, mapping, parameters, before, after]);
  const group = groups.get(name) ?? { kind, mapping, parameters, before, after, count: 0, examples: [] };
  group.count += 1;
  if (group.examples.length < examplesMax) group.examples.push(eventId);
  groups.set(name, group);
}

/** The worst first, of each kind the most frequent. */
export function sortedGroups(groups: Map<string, ChangeGroup>): ChangeGroup[] {
  return [...groups.values()].sort(
    (a, b) => changeKinds.indexOf(a.kind) - changeKinds.indexOf(b.kind) || b.count - a.count,
  );
}
