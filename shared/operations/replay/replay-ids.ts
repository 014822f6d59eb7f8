import { randomBytes } from 'node:crypto';
import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { makeActionsQueue, makeEventsQueue } from '../../adapters/sqs-queues.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import { eventIdShard, makeEventId } from '../../core/ids/event-id.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { actionsMessageOf } from '../../core/plan/actions-of.ts';
import type { SendResult } from '../../ports/queues.ts';
import { actionLogOf, executionsOfEvent, readActionLog, readExecutions } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { readClaim } from '../events/claims.ts';
import { eventLogOf, readEvent } from '../events/events.ts';
import { configurationOf, recompute } from '../events/recompute.ts';
import { countsLateMs, messagesIn, readQueueDepths } from '../queues/queue-depths.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { resolveId } from '../why/resolve-id.ts';
import { planBulkReplay, planForcedReplay, planReplay, type ReplayFacts, type ReplayPlan } from './plan-replay.ts';

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
  nowMs: number;
};

type Planned = { id: string; eventId: string; plan: ReplayPlan };

const atOnce = 8;

/** Runs only the missing actions of each event, with the same event ids and executions. */
export async function replayIds(
  environment: Environment,
  ids: string[],
  { known, dryRun, force, nowMs }: ReplayOptions,
): Promise<ReplayRow[]> {
  const depths = await readQueueDepths(environment);
  const actions = depths.find(({ queue }) => queue === 'actions');
  const actionsQueueEmpty = actions === undefined || messagesIn(actions) === 0;
  const rows: (ReplayRow | Planned)[] = [];
  const taken = new Set<string>();
  for (let i = 0; i < ids.length; i += atOnce) {
    const chunk = ids.slice(i, i + atOnce);
    const planned = await Promise.all(
      chunk.map((id) => planOne(environment, id, { known, force, nowMs, actionsQueueEmpty })),
    );
    for (const one of planned) rows.push(onlyOnce(one, taken));
  }
  const sent = dryRun
    ? undefined
    : await sendPlans(
        environment,
        rows.filter((row): row is Planned => 'plan' in row),
      );
  return rows.map((row) => ('plan' in row ? rowOf(row, sent?.get(row.id)) : row));
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
  { known, force, nowMs, actionsQueueEmpty }: Omit<ReplayOptions, 'dryRun'> & { actionsQueueEmpty: boolean },
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
  if (force) {
    const freshId = makeEventId(entry.source, eventIdShard(entry.id), nowMs, randomBytes(12));
    return { id, eventId, plan: planForcedReplay(entry, freshId) };
  }
  const facts = await readFacts(environment, entry, actionsQueueEmpty, nowMs);
  const replay = makeEventId(entry.source, 0, nowMs, randomBytes(12));
  const executions = executionsOfEvent(entry);
  if (executions.length <= 1) return { id, eventId, plan: planReplay(facts, replay, nowMs) };
  const logs = await readExecutions(actionLogOf(environment), executions);
  const each = executions.map((execution) => ({
    ...facts,
    entry: { ...entry, execution },
    log: logs.get(execution),
  }));
  return { id, eventId, plan: planBulkReplay(each, replay, nowMs) };
}

async function readFacts(
  environment: Environment,
  entry: ReplayFacts['entry'],
  actionsQueueEmpty: boolean,
  nowMs: number,
): Promise<ReplayFacts> {
  const [{ configuration, exact }, log] = await Promise.all([
    configurationOf(environment, entry),
    entry.execution === undefined ? undefined : readActionLog(actionLogOf(environment), entry.execution),
  ]);
  const { planned } = await recompute(entry, configuration, exact);
  const eventType = planned?.event?.eventType ?? entry.eventType;
  const claim =
    entry.key === undefined || eventType === undefined
      ? undefined
      : await readClaim(environment, { key: entry.key, source: entry.source, eventType });
  return {
    entry,
    claim,
    log,
    event: entry.source === apiSource ? requestAsEvent(entry) : planned?.event,
    planned:
      planned?.plan.kind === 'run'
        ? (execution, replay) =>
            actionsMessageOf(
              { ...planned, raw: { ...planned.raw, replay } },
              { execution, again: true, nowMs: Date.now() },
            )
        : undefined,
    ...(entry.status === 'rejected' && { rejectedNow: await rejectedNow(environment, entry) }),
    // A zero may be of before the message was sent that the row, or the event without one, waits for.
    actionsQueueEmpty:
      actionsQueueEmpty && (log?.updatedAtMs ?? entry.processedAtMs) + countsLateMs(environment) <= nowMs,
  };
}

/** No mapping made its actions: their parameters are all in their row. */
function requestAsEvent({ eventType = '', userId, receivedAtMs }: EventLogEntry): ReplayFacts['event'] {
  return { eventType, data: {}, occurredAtMs: receivedAtMs, ...(userId !== undefined && { userId }) };
}

/** Why the live configuration rejects an event; undefined when it would run, or find no mapping. */
async function rejectedNow(environment: Environment, entry: EventLogEntry): Promise<string | undefined> {
  const { planned, problem } = await recompute(entry, await readLive(environment.configuration), false);
  if (planned === undefined) return problem ?? 'it cannot be read';
  return planned.plan.kind === 'rejected' ? (planned.plan.detail ?? planned.plan.reason) : undefined;
}

async function sendPlans(environment: Environment, planned: Planned[]): Promise<Map<string, SendResult>> {
  const client = await environment.queues();
  const events = planned.flatMap(({ id, plan }) => (plan.kind === 'event' ? [{ id, raw: plan.raw }] : []));
  const actions = planned.flatMap(({ id, plan }) =>
    plan.kind === 'actions' ? plan.messages.map((message) => ({ id, message })) : [],
  );
  const [eventResults, actionResults] = await Promise.all([
    makeEventsQueue(client, environment.outputs.EventsQueueUrl).sendEach(events.map(({ raw }) => raw)),
    makeActionsQueue(client, environment.outputs.ActionsQueueUrl).sendEach(actions.map(({ message }) => message)),
  ]);
  const results = new Map<string, SendResult>();
  for (const [i, { id }] of events.entries()) if (eventResults[i]) results.set(id, eventResults[i]);
  // Of several messages, one that was not sent counts.
  for (const [i, { id }] of actions.entries())
    if (actionResults[i] && results.get(id)?.sent !== false) results.set(id, actionResults[i]);
  return results;
}

function rowOf({ id, eventId, plan }: Planned, result: SendResult | undefined): ReplayRow {
  const base = { id, event_id: eventId, detail: plan.detail };
  if (plan.kind === 'nothing') return { ...base, outcome: 'skipped', sent: null };
  if (result === undefined) return { ...base, outcome: 'would_replay', sent: plan.kind };
  if (result.sent) return { ...base, outcome: 'replayed', sent: plan.kind };
  return { ...base, outcome: 'failed', sent: null, detail: result.error.message };
}
