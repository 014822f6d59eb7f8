import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { QueueDepth } from '../queues/queue-depths.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { isoOrNull } from '../words/iso.ts';
import type { Counts, CountsOfRange } from './counts.ts';
import type { Pressure } from './pressure.ts';
import type { Habit } from './silence.ts';

export type StageRow = {
  stage: 'ingest' | 'processor' | 'workflow-trigger' | 'targets' | 'dead letters';
  came_in: number;
  went_on: number;
  /** Ended without an effect and without a fault: unmapped, duplicate, skipped. */
  did_nothing: number;
  failed: number;
  /** Refused on purpose, since their person was erased; not among the failed ones. */
  erased: number;
  /** Messages in the stage's queue; null where there is none. */
  waiting: number | null;
  /** For how long the oldest of them has waited; null where none does, or it is not known. */
  oldest_seconds: number | null;
};

export type SourceHealth = {
  source: string;
  enabled: boolean;
  /** Its events are held. */
  paused: boolean;
  /** To the hour. */
  last_event_at: string | null;
  accepted: number;
  refused: number;
  failed: number;
  /** Events of erased persons, refused on purpose. */
  erased: number;
  unusually_silent: boolean;
};

export function settledEvents(of: Counts): number {
  const { EventsProcessed, EventsUnmapped, EventsDuplicate, EventsRejected, EventsFailed } = of;
  return [EventsProcessed, EventsUnmapped, EventsDuplicate, EventsRejected, EventsFailed].reduce(
    (sum, { total }) => sum + total,
    0,
  );
}

export function waitingIn(depths: readonly QueueDepth[] | undefined, queue: string): number {
  const depth = depths?.find((one) => one.queue === queue);
  return depth === undefined ? 0 : depth.ready + depth.in_flight + depth.delayed;
}

/** When the oldest message of the queues began to wait. What was measured before they were emptied says nothing. */
export function oldestIn(
  { queues: ages }: Pressure,
  depths: readonly QueueDepth[] | undefined,
  queues: readonly string[],
): number | undefined {
  const begun = queues
    .filter((queue) => waitingIn(depths, queue) > 0)
    .flatMap((queue) => [ages.get(queue)?.waitsSinceMs ?? [], ages.get(queue)?.returnsSinceMs ?? []].flat());
  return begun.length === 0 ? undefined : Math.min(...begun);
}

export const deadLetterQueues = ['events dead-letter', 'actions dead-letter'] as const;

export function stagesOf(
  { environment: of, pressure }: Pick<CountsOfRange, 'environment' | 'pressure'>,
  depths: readonly QueueDepth[] | undefined,
  nowMs: number,
): StageRow[] {
  const total = (name: keyof Counts) => of[name].total;
  const without = { waiting: null, oldest_seconds: null };
  const waiting = (...queues: string[]) => {
    const since = oldestIn(pressure, depths, queues);
    return {
      waiting: depths === undefined ? null : queues.reduce((sum, queue) => sum + waitingIn(depths, queue), 0),
      oldest_seconds: since === undefined ? null : Math.max(0, Math.round((nowMs - since) / 1000)),
    };
  };
  return [
    {
      stage: 'ingest',
      came_in: total('EventsAccepted') + total('RequestsRefused') + total('RequestsFailed'),
      went_on: total('EventsAccepted'),
      did_nothing: 0,
      failed: total('RequestsRefused') + total('RequestsFailed'),
      erased: 0,
      ...without,
    },
    {
      stage: 'processor',
      came_in: settledEvents(of),
      went_on: total('EventsProcessed'),
      did_nothing: total('EventsUnmapped') + total('EventsDuplicate'),
      failed: total('EventsRejected') - total('EventsOfErased') + total('EventsFailed'),
      erased: total('EventsOfErased'),
      ...waiting('events'),
    },
    {
      stage: 'workflow-trigger',
      came_in: total('ActionsSucceeded') + total('ActionsSkipped') + total('ActionsFailed'),
      went_on: total('ActionsSucceeded'),
      did_nothing: total('ActionsSkipped'),
      failed: total('ActionsFailed'),
      erased: 0,
      ...waiting('actions'),
    },
    {
      stage: 'targets',
      came_in: total('TargetCalls'),
      went_on: total('TargetCalls') - total('TargetFailures'),
      did_nothing: 0,
      failed: total('TargetFailures'),
      erased: 0,
      ...without,
    },
    {
      stage: 'dead letters',
      came_in: total('DeadLetters'),
      went_on: total('DeadLetters'),
      did_nothing: 0,
      failed: 0,
      erased: 0,
      ...waiting(...deadLetterQueues),
    },
  ];
}

export function healthOf(
  { key, lastEventAtMs }: KnownSource,
  {
    live,
    counts,
    habits,
  }: {
    live: LiveConfiguration | undefined;
    counts: CountsOfRange | undefined;
    habits: Map<string, Habit> | undefined;
  },
): SourceHealth {
  const of = counts?.sources.get(key);
  const erased = of?.EventsOfErased.total ?? 0;
  const isLive = live !== undefined && Object.hasOwn(live.snapshot.sources, key);
  return {
    source: key,
    paused: isLive && Object.hasOwn(live.state.held_sources ?? {}, key),
    enabled: isLive && live.state.sources[key]?.enabled !== false,
    last_event_at: isoOrNull(lastEventAtMs),
    accepted: of?.EventsAccepted.total ?? 0,
    refused: (of?.RequestsRefused.total ?? 0) + (of?.RequestsFailed.total ?? 0),
    failed: (of?.EventsFailed.total ?? 0) + (of?.EventsRejected.total ?? 0) + (of?.ActionsFailed.total ?? 0) - erased,
    erased,
    unusually_silent: habits?.get(key)?.isSilent ?? false,
  };
}
