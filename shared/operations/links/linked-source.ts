import type { EventFacts } from '../../adapters/dynamodb-event-log.ts';
import { listEventTypes, listSourceRegistry } from '../../adapters/dynamodb-seen-registry.ts';
import { prepareSource } from '../../core/live/prepared.ts';
import { sourceState } from '../../core/live/source-state.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { SourceLink } from '../../ports/source-links.ts';
import type { Environment, StackOutputs } from '../environment.ts';
import { eventOfRow } from '../events/event-text.ts';
import { eventLogOf, findEventFacts, readEvent } from '../events/events.ts';
import { readCounts } from '../metrics/read-counts.ts';
import { listRefusalsOf, type RefusalRow } from '../refusals/refusals.ts';
import { eventTypeRows } from '../sources/event-types.ts';
import { type KnownSource, knownSources } from '../sources/known-sources.ts';
import type { EventTypeRow } from '../sources/source-row.ts';
import { take } from '../tables/newest-first.ts';
import { reading, rowsOf } from '../tables/reading.ts';

/** What the page takes of an environment. */
export type LinkedEnvironment = Pick<Environment, 'name' | 'configuration' | 'documents' | 'metrics'> & {
  outputs: Pick<StackOutputs, 'EventLogTable' | 'LogShards'>;
};

/** How an event ended: nothing of what it holds, and of no user. */
export type LinkedEvent = Pick<EventFacts, 'id' | 'receivedAtMs' | 'eventType' | 'status' | 'reason'>;

/** A source as the person at the sender's side sees it. */
export type LinkedSource = {
  key: string;
  environment: string;
  /** `gone`: it is not in the live configuration any more. */
  state: 'on' | 'off' | 'gone';
  /** Whether the URL was replaced since the link was made. */
  urlReplaced: boolean;
  /** Newest first: the last ones of seven days. */
  events: LinkedEvent[];
  /** To the hour, however old; undefined when none ever came. */
  lastEventAtMs?: number;
  types: EventTypeRow[];
};

export const linkedEventsMax = 20;
const daysBack = 7;
const dayMs = 86_400_000;

/**
 * One source, its last events and its types.
 *
 * Keys: `sources` and `event-types#{source}` of the Configuration table; of the event log the
 * partitions `{source}#{day}#{shard}`, newest day first, until there are enough. Of the rows only
 * facts are read.
 */
export async function readLinkedSource(
  environment: LinkedEnvironment,
  live: LiveConfiguration,
  { source, urlGeneration }: Pick<SourceLink, 'source' | 'urlGeneration'>,
  nowMs: number,
): Promise<LinkedSource> {
  const [known, seen] = await Promise.all([
    knownSource(environment, live, source),
    listEventTypes(environment.configuration, source),
  ]);
  const prepared = prepareSource(live, source);
  return {
    key: source,
    environment: environment.name,
    state: prepared === undefined ? 'gone' : prepared.settings.enabled ? 'on' : 'off',
    urlReplaced: sourceState(live, source).url.generation !== urlGeneration,
    events: await lastEvents(environment, known, nowMs),
    ...(known.lastEventAtMs !== undefined && { lastEventAtMs: known.lastEventAtMs }),
    types: eventTypeRows(source, seen, live),
  };
}

async function knownSource(
  { configuration, outputs }: LinkedEnvironment,
  live: LiveConfiguration,
  source: string,
): Promise<KnownSource> {
  const known = knownSources(live, await listSourceRegistry(configuration), outputs.LogShards);
  return known.find(({ key }) => key === source) ?? { key: source, shards: outputs.LogShards };
}

async function lastEvents(environment: LinkedEnvironment, known: KnownSource, nowMs: number): Promise<LinkedEvent[]> {
  // A source that was not seen lately costs no query.
  if (known.lastEventAtMs === undefined || known.lastEventAtMs < nowMs - daysBack * dayMs) return [];
  const range = { sources: [known], sinceMs: nowMs - daysBack * dayMs, untilMs: nowMs, limit: linkedEventsMax };
  const found = await take(rowsOf(findEventFacts(eventLogOf(environment), range, reading())), linkedEventsMax);
  return found.map(({ id, receivedAtMs, status, eventType, reason }) => ({
    id,
    receivedAtMs,
    status,
    ...(eventType !== undefined && { eventType }),
    ...(reason !== undefined && { reason }),
  }));
}

/** What an event holds, and the sentence about how it ended. */
export type LinkedPayload = LinkedEvent & { detail?: string; text: string };

/**
 * One event of this source alone, by its key in the source's own partition.
 * @returns undefined when there is none
 */
export async function readLinkedPayload(
  environment: LinkedEnvironment,
  source: string,
  id: string,
): Promise<LinkedPayload | undefined> {
  const entry = await readEvent(eventLogOf(environment), id, [{ key: source, shards: 1 }]);
  if (entry === undefined || entry.source !== source) return undefined;
  const { receivedAtMs, status, eventType, reason, detail } = entry;
  return {
    id,
    receivedAtMs,
    status,
    text: eventOfRow(entry)?.body ?? '',
    ...(eventType !== undefined && { eventType }),
    ...(reason !== undefined && { reason }),
    ...(detail !== undefined && { detail }),
  };
}

const dayCounts = {
  accepted: 'EventsAccepted',
  processed: 'EventsProcessed',
  unmapped: 'EventsUnmapped',
  copies: 'EventsDuplicate',
  rejected: 'EventsRejected',
  failed: 'EventsFailed',
  refused: 'RequestsRefused',
  unanswered: 'RequestsFailed',
} as const;

export type LinkedMinute = { startMs: number; accepted: number; refused: number };

/** Counts of CloudWatch, which can be three minutes late. */
export type LinkedCounts = {
  /** Of the last 24 hours. */
  day: Record<keyof typeof dayCounts, number>;
  /** The last hour, oldest first; the last one is not over yet. */
  minutes: LinkedMinute[];
  /** The most frequent first. */
  refusals: RefusalRow[];
};

const minuteMs = 60_000;

/** Eight queries of CloudWatch; more only where requests were refused. */
export async function readLinkedCounts(
  environment: LinkedEnvironment,
  source: string,
  nowMs: number,
): Promise<LinkedCounts> {
  const untilMs = Math.floor(nowMs / minuteMs) * minuteMs + minuteMs;
  const sinceMs = untilMs - dayMs;
  const names = Object.keys(dayCounts) as (keyof typeof dayCounts)[];
  const counted = await readCounts(
    await environment.metrics(),
    environment.name,
    names.map((name) => ({ name: dayCounts[name], source })),
    { sinceMs, untilMs, periodSeconds: 60 },
  );
  const of = (name: keyof typeof dayCounts) => counted[names.indexOf(name)] ?? new Map<number, number>();
  const sum = (name: keyof typeof dayCounts) => [...of(name).values()].reduce((total, count) => total + count, 0);
  const day = Object.fromEntries(names.map((name) => [name, sum(name)])) as LinkedCounts['day'];
  const minutes = Array.from({ length: 60 }, (_, i): LinkedMinute => {
    const startMs = untilMs - (60 - i) * minuteMs;
    const at = (name: keyof typeof dayCounts) => of(name).get(startMs) ?? 0;
    return { startMs, accepted: Math.max(0, at('accepted')), refused: at('refused') + at('unanswered') };
  });
  const isRefused = day.refused + day.unanswered > 0;
  const refusals = isRefused ? await listRefusalsOf(environment, [source], { sinceMs, untilMs: nowMs }) : [];
  return { day, minutes, refusals };
}
