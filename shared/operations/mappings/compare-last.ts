import { changeKinds, type DryRunChange } from '../../core/rehearsal/compare-dry-runs.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import { type EventLogTable, eventsNewestFirst } from '../events/events.ts';
import { rawEventOf } from '../events/recompute.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { testEvent } from './test-event.ts';

/** A row is read whole, whatever its type: so many at most are looked at for one answer. */
export const rowsMax = 10_000;
const examplesMax = 3;

export type CompareLast = {
  source: KnownSource;
  eventType?: string;
  last: number;
  /** So many rows at most are read. */
  rowsMax: number;
  sinceMs: number;
  untilMs: number;
  live: LiveConfiguration;
  draft: LiveConfiguration;
  environment: string;
  nowMs: number;
  /** Called now and then. */
  progress?(done: { lookedAt: number; compared: number }): void;
};

/** Events for which the same thing changes. `--json` of `mapping test --last`. */
export type ChangeGroup = {
  kind: DryRunChange['kind'];
  mapping: string | null;
  parameters: string[];
  /** Null where they differ from event to event. */
  before: string | null;
  after: string | null;
  count: number;
  /** A few of them, newest first. */
  examples: string[];
};

export type Comparison = {
  source: string;
  type: string | null;
  /** Rows read; of other types too. */
  looked_at: number;
  compared: number;
  /** Events for which anything changes. */
  changed: number;
  /** Events whose stored form cannot be read; not compared. */
  unreadable: string[];
  /** Whether the search stopped before it had as many as were asked for. */
  ended: 'enough' | 'no_more' | 'rows_max';
  groups: ChangeGroup[];
};

/** Takes the newest events of a source through two configurations and counts what would differ. Nothing is done. */
export async function compareLast(log: EventLogTable, request: CompareLast): Promise<Comparison> {
  const { source, eventType, last, sinceMs, untilMs } = request;
  const groups = new Map<string, ChangeGroup>();
  const unreadable: string[] = [];
  let lookedAt = 0;
  let compared = 0;
  let changed = 0;
  let ended: Comparison['ended'] = 'no_more';
  for await (const entry of eventsNewestFirst(log, { sources: [source], sinceMs, untilMs, limit: last })) {
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
    groups: [...groups.values()].sort(
      (a, b) => changeKinds.indexOf(a.kind) - changeKinds.indexOf(b.kind) || b.count - a.count,
    ),
  };
}

/** What is an event's own, such as its user, would make a group of each event. */
const ofEachEvent: readonly DryRunChange['kind'][] = ['user_differs', 'key_differs'];

function addTo(groups: Map<string, ChangeGroup>, change: DryRunChange, eventId: string): void {
  const { kind, mapping = null, parameters = [] } = change;
  const isOfEach = ofEachEvent.includes(kind);
  const [before, after] = isOfEach ? [null, null] : [change.before, change.after];
  const name = JSON.stringify([kind, mapping, parameters, before, after]);
  const group = groups.get(name) ?? { kind, mapping, parameters, before, after, count: 0, examples: [] };
  group.count += 1;
  if (group.examples.length < examplesMax) group.examples.push(eventId);
  groups.set(name, group);
}
