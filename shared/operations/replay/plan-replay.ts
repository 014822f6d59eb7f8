import type { NormalizedEvent } from '../../core/events/normalized-event.ts';
import { decodeRawEvent, type RawEvent, unpackEventText } from '../../core/events/raw-event.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import {
  type ActionLogEntry,
  type ActionOutcome,
  isReopenable,
  lacksParameters,
} from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { takesEventData } from '../../core/mappings/action-facts.ts';
import { type ActionsMessage, decodeActionsMessage, type Invocation } from '../../core/plan/actions-message.ts';
import type { Claim } from '../../ports/claim-store.ts';
import { rawEventOf } from '../events/recompute.ts';

/** The messages that a replay of one event would send, or why it sends none. */
export type ReplayPlan =
  /** Sends the whole event to the events queue. */
  | { kind: 'event'; raw: RawEvent; detail: string; reopens?: EventLogEntry }
  /**
   * Sends its actions to the actions queue; succeeded ones do not run again. One message, or several
   * for a bulk request.
   */
  | { kind: 'actions'; messages: ActionsMessage[]; detail: string; reopens?: Reopened[] }
  | { kind: 'nothing'; detail: string };

/** Actions that an operator discarded: their marks go before they run again. */
export type Reopened = { log: ActionLogEntry; ids: string[] };

export type ReplayFacts = {
  entry: EventLogEntry;
  /** The claim on the event's key, whichever event owns it. */
  claim?: Claim | undefined;
  /** The action log's row of the event's execution. */
  log?: ActionLogEntry | undefined;
  /**
   * The event, planned again with the configuration that its row names; absent when that is
   * impossible.
   */
  event?: Pick<NormalizedEvent, 'eventType' | 'userId' | 'data' | 'occurredAtMs'> | undefined;
  /** The event's planned actions, for an event whose message was lost. */
  planned?: ((execution: string, replay: string) => ActionsMessage) | undefined;
  /**
   * For a rejected event: why the live configuration would reject it again; absent if it would
   * accept it.
   */
  rejectedNow?: string | undefined;
  /** True when the actions queue is empty: then pending actions wait in vain. */
  actionsQueueEmpty: boolean;
};

/**
 * Decides what is missing. Pure, so that `--dry-run` shows exactly what would be sent.
 * @param replay names this replay command: actions that failed for good run once more for a new
 * origin
 */
export function planReplay(facts: ReplayFacts, replay: string, nowMs: number): ReplayPlan {
  const { entry } = facts;
  if (entry.source === apiSource && entry.status === 'rejected')
    return nothing(`was refused (${entry.detail ?? 'no reason'}); its client must send it again`);
  const copy = entry.replays?.at(-1);
  switch (entry.status) {
    case 'failed':
      // Its effects would happen twice.
      if (copy !== undefined) return nothing(copied(copy));
      return planEventReplay(facts, replay);
    case 'held':
      return planEventReplay(facts, replay);
    case 'idempotent':
      return nothing(`is a copy of ${entry.duplicateOf ?? 'another event'}; replay that one`);
    case 'rejected':
      // A replay would run its mappings, and not do what the request refused.
      if (entry.reason === 'request_refused')
        return nothing('was refused, and its sender was told: it has to ask again');
      return facts.rejectedNow === undefined
        ? planEventReplay(facts, replay)
        : nothing(`was rejected (${entry.reason ?? 'no reason'}); it would be again now: ${facts.rejectedNow}`);
    case 'discarded': {
      const plan = planReplay({ ...facts, entry: withoutMark(entry) }, replay, nowMs);
      return plan.kind === 'event' ? { ...plan, reopens: entry } : plan;
    }
    case 'no_mapping':
      return nothing(`ran nothing (${entry.reason ?? 'no mapping'}), so nothing is missing`);
    case 'processed':
      return planActionsReplay(facts, replay, nowMs);
  }
}

/** The event as it was before an operator discarded it. */
export function withoutMark({ discarded, ...entry }: EventLogEntry): EventLogEntry {
  return discarded === undefined ? entry : { ...entry, status: discarded.was };
}

/** What a bulk request lacks: its actions lie in several executions, each with a plan of its own. */
export function planBulkReplay(facts: ReplayFacts[], replay: string, nowMs: number): ReplayPlan {
  const plans = facts.map((one) => planReplay(one, replay, nowMs));
  const messages = plans.flatMap((plan) => (plan.kind === 'actions' ? plan.messages : []));
  const [first] = plans;
  if (messages.length === 0) return first ?? nothing('has no executions');
  const count = plans.filter(({ kind }) => kind === 'actions').length;
  const reopens = plans.flatMap((plan) => (plan.kind === 'actions' ? (plan.reopens ?? []) : []));
  return {
    kind: 'actions',
    messages,
    ...(reopens.length > 0 && { reopens }),
    detail: `runs again what is missing in ${count} of ${plans.length} executions`,
  };
}

/**
 * Runs the event again as a new one, whatever became of it: a new id and execution, no claim, the
 * configuration that is live now. Its effects are new: a run that already happened happens again.
 * @param freshId for the same source and log shard as the event
 * @param again also an event that was forced before: each time, a user gets its runs once more
 */
export function planForcedReplay(
  entry: EventLogEntry,
  freshId: string,
  { again }: { again: boolean } = { again: false },
): ReplayPlan {
  if (entry.source === apiSource)
    return nothing('is a call of the REST API, not an event; only its client can repeat it');
  const copy = entry.replays?.filter((id) => id !== freshId).at(-1);
  if (copy !== undefined && !again) return nothing(`was run as a new event before, ${copy}; --again runs it once more`);
  // The copy would run besides what the release of the source runs.
  if (entry.status === 'held') return nothing('is held and ran nothing yet; a replay without --force runs it now');
  // A filter that found the original finds its copy as well.
  if (entry.replayOf !== undefined && !again)
    return nothing(`was itself run again from ${entry.replayOf}; --again runs it once more`);
  const event = storedEvent(entry);
  if (event === undefined) return nothing(notReadHere);
  const { source, verification, payload } = event;
  const raw: RawEvent = { id: freshId, source, verification, payload, replayOf: entry.id };
  return { kind: 'event', raw, detail: `${runsAsNew}, ${freshId}` };
}

/** What a preview says of a forced replay: its job gives the new id, so there is none to look up yet. */
export const runsAsNew = 'runs as a new event';

const copied = (copy: string) => `was run as a new event, ${copy}; replay that one`;

function nothing(detail: string): ReplayPlan {
  return { kind: 'nothing', detail };
}

const notReadHere =
  'its message is of a version that this checkout does not know; replay it with the version that was deployed when it came';

/**
 * The event of a row. A message that the deployed functions could not read lies whole in its row: after a rollback they
 * are older than it, but this checkout may be newer.
 */
function storedEvent(entry: EventLogEntry): RawEvent | undefined {
  if (entry.reason !== 'message_unreadable') return rawEventOf(entry);
  try {
    const event = decodeRawEvent(unpackEventText(entry.payload).body);
    return event.id === entry.id && event.source === entry.source ? event : undefined;
  } catch {
    return undefined;
  }
}

function planEventReplay({ entry, claim }: ReplayFacts, replay: string): ReplayPlan {
  const event = storedEvent(entry);
  if (event === undefined) return nothing(notReadHere);
  // The execution that it may have begun, so that finished work is found and not repeated. Without
  // a trace of an execution, it is the event's own id.
  const owned = claim?.owner === entry.id ? claim.execution : undefined;
  const execution = event.execution ?? entry.execution ?? owned ?? entry.id;
  const raw: RawEvent = { ...event, execution, replay };
  return {
    kind: 'event',
    raw,
    detail: `the whole event runs again (${entry.detail ?? entry.reason ?? `it was ${entry.status}`})`,
  };
}

function planActionsReplay(facts: ReplayFacts, replay: string, nowMs: number): ReplayPlan {
  const { entry, log, actionsQueueEmpty } = facts;
  if (entry.actionsPlanned === 0) return nothing('planned no actions, so nothing is missing');
  if (log === undefined) return planLostActions(facts, replay);
  const failed = log.actions.filter((action) => isReopenable(action) && action.reason !== 'parameters_too_large');
  const pending = log.actions.filter(({ status }) => status === 'pending');
  // An operator releases what is held; no message of it waits in the queue.
  const stranded = actionsQueueEmpty ? pending.filter(({ reason }) => reason !== 'held') : [];
  if (failed.length + stranded.length === 0) return nothing(whyNothing(log.actions));
  // The copy ran all of them: a user would get its runs twice.
  const copy = entry.replays?.at(-1);
  if (copy !== undefined && stranded.length === 0) return nothing(copied(copy));
  const isInRow = ![...failed, ...stranded].some(lacksParameters);
  const message = isInRow ? actionsMessage(facts, log, replay, nowMs) : replanned(facts, log, replay);
  if (message === undefined) return nothing('its stored event cannot be read, so its actions cannot be rebuilt');
  const names = [...failed, ...stranded].map(({ action, mapping }) => `${action} by ${mapping}`).join(', ');
  const marked = failed.flatMap(({ id, discarded }) => (discarded === undefined ? [] : [id]));
  return {
    kind: 'actions',
    messages: [message],
    ...(marked.length > 0 && { reopens: [{ log, ids: marked }] }),
    detail: `runs again: ${names}`,
  };
}

/** The actions as planned again from the stored event, if the row lacks parameters. */
export function replanned(
  { planned, entry }: ReplayFacts,
  log: ActionLogEntry,
  replay: string,
): ActionsMessage | undefined {
  const message = planned?.(entry.execution ?? entry.id, replay);
  return message && { ...message, n: Math.max(log.next, 1), firstN: Math.max(log.next, 1) };
}

function planLostActions({ entry, planned, actionsQueueEmpty }: ReplayFacts, replay: string): ReplayPlan {
  if (!actionsQueueEmpty) return nothing('its actions still wait in the actions queue');
  if (planned === undefined) return nothing('its stored event cannot be read, so its actions cannot be rebuilt');
  const message = planned(entry.execution ?? entry.id, replay);
  return {
    kind: 'actions',
    messages: [message],
    detail: `its ${message.invocations.length} actions left no trace and are sent again`,
  };
}

function whyNothing(actions: ActionOutcome[]): string {
  const held = actions.find(({ reason }) => reason === 'held');
  if (held) return `is held: ${held.detail ?? 'its workflow is paused'}`;
  if (actions.some(({ status }) => status === 'pending'))
    return 'has actions that wait for their next try; it comes by itself';
  if (actions.some(({ reason }) => reason === 'parameters_too_large'))
    return 'has an action whose parameters are too large; it would end the same way';
  if (actions.some(({ status }) => status === 'discarded'))
    return 'has nothing that would run: what was discarded had been skipped, and would be again';
  if (actions.some(({ status }) => status === 'skipped'))
    return 'has only skipped actions left, which would be skipped again; once the cause is mended, --force runs the whole event as a new one';
  return 'is complete: every action has its outcome';
}

/**
 * Sends the actions of an execution again. Their parameters come from the row, as resolved the
 * first time, because a changed mapping must not change this execution. The event's data and time
 * come from the dead-lettered message if there is one, else from the stored event with the same
 * configuration version. Both give what the first attempt had.
 */
export function actionsMessage(
  { entry, event, claim }: ReplayFacts,
  log: ActionLogEntry,
  replay: string,
  nowMs: number,
): ActionsMessage | undefined {
  const invocations = log.actions.map(invocationOf);
  const base = {
    execution: log.execution,
    origin: replay,
    again: true,
    // At least the number that the row waits for, or the message would look like an old one.
    n: Math.max(log.next, 1),
    firstSentAtMs: nowMs,
    invocations,
  };
  const parked = parkedMessage(log);
  if (parked !== undefined) {
    const { retryAtMs: _retryAtMs, firstN: _firstN, ...rest } = parked;
    return { ...rest, ...base };
  }
  if (event === undefined) return undefined;
  const needsData = invocations.some(takesEventData);
  return {
    eventId: entry.id,
    source: entry.source,
    eventType: event.eventType,
    configVersion: log.configVersion,
    ...(event.userId !== undefined && { userId: event.userId }),
    ...(needsData && { data: event.data }),
    occurredAtMs: event.occurredAtMs,
    receivedAtMs: entry.receivedAtMs,
    // A failure releases the claim of its execution only if the message names the claim.
    ...(entry.key !== undefined &&
      claim !== undefined && { claim: { key: entry.key, source: entry.source, eventType: event.eventType } }),
    ...base,
  };
}

function invocationOf({ id, action, mapping, payload, reason, detail }: ActionOutcome): Invocation {
  // Its parameters were never stored. Without them it would be skipped for a reason that is not the
  // true one.
  if (reason === 'parameters_too_large')
    return { id, action, mapping, payload, refused: { reason, detail: detail ?? reason } };
  return { id, action, mapping, payload };
}

function parkedMessage({ message }: ActionLogEntry): ActionsMessage | undefined {
  if (message === undefined) return undefined;
  try {
    return decodeActionsMessage(message);
  } catch {
    return undefined;
  }
}
