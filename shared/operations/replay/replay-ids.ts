import { randomBytes } from 'node:crypto';
import { eventIdShard, makeEventId } from '../../core/ids/event-id.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvent } from '../events/events.ts';
import { type JobOutcome, readJobPages } from '../jobs/job-events.ts';
import { notFound } from '../refusal.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { resolveId } from '../why/resolve-id.ts';
import { carryOnReplay, type StartedBy, startReplay } from './bulk-replay.ts';
import { isActionsQueueEmpty, planEntries } from './plan-entries.ts';
import { type ReplayPlan, runsAsNew } from './plan-replay.ts';

/** The result for one id; also the `--json` row of `replay`. */
export type ReplayRow = {
  id: string;
  event_id: string | null;
  /** `would_replay` in a dry run. */
  outcome: 'replayed' | 'would_replay' | 'skipped' | 'unknown' | 'failed';
  /** The queue that it was sent to; null when nothing was sent. */
  sent: 'event' | 'actions' | null;
  detail: string;
};

export type ReplayOptions = {
  known: KnownSource[];
  /** Runs whole events as new ones, and repeats their effects. */
  force: boolean;
  /** Forces events once more that were forced before. */
  again?: boolean;
  nowMs: number;
};

type Planned = { id: string; eventId: string; plan: ReplayPlan };

const atOnce = 8;

/** What a replay of these ids would do, without doing it. */
export async function previewIds(
  environment: Environment,
  ids: string[],
  options: ReplayOptions,
): Promise<ReplayRow[]> {
  const rows = (await planIds(environment, ids, options)).map((row) => ('plan' in row ? rowOf(row) : row));
  return options.force ? rows.map((row) => (row.sent === 'event' ? { ...row, detail: runsAsNew } : row)) : rows;
}

/**
 * Runs only the missing actions of each event, with the same event ids and executions. It is a job
 * like the replay of a filter, so that the job says later by whom and why; without anything to send
 * there is none.
 */
export async function replayIds(
  environment: Environment,
  ids: string[],
  { author, reason, ...options }: ReplayOptions & Pick<StartedBy, 'author' | 'reason'>,
): Promise<ReplayRow[]> {
  const { force, again = false, nowMs } = options;
  const rows = await planIds(environment, ids, options);
  if (!rows.some((row) => 'plan' in row && row.plan.kind !== 'nothing'))
    return rows.map((row) => ('plan' in row ? rowOf(row) : row));
  const events = [...new Set(rows.flatMap((row) => ('plan' in row ? row.eventId : [])))].sort();
  const job = await startReplay(environment, { force, again }, events, { author, reason, nowMs });
  for await (const _ of carryOnReplay(environment, job.id));
  const outcomes = new Map<string, JobOutcome | undefined>();
  for await (const page of readJobPages(environment, job.id))
    for (const [i, id] of page.events.entries()) outcomes.set(id, page.outcomes?.[i]);
  const shown = new Set<string>();
  return rows.map((row) => {
    if (!('plan' in row)) return row;
    const outcome = shown.has(row.eventId) ? undefined : outcomes.get(row.eventId);
    shown.add(row.eventId);
    return rowOf(row, outcome);
  });
}

/**
 * The events that ids lead to, oldest first.
 * @throws Refusal (not found) for an id that leads to none
 */
export async function eventsOfIds(environment: Environment, ids: string[], options: ReplayOptions): Promise<string[]> {
  const rows = await planIds(environment, ids, options);
  const unknown = rows.find((row) => !('plan' in row));
  if (unknown !== undefined) throw notFound(`${unknown.id} ${'detail' in unknown ? unknown.detail : ''}`);
  return [...new Set(rows.flatMap((row) => ('plan' in row ? row.eventId : [])))].sort();
}

async function planIds(
  environment: Environment,
  ids: string[],
  { again = false, ...options }: ReplayOptions,
): Promise<(ReplayRow | Planned)[]> {
  const actionsQueueEmpty = await isActionsQueueEmpty(environment);
  const rows: (ReplayRow | Planned)[] = [];
  const taken = new Set<string>();
  for (let i = 0; i < ids.length; i += atOnce) {
    const chunk = ids.slice(i, i + atOnce);
    const planned = await Promise.all(
      chunk.map((id) => planOne(environment, id, { ...options, again, actionsQueueEmpty })),
    );
    for (const one of planned) rows.push(onlyOnce(one, taken));
  }
  return rows;
}

/** Two ids of one event (its own, and its run's) make one replay. */
function onlyOnce(row: ReplayRow | Planned, taken: Set<string>): ReplayRow | Planned {
  if (!('plan' in row) || row.plan.kind === 'nothing') return row;
  if (taken.has(row.eventId))
    return { ...row, plan: { kind: 'nothing', detail: 'is named twice; it is replayed once' } };
  taken.add(row.eventId);
  return row;
}

async function planOne(
  environment: Environment,
  id: string,
  { known, force, again, nowMs, actionsQueueEmpty }: ReplayOptions & { again: boolean; actionsQueueEmpty: boolean },
): Promise<ReplayRow | Planned> {
  const unknown = (detail: string): ReplayRow => ({ id, event_id: null, outcome: 'unknown', sent: null, detail });
  const resolved = await resolveId(environment, id, known);
  if (resolved.as === 'nothing') return unknown('is nothing that is known here');
  if (resolved.as === 'user') return unknown('is a user; name events, runs or actions');
  if (resolved.as === 'messages')
    return unknown(
      `is the message id of several events: ${resolved.claims.map(({ claim }) => claim.owner).join(', ')}`,
    );
  const { eventId } = resolved;
  const entry = await readEvent(eventLogOf(environment), eventId, known);
  if (entry === undefined) return unknown(`has no event row (${eventId}): it is still on its way, or has aged out`);
  const newId = makeEventId(entry.source, force ? eventIdShard(entry.id) : 0, nowMs, randomBytes(12));
  const [plan] = await planEntries(environment, [{ entry, newId }], { force, again, nowMs, actionsQueueEmpty });
  return { id, eventId, plan: plan as ReplayPlan };
}

/** @param done absent: nothing was sent */
function rowOf({ id, eventId, plan }: Planned, done?: JobOutcome): ReplayRow {
  const base = { id, event_id: eventId };
  if (done !== undefined) return { ...base, ...done };
  if (plan.kind === 'nothing') return { ...base, outcome: 'skipped', sent: null, detail: plan.detail };
  return { ...base, outcome: 'would_replay', sent: plan.kind, detail: plan.detail };
}
