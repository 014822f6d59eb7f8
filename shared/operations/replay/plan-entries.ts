import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { makeActionsQueue, makeEventsQueue } from '../../adapters/sqs-queues.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { ClaimRef } from '../../core/plan/actions-message.ts';
import { actionsMessageOf } from '../../core/plan/actions-of.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { SendResult } from '../../ports/queues.ts';
import { actionLogOf, executionsOfEvent, readExecutions } from '../actions/actions.ts';
import { reopenActions, reopenEvent } from '../discard/marks.ts';
import type { Environment } from '../environment.ts';
import { readClaims } from '../events/claims.ts';
import { configurationOf, recompute } from '../events/recompute.ts';
import { countsLateMs, messagesIn, readQueueDepths } from '../queues/queue-depths.ts';
import {
  planBulkReplay,
  planForcedReplay,
  planReplay,
  type ReplayFacts,
  type ReplayPlan,
  withoutMark,
} from './plan-replay.ts';

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
};

export type EntryToPlan = {
  entry: EventLogEntry;
  /**
   * The id of the new event, or of this origin. The same one for the same event makes sending twice
   * the same as sending once.
   */
  newId: string;
};

/** What a replay of these events would send; one plan for each. What it needs to know is read for all at once. */
export async function planEntries(
  environment: Environment,
  entries: EntryToPlan[],
  { force, again, nowMs, actionsQueueEmpty }: PlanOptions,
): Promise<ReplayPlan[]> {
  if (force) return entries.map(({ entry, newId }) => planOfErased(entry) ?? planForcedReplay(entry, newId, { again }));
  const all = await readFacts(
    environment,
    entries.map(({ entry }) => entry),
    { actionsQueueEmpty, nowMs },
  );
  return entries.map(({ newId }, i): ReplayPlan => {
    const { facts, logs } = all[i] as EntryFacts;
    const erased = planOfErased(facts.entry);
    if (erased !== undefined) return erased;
    if (logs.length <= 1) return planReplay({ ...facts, log: logs[0]?.log }, newId, nowMs);
    const each = logs.map(({ execution, log }) => ({ ...facts, entry: { ...facts.entry, execution }, log }));
    return planBulkReplay(each, newId, nowMs);
  });
}

/** Undefined for an event that says something still. */
function planOfErased({ erasedAtMs }: Pick<EventLogEntry, 'erasedAtMs'>): ReplayPlan | undefined {
  if (erasedAtMs === undefined) return undefined;
  return { kind: 'nothing', detail: 'its person was erased, and with them what a replay needs' };
}

type EntryFacts = {
  facts: ReplayFacts;
  /** By execution, in their order; several for a bulk request. */
  logs: { execution: string; log: ActionLogEntry | undefined }[];
};

/** What is known of events, to plan what goes on with them. */
export async function readFacts(
  environment: Environment,
  entries: EventLogEntry[],
  { actionsQueueEmpty, nowMs }: Pick<PlanOptions, 'actionsQueueEmpty' | 'nowMs'>,
): Promise<EntryFacts[]> {
  const logs = readExecutions(actionLogOf(environment), entries.flatMap(executionsToRead));
  const planned = await Promise.all(
    entries.map(async (entry) => {
      const { configuration, exact } = await configurationOf(environment, entry);
      return (await recompute(entry, configuration, exact)).planned;
    }),
  );
  const refs = entries.map(({ key, source, eventType }, i): ClaimRef | undefined => {
    const type = planned[i]?.event?.eventType ?? eventType;
    return key === undefined || type === undefined ? undefined : { key, source, eventType: type };
  });
  const [claims, found, live] = await Promise.all([
    readClaims(environment, refs),
    logs,
    entries.some(wasRejected) ? readLive(environment.configuration) : undefined,
  ]);
  return Promise.all(
    entries.map(async (entry, i): Promise<EntryFacts> => {
      const plan = planned[i];
      const executions = executionsToRead(entry);
      const ofEntry = executions.map((execution) => ({ execution, log: found.get(execution) }));
      const log = entry.execution === undefined ? undefined : found.get(entry.execution);
      return {
        logs: ofEntry,
        facts: {
          entry,
          claim: claims[i],
          event: entry.source === apiSource ? requestAsEvent(entry) : plan?.event,
          planned:
            plan?.plan.kind === 'run'
              ? (execution, replay) =>
                  actionsMessageOf(
                    { ...plan, raw: { ...plan.raw, replay } },
                    { execution, again: true, nowMs: Date.now() },
                  )
              : undefined,
          ...(wasRejected(entry) && live && { rejectedNow: await rejectedNow(entry, live) }),
          // A zero may be of before the message was sent that the row, or the event without one, waits for.
          actionsQueueEmpty:
            actionsQueueEmpty && (log?.updatedAtMs ?? entry.processedAtMs) + countsLateMs(environment) <= nowMs,
        },
      };
    }),
  );
}

/** Those of the event; for one without actions of its own, the execution that its row names. */
function executionsToRead(entry: EventLogEntry): string[] {
  const own = executionsOfEvent(entry);
  return own.length > 0 || entry.execution === undefined ? own : [entry.execution];
}

/** No mapping made its actions: their parameters are all in their row. */
function requestAsEvent({ eventType = '', userId, receivedAtMs }: EventLogEntry): ReplayFacts['event'] {
  return { eventType, data: {}, occurredAtMs: receivedAtMs, ...(userId !== undefined && { userId }) };
}

const wasRejected = (entry: EventLogEntry) => withoutMark(entry).status === 'rejected';

/** Why the live configuration rejects an event; undefined when it would run, or find no mapping. */
async function rejectedNow(entry: EventLogEntry, live: LiveConfiguration): Promise<string | undefined> {
  const { planned, problem } = await recompute(entry, live, false);
  if (planned === undefined) return problem ?? 'it cannot be read';
  return planned.plan.kind === 'rejected' ? (planned.plan.detail ?? planned.plan.reason) : undefined;
}

/** Takes the marks of what was discarded away, so that it counts again should it fail once more. */
async function reopen(environment: Environment, plan: ReplayPlan): Promise<void> {
  if (plan.kind === 'event' && plan.reopens) await reopenEvent(environment, plan.reopens);
  if (plan.kind !== 'actions') return;
  for (const { log, ids } of plan.reopens ?? []) await reopenActions(environment, log, ids, Date.now());
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
  await Promise.all(plans.map((plan) => reopen(environment, plan)));
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
