import { readLive } from '../../adapters/dynamodb-configuration.ts';
import type { EnvironmentState, SourceHold } from '../../core/configuration/schema.ts';
import { own } from '../../core/json/values.ts';
import { sourceKind } from '../../core/sources/index.ts';
import type { Environment } from '../environment.ts';
import { cancelJob, type Job, listJobs } from '../jobs/jobs.ts';
import { failure } from '../refusal.ts';
import { type Asked, type Changed, change, type Unknown, unknownSource } from '../settings/change.ts';
import { canHold } from './can-hold.ts';
import { countHeld, type HeldEvents, noneHeld } from './held-events.ts';

export type HeldSource = Changed & {
  hold: SourceHold;
  held: HeldEvents;
  /** Days for which a held event is kept at least. */
  keptDays: number;
  /** A release was under way and was stopped. */
  stoppedJob?: string;
};

/**
 * Pauses a source: its events are verified, accepted and kept as `held`, and nothing runs until it is
 * resumed. A release that is under way is stopped.
 * @throws Refusal for a source whose records are applied by the request itself, and when the functions
 * are too old to hold events
 */
export async function holdSource(
  environment: Environment,
  { source, ...asked }: Asked & { source: string },
): Promise<HeldSource | Unknown> {
  const { configuration, outputs } = environment;
  const live = await readLive(configuration);
  const unknown = unknownSource(live, source);
  if (unknown) return unknown;
  const kind = live.snapshot.sources[source]?.kind ?? '';
  if (sourceKind(kind)?.isDestination === true)
    throw failure(
      `a source of kind ${kind} cannot be paused: its requests apply most records themselves, before they are answered`,
      `npx signalbox sources disable ${source} rejects them instead; pause the sync at its vendor to lose none`,
    );
  if (!canHold(outputs))
    throw failure(
      `the functions of ${environment.name} cannot hold events: they were deployed with an older version`,
      `deploy, or npx signalbox sources disable ${source}: events are then rejected, and kept for a replay`,
    );
  const running = await runningRelease(environment, source);
  const isStopped = running !== undefined && (await cancelJob(configuration, running.id, asked.nowMs));
  const first: SourceHold = {
    since: new Date(asked.nowMs).toISOString(),
    by: asked.author,
    ...(asked.message !== undefined && { reason: asked.message }),
  };
  const changed = await change(
    configuration,
    asked,
    () => `pause source ${source}`,
    (before) => ({
      ...before,
      held_sources: { ...before.held_sources, [source]: own(before.held_sources ?? {}, source) ?? first },
    }),
  );
  const hold = own(changed.state.held_sources ?? {}, source) ?? first;
  const sinceMs = Date.parse(hold.since) - 86_400_000;
  const held = (await countHeld(environment, live.state, { sinceMs, nowMs: asked.nowMs })).get(source) ?? noneHeld;
  return {
    ...changed,
    hold,
    held,
    keptDays: live.state.sources[source]?.retention_days ?? outputs.LogRetentionDays,
    ...(isStopped && { stoppedJob: running.id }),
  };
}

/** The job that releases the events of a source now, or was left. */
export async function runningRelease({ configuration }: Environment, source: string): Promise<Job | undefined> {
  const jobs = await listJobs(configuration);
  return jobs.find(
    ({ kind, state, request }) => kind === 'release_source' && state === 'running' && request.source === source,
  );
}

/** The state without a source's pause. */
export function withoutHold(state: EnvironmentState, source: string): EnvironmentState {
  const { held_sources: all = {}, ...rest } = state;
  const { [source]: _gone, ...others } = all;
  return Object.keys(others).length === 0 ? rest : { ...rest, held_sources: others };
}
