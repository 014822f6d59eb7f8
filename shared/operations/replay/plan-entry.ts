import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { makeActionsQueue, makeEventsQueue } from '../../adapters/sqs-queues.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { actionsMessageOf } from '../../core/plan/actions-of.ts';
import type { SendResult } from '../../ports/queues.ts';
import { actionLogOf, executionsOfEvent, readActionLog, readExecutions } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { readClaim } from '../events/claims.ts';
import { configurationOf, recompute } from '../events/recompute.ts';
import { countsLateMs, messagesIn, readQueueDepths } from '../queues/queue-depths.ts';
import { planBulkReplay, planForcedReplay, planReplay, type ReplayFacts, type ReplayPlan } from './plan-replay.ts';

/** Whether the actions queue is empty: then pending actions wait in vain. */
export async function isActionsQueueEmpty(environment: Environment): Promise<boolean> {
  const actions = (await readQueueDepths(environment)).find(({ queue }) => queue === 'actions');
  return actions === undefined || messagesIn(actions) === 0;
}

export type PlanOptions = {
  /** Runs the whole event as a new one, and repeats its effects. */
  force: boolean;
  /** Forces an event once more that was forced before. */
  again: boolean;
  nowMs: number;
  actionsQueueEmpty: boolean;
  /**
   * The id of the new event, or of this origin. The same one for the same event makes sending twice
   * the same as sending once.
   */
  newId: string;
};

/** What a replay of one event would send. */
export async function planEntry(
  environment: Environment,
  entry: EventLogEntry,
  { force, again, nowMs, actionsQueueEmpty, newId }: PlanOptions,
): Promise<ReplayPlan> {
  if (force) return planForcedReplay(entry, newId, { again });
  const facts = await readFacts(environment, entry, actionsQueueEmpty, nowMs);
  const executions = executionsOfEvent(entry);
  if (executions.length <= 1) return planReplay(facts, newId, nowMs);
  const logs = await readExecutions(actionLogOf(environment), executions);
  const each = executions.map((execution) => ({ ...facts, entry: { ...entry, execution }, log: logs.get(execution) }));
  return planBulkReplay(each, newId, nowMs);
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

/**
 * Sends plans, each to its queue; one answer for each, undefined for a plan that sends nothing. Of
 * several messages of one plan, one that was not sent counts.
 */
export async function sendPlans(
  environment: Environment,
  plans: readonly ReplayPlan[],
): Promise<(SendResult | undefined)[]> {
  const client = await environment.queues();
  const { EventsQueueUrl, ActionsQueueUrl } = environment.outputs;
  const events = plans.flatMap((plan, i) => (plan.kind === 'event' ? [{ i, raw: plan.raw }] : []));
  const actions = plans.flatMap((plan, i) =>
    plan.kind === 'actions' ? plan.messages.map((message) => ({ i, message })) : [],
  );
  const [ofEvents, ofActions] = await Promise.all([
    makeEventsQueue(client, EventsQueueUrl).sendEach(events.map(({ raw }) => raw)),
    makeActionsQueue(client, ActionsQueueUrl).sendEach(actions.map(({ message }) => message)),
  ]);
  const results: (SendResult | undefined)[] = plans.map(() => undefined);
  for (const [n, { i }] of events.entries()) results[i] = ofEvents[n];
  for (const [n, { i }] of actions.entries()) if (results[i]?.sent !== false) results[i] = ofActions[n];
  return results;
}
