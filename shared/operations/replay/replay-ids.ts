import { randomBytes } from 'node:crypto';
import { eventIdShard, makeEventId } from '../../core/ids/event-id.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { SendResult } from '../../ports/queues.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvent } from '../events/events.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { resolveId } from '../why/resolve-id.ts';
import { markForcedCopies } from './forced-copies.ts';
import { isActionsQueueEmpty, planEntry, sendPlans } from './plan-entry.ts';
import type { ReplayPlan } from './plan-replay.ts';

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
  dryRun: boolean;
  /** Runs whole events as new ones, and repeats their effects. */
  force: boolean;
  /** Forces events once more that were forced before. */
  again?: boolean;
  nowMs: number;
};

type Planned = { id: string; eventId: string; entry: EventLogEntry; plan: ReplayPlan };

const atOnce = 8;

/** Runs only the missing actions of each event, with the same event ids and executions. */
export async function replayIds(
  environment: Environment,
  ids: string[],
  { known, dryRun, force, again = false, nowMs }: ReplayOptions,
): Promise<ReplayRow[]> {
  const actionsQueueEmpty = await isActionsQueueEmpty(environment);
  const rows: (ReplayRow | Planned)[] = [];
  const taken = new Set<string>();
  for (let i = 0; i < ids.length; i += atOnce) {
    const chunk = ids.slice(i, i + atOnce);
    const planned = await Promise.all(
      chunk.map((id) => planOne(environment, id, { known, force, again, nowMs, actionsQueueEmpty })),
    );
    for (const one of planned) rows.push(onlyOnce(one, taken));
  }
  const planned = rows.filter((row): row is Planned => 'plan' in row);
  if (force && !dryRun) await markForcedCopies(environment, planned);
  const sent = dryRun
    ? []
    : await sendPlans(
        environment,
        planned.map(({ plan }) => plan),
      );
  const results = new Map(planned.map((one, i) => [one, sent[i]]));
  return rows.map((row) => ('plan' in row ? rowOf(row, results.get(row)) : row));
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
  {
    known,
    force,
    again,
    nowMs,
    actionsQueueEmpty,
  }: Omit<ReplayOptions, 'dryRun' | 'again'> & { again: boolean; actionsQueueEmpty: boolean },
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
  const plan = await planEntry(environment, entry, { force, again, nowMs, actionsQueueEmpty, newId });
  return { id, eventId, entry, plan };
}

function rowOf({ id, eventId, plan }: Planned, result: SendResult | undefined): ReplayRow {
  const base = { id, event_id: eventId, detail: plan.detail };
  if (plan.kind === 'nothing') return { ...base, outcome: 'skipped', sent: null };
  if (result === undefined) return { ...base, outcome: 'would_replay', sent: plan.kind };
  if (result.sent) return { ...base, outcome: 'replayed', sent: plan.kind };
  return { ...base, outcome: 'failed', sent: null, detail: result.error.message };
}
