import { makeDirectory } from '../../adapters/dynamodb-directory.ts';
import type { Entity } from '../../core/directory/entity.ts';
import { requestOfApiRunId } from '../../core/ids/api-run-id.ts';
import { parseRunId } from '../../core/ids/run-id.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { WorkflowRun } from '../../core/runs/workflow-run.ts';
import { actionLogEntries, actionLogOf, type FoundAction, readActionLog } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { type ClaimOfKey, claimsOfKey } from '../events/claims.ts';
import { eventLogOf, listEvents } from '../events/events.ts';
import { readRun, runsOfRecipient, workflowRunsOf } from '../runs/runs.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { take } from '../tables/newest-first.ts';
import { shapeOf } from './what-is.ts';

/** The meaning of an operator's text. */
export type Resolved =
  | { as: 'event'; eventId: string }
  /** A vendor's id, and so an idempotency key. */
  | { as: 'message'; eventId: string; claims: [ClaimOfKey] }
  /** The same id at several sources or under several event types: the operator chooses. */
  | { as: 'messages'; claims: ClaimOfKey[] }
  | { as: 'user'; id: string; user?: Entity; events: EventLogEntry[]; runs: WorkflowRun[] }
  | { as: 'run'; eventId: string; run?: WorkflowRun }
  /** The run id that a trigger of the REST API answered. */
  | { as: 'trigger'; eventId: string }
  /** The id of a bulk operation of the REST API. */
  | { as: 'operation'; eventId: string }
  | { as: 'action'; eventId: string; found: FoundAction }
  | { as: 'nothing' };

/**
 * In this order, since message and user ids are free text: event id, message id, user id, run id of
 * a recipient or of a trigger, id of a bulk operation, id of a failed action.
 */
export async function resolveId(environment: Environment, text: string, known: KnownSource[]): Promise<Resolved> {
  if (shapeOf(text) === 'event') return { as: 'event', eventId: text };
  const claims = await claimsOfKey(environment, text);
  const [only] = claims;
  if (only !== undefined) {
    return claims.length === 1
      ? { as: 'message', eventId: only.claim.owner, claims: [only] }
      : { as: 'messages', claims };
  }
  return (
    (await asUser(environment, text, known)) ??
    (await asRun(environment, text)) ??
    (await asRequest(environment, text)) ??
    (await asAction(environment, text)) ?? { as: 'nothing' }
  );
}

/** How many of a user's events and runs are listed. */
export const newestShown = 10;
const always = { sinceMs: 0, untilMs: 8_640_000_000_000 };

async function asUser(environment: Environment, id: string, known: KnownSource[]): Promise<Resolved | undefined> {
  // Partition keys have 1 to 2,048 bytes; a longer text is not a user's id.
  if (id === '' || Buffer.byteLength(id) > 1024) return undefined;
  const directory = makeDirectory(environment.documents, environment.outputs.DirectoryTable);
  const [[user], events, runs] = await Promise.all([
    directory.readEach([{ kind: 'user', id }]),
    listEvents(eventLogOf(environment), { ...always, sources: known, userId: id, limit: newestShown }),
    take(runsOfRecipient(workflowRunsOf(environment), id, always), newestShown),
  ]);
  if (user === undefined && events.length === 0 && runs.length === 0) return undefined;
  return { as: 'user', id, events, runs, ...(user && { user }) };
}

async function asRun(environment: Environment, text: string): Promise<Resolved | undefined> {
  const key = parseRunId(text);
  if (key === undefined) return undefined;
  const run = await readRun(workflowRunsOf(environment), key);
  // The id of a run that is gone still names its execution, which is the id of the event that began
  // it.
  return { as: 'run', eventId: run?.eventId ?? key.execution, ...(run && { run }) };
}

/**
 * The id holds the request that was asked first. If that died, a repetition went on with it, and the
 * action log names that one.
 */
async function asRequest(environment: Environment, text: string): Promise<Resolved | undefined> {
  const execution = requestOfApiRunId(text);
  if (execution === undefined) return undefined;
  const log = await readActionLog(actionLogOf(environment), execution);
  const isBulk = log?.eventType.includes('.bulk.') ?? false;
  return { as: isBulk ? 'operation' : 'trigger', eventId: log?.eventId ?? execution };
}

const failedActionsDays = 14;

/** An action id does not reveal its event; index `problems` finds what failed or was skipped or discarded. */
async function asAction(environment: Environment, text: string): Promise<Resolved | undefined> {
  if (shapeOf(text) !== 'action') return undefined;
  const nowMs = Date.now();
  const range = { sinceMs: nowMs - failedActionsDays * 86_400_000, untilMs: nowMs + 300_000, shards: 1 };
  const statuses = ['failed', 'skipped', 'discarded'] as const;
  for await (const log of actionLogEntries(actionLogOf(environment), { ...range, statuses })) {
    const action = log.actions.find(({ id }) => id === text.toLowerCase());
    if (action !== undefined) return { as: 'action', eventId: log.eventId, found: { log, action } };
  }
  return undefined;
}
