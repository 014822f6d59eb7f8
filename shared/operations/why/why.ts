import { apiSource } from '../../core/ids/api-source.ts';
import { eventIdTimeMs } from '../../core/ids/event-id.ts';
import { type PreparedSource, prepareSource } from '../../core/live/prepared.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { typeName } from '../../core/sources/source.ts';
import { type ActionRow, actionRow } from '../actions/action-row.ts';
import { actionLogOf, asOneLog, readLogsOfEvent } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { claimsOfKey, readClaim } from '../events/claims.ts';
import { type ConsideredRow, type EventRow, eventRow } from '../events/event-row.ts';
import { eventLogOf, readEvent, sourcesOfId } from '../events/events.ts';
import { configurationOf, consideredRows, type Recomputed, recompute } from '../events/recompute.ts';
import { type TouchedByRow, touchedBy } from '../jobs/touched-by.ts';
import { countsLateMs, messagesIn, type QueueDepth, readQueueDepths } from '../queues/queue-depths.ts';
import { type RunRow, runRow } from '../runs/run-row.ts';
import { runsOfExecution, workflowRunsOf } from '../runs/runs.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { iso } from '../words/iso.ts';
import { onItsWay, sentAgain } from './sent-again.ts';
import { isFromTheFuture } from './what-is.ts';
import { type WhereNow, whereNow } from './where-now.ts';

export type ClaimRow = {
  key: string;
  source: string;
  event_type: string;
  owner: string;
  /** Whether the requested event is the owner. */
  is_owner: boolean;
  execution: string;
  lease_ends_at: string;
  expires_at: string;
  expired: boolean;
  released: boolean;
};

/** Everything known of one event, in the order in which it happened. `--json` of `why`. */
export type EventStory = {
  id: string;
  received_at: string;
  event: EventRow | null;
  /** Bytes of the event's text as received. */
  bytes: number | null;
  headers: Record<string, string>;
  claim: ClaimRow | null;
  /** Why there is no claim. */
  claim_note: string | null;
  configuration: { version: number; exact: boolean } | null;
  mappings: ConsideredRow[];
  /** Why the mappings cannot be shown. */
  mappings_problem: string | null;
  actions: ActionRow[];
  runs: RunRow[];
  /** The replays and other jobs of operators that the event was in. */
  jobs: TouchedByRow[];
  now: WhereNow;
  /** Read only if something waits. */
  queues: QueueDepth[];
};

/** @returns undefined when the id cannot belong to any source here */
export async function tellEvent(
  environment: Environment,
  id: string,
  known: KnownSource[],
  nowMs: number,
  isSecond = false,
): Promise<EventStory | undefined> {
  const entry = await readEvent(eventLogOf(environment), id, known);
  if (entry === undefined) return tellUnlogged(environment, id, known, nowMs);
  const { configuration, exact } = await configurationOf(environment, entry);
  const recomputed = await recompute(entry, configuration, exact);
  const logs = await readLogsOfEvent(actionLogOf(environment), entry);
  const log = asOneLog(logs);
  const [claim, jobs, runs] = await Promise.all([
    claimOf(environment, entry, recomputed.planned?.event?.eventType, nowMs),
    jobsOf(environment, entry),
    log === undefined ? [] : runsOfExecution(workflowRunsOf(environment), log),
  ]);
  const again = sentAgain(entry, log, jobs);
  const queues = again === undefined ? [] : await readQueueDepths(environment);
  const way = again && onItsWay(again, queues, { nowMs, lateMs: countsLateMs(environment) });
  // It came to its end after its rows were read.
  if (again !== undefined && way === undefined && !isSecond) return tellEvent(environment, id, known, nowMs, true);
  const now = way ?? whereNow(entry, log, recomputed.text !== undefined);
  const erased = entry.erasedAtMs === undefined ? undefined : 'erased with the person of the event';
  return {
    id,
    received_at: iso(entry.receivedAtMs),
    event: eventRow(entry, log),
    bytes: recomputed.text === undefined ? null : Buffer.byteLength(recomputed.text),
    headers: recomputed.headers,
    claim,
    claim_note:
      claim === null ? (erased ?? whyNoClaim(entry, recomputed, prepareSource(configuration, entry.source))) : null,
    configuration: { version: recomputed.configVersion, exact },
    mappings: erased === undefined ? consideredRows(recomputed, entry.status) : [],
    mappings_problem: erased ?? recomputed.problem ?? null,
    actions: logs.flatMap((one) => one.actions.map((action) => actionRow(one, action))),
    runs: runs.map(runRow),
    jobs,
    now,
    queues: now.state === 'waiting' ? await readQueueDepths(environment) : [],
  };
}

/** A forced copy belongs to the job that made it of another event. */
async function jobsOf(environment: Environment, { id, replayOf }: EventLogEntry): Promise<TouchedByRow[]> {
  const [own, ofOriginal] = await Promise.all([
    touchedBy(environment, id),
    replayOf === undefined ? [] : touchedBy(environment, replayOf),
  ]);
  return [...ofOriginal.filter(({ detail }) => detail?.endsWith(id)), ...own];
}

async function claimOf(
  environment: Environment,
  entry: EventLogEntry,
  eventType: string | undefined,
  nowMs: number,
): Promise<ClaimRow | null> {
  const { key, source } = entry;
  // The row cuts a very long type; the event has all of it.
  const type = eventType ?? entry.eventType;
  if (key === undefined || type === undefined) return null;
  const claim =
    source === apiSource
      ? await claimOfRequest(environment, key, entry)
      : await readClaim(environment, { key, source, eventType: type });
  if (claim === undefined) return null;
  return {
    key,
    source,
    event_type: type,
    owner: claim.owner,
    is_owner: claim.owner === entry.id,
    execution: claim.execution,
    lease_ends_at: iso(claim.leaseEndsAtMs),
    expires_at: iso(claim.expiresAtMs),
    expired: claim.expiresAtMs <= nowMs,
    released: claim.released,
  };
}

/** The type of its claim names the workflow too, so the key alone leads to it. */
async function claimOfRequest(environment: Environment, key: string, { execution }: EventLogEntry) {
  const claims = await claimsOfKey(environment, key);
  return claims.find(({ source, claim }) => source === apiSource && claim.execution === execution)?.claim;
}

function whyNoClaim(entry: EventLogEntry, { planned }: Recomputed, source: PreparedSource | undefined): string {
  if (entry.status === 'rejected' || entry.status === 'no_mapping') return 'none needed: nothing ran';
  if (entry.key !== undefined) return 'its key is free again: the window has ended';
  if (entry.source === apiSource) return 'none: only triggers take an Idempotency-Key, and this request had none';
  if (ranNothing(planned)) return 'none needed: the request itself applied the record, and nothing ran after it';
  if (source?.settings.idempotency.enabled === false) return 'none: checks for copies are switched off for this source';
  const candidate = planned?.event?.keyCandidate;
  if (candidate === undefined) return 'none: the event carries no idempotency key, so a copy of it would run too';
  return `none: its key is ${typeName(candidate)} and neither a number nor text of 1 to 255 characters, so it was dropped and a copy would run too`;
}

/** A record that the request applied whole is the one event that runs with nothing to run. */
function ranNothing(planned: Recomputed['planned']): boolean {
  return planned?.plan.kind === 'run' && planned.plan.invocations.length === 0;
}

/** An id without a row: it is on its way, aged out, or was never an event here. */
async function tellUnlogged(
  environment: Environment,
  id: string,
  known: KnownSource[],
  nowMs: number,
): Promise<EventStory | undefined> {
  const sources = sourcesOfId(id, known);
  if (sources.length === 0 || isFromTheFuture(id, nowMs)) return undefined;
  const receivedAtMs = eventIdTimeMs(id);
  const queues = await readQueueDepths(environment);
  return {
    id,
    received_at: iso(receivedAtMs),
    event: null,
    bytes: null,
    headers: {},
    claim: null,
    claim_note: null,
    configuration: null,
    mappings: [],
    mappings_problem: null,
    actions: [],
    runs: [],
    jobs: [],
    now: unloggedNow(queues, {
      source: sources.map(({ key }) => key).join(' or '),
      ageMs: nowMs - receivedAtMs,
      lateMs: countsLateMs(environment),
    }),
    queues,
  };
}

/** @param lateMs how far the counts may be behind */
export function unloggedNow(
  queues: QueueDepth[],
  { source, ageMs, lateMs }: { source: string; ageMs: number; lateMs: number },
): WhereNow {
  // What an older message could not be among is not counted.
  const thatMayHoldIt = (name: string) => {
    const found = queues.find(({ queue }) => queue === name);
    return found === undefined || ageMs > found.retention_seconds * 1000 ? 0 : messagesIn(found);
  };
  const waiting = thatMayHoldIt('events');
  const parked = thatMayHoldIt('events dead-letter');
  if (waiting > 0)
    return {
      state: 'waiting',
      until: null,
      text: `There is no row of it. It is an id of ${source}: if it was accepted, it waits in the events queue, which holds ${waiting}.`,
    };
  if (parked > 0)
    return {
      state: 'waiting',
      until: null,
      text: `There is no row of it, and the events queue is empty. ${parked} in the dead-letter queue could not be explained yet; it may be among them.`,
    };
  if (ageMs < lateMs)
    return {
      state: 'waiting',
      until: null,
      text: `There is no row of it yet. The queues look empty, but SQS counts up to a minute late, and the id of ${source} is ${Math.ceil(ageMs / 1000)} s old: ask again in a minute.`,
    };
  return {
    state: 'unknown',
    text: `There is no row of it, and no message of its age waits in the queues: it has the form of an id of ${source}, but was never accepted, or its row has aged out.`,
  };
}
