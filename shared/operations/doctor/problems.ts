import type { ActionStatus } from '../../core/logs/action-log-entry.ts';
import {
  type ActionLogTable,
  actionLogEntries,
  actionLogOf,
  listActions,
  mostShards,
  type WithActionLog,
  workflowOf,
} from '../actions/actions.ts';
import { type EventLogTable, eventLogOf, listEvents } from '../events/events.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { iso } from '../words/iso.ts';
import { type Finding, finding } from './finding.ts';
import { replacedByCopies, type WithLogs } from './ran-again.ts';

/**
 * So many rows are read to find the causes: counts beyond are said to be "at least". The second, if all
 * of the first were run again.
 */
const rowsMax = [1_000, 5_000] as const;

export type Range = { sinceMs: number; untilMs: number };

type Problem = {
  id: 'events_failed' | 'events_rejected' | 'actions_failed' | 'actions_skipped';
  source?: string;
  workflow?: string;
  reason: string;
  /** A sentence of the newest one. */
  detail: string | undefined;
  eventId: string;
  ofSource: string;
  atMs: number;
};

/** Events that failed or were rejected, one finding per source and reason. Read from index `problems`. */
export async function troubledEvents(environment: WithLogs, sources: KnownSource[], range: Range): Promise<Finding[]> {
  const log: EventLogTable = eventLogOf(environment);
  return openFindings(environment, async (limit) => {
    const entries = await listEvents(log, { sources, ...range, statuses: ['failed', 'rejected'], limit });
    return entries.map(
      (entry): Problem => ({
        id: entry.status === 'failed' ? 'events_failed' : 'events_rejected',
        source: entry.source,
        reason: entry.reason ?? 'unknown',
        detail: entry.detail,
        eventId: entry.id,
        ofSource: entry.source,
        atMs: entry.receivedAtMs,
      }),
    );
  });
}

/** Events and actions that ended badly. Those that a later copy replaced are left out. */
async function openFindings(environment: WithLogs, find: (limit: number) => Promise<Problem[]>): Promise<Finding[]> {
  let problems: Problem[] = [];
  for (const limit of rowsMax) {
    problems = await find(limit);
    const isCut = problems.length === limit;
    const replaced = await replacedByCopies(
      environment,
      problems.map(({ eventId, ofSource }) => ({ eventId, source: ofSource })),
    );
    const open = problems.filter(({ eventId }) => !replaced.has(eventId));
    if (open.length > 0 || !isCut) return findingsOf(open, isCut);
  }
  // There are more than can be looked at, so none is said to be over.
  return findingsOf(problems, true);
}

/** Actions that failed or were skipped, one finding per workflow (or action) and reason. */
export async function troubledActions(environment: WithLogs, sources: KnownSource[], range: Range): Promise<Finding[]> {
  const log: ActionLogTable = actionLogOf(environment);
  const statuses: ActionStatus[] = ['failed', 'skipped'];
  return openFindings(environment, async (limit) => {
    const found = await listActions(log, { ...range, shards: mostShards(sources), statuses, limit });
    return found.map(({ log: { eventId, source }, action }): Problem => {
      const workflow = workflowOf(action);
      return {
        id: action.status === 'failed' ? 'actions_failed' : 'actions_skipped',
        ...(workflow === undefined ? { source } : { workflow }),
        reason: action.reason ?? 'unknown',
        detail: action.detail,
        eventId,
        ofSource: source,
        atMs: action.finishedAtMs ?? action.firstAttemptAtMs ?? range.untilMs,
      };
    });
  });
}

/** Actions that wait for one reason. */
export type WaitingActions = {
  workflow?: string;
  source: string;
  reason: string;
  detail?: string;
  count: number;
  /** When the event of the oldest of them was received. */
  sinceMs: number;
  /** The newest event. */
  example: string;
};

/** What an action waits for on purpose is no trouble. */
const onPurpose = new Set<string | undefined>([
  'continues',
  'delayed',
  'held',
  'rate_limited',
  'waiting_for_earlier_action',
]);
// The newest rows show the trouble of now; more would only make the answer late.
const waitingRowsMax = 500;

/** Actions that are tried again after a failure, of the newest rows; the most frequent reason first. */
export async function waitingActions(
  environment: WithActionLog,
  sources: KnownSource[],
  range: Range,
): Promise<WaitingActions[]> {
  const found = new Map<string, WaitingActions>();
  let rows = 0;
  const entries = actionLogEntries(actionLogOf(environment), { ...range, shards: mostShards(sources) });
  for await (const { actions, eventId, source, receivedAtMs } of entries) {
    for (const action of actions) {
      const { status, reason = 'unknown', detail } = action;
      if (status !== 'pending' || onPurpose.has(reason)) continue;
      const workflow = workflowOf(action);
      const id = JSON.stringify([workflow ?? null, workflow === undefined ? source : null, reason]);
      const earlier = found.get(id) ?? {
        ...(workflow !== undefined && { workflow }),
        source,
        reason,
        ...(detail && { detail }),
        count: 0,
        example: eventId,
      };
      found.set(id, { ...earlier, count: earlier.count + 1, sinceMs: receivedAtMs });
    }
    if (++rows === waitingRowsMax) break;
  }
  return [...found.values()].sort((a, b) => b.count - a.count);
}

/**
 * A user who is not known yet may be on the way, so that alone is no finding.
 * @param justSet workflows whose secret was set a moment ago: not every function uses it yet
 */
export function retriedActions(waiting: readonly WaitingActions[], justSet: ReadonlySet<string>): Finding[] {
  return waiting
    .filter(({ reason }) => reason !== 'recipient_unknown')
    .map(({ workflow, source, reason, detail, count, sinceMs, example }) =>
      finding('actions_retried', {
        ...(workflow === undefined ? { source } : { workflow }),
        reason,
        cause: `${count} ${count === 1 ? 'action failed and is' : 'actions failed and are'} tried again (${reason})${newestDetail(detail, count)}`,
        count,
        since: iso(sinceMs),
        example,
        next:
          reason === 'secret_missing' && workflow !== undefined && !justSet.has(workflow)
            ? `npx signalbox secrets set targets/${workflow}`
            : `npx signalbox why ${example}`,
      }),
    );
}

/** @param problems newest first */
function findingsOf(problems: Problem[], cut: boolean): Finding[] {
  // What names an erased person is refused as it was asked for: `events --reason person_erased`.
  const troubles = problems.filter(({ reason }) => reason !== 'person_erased');
  const groups = Map.groupBy(troubles, ({ id, source, workflow, reason }) =>
    JSON.stringify([id, source, workflow, reason]),
  );
  return [...groups.values()].flatMap((group) => {
    const [newest] = group;
    if (newest === undefined) return [];
    const { id, source, workflow, reason, detail, eventId } = newest;
    const since = Math.min(...group.map(({ atMs }) => atMs));
    return [
      finding(id, {
        ...(source !== undefined && { source }),
        ...(workflow !== undefined && { workflow }),
        reason,
        cause: `${cut ? 'at least ' : ''}${group.length} ${words[id](group.length)} (${reason})${newestDetail(detail, group.length)}`,
        count: group.length,
        since: iso(since),
        example: eventId,
        next: `npx signalbox why ${eventId}`,
      }),
    ];
  });
}

/** Others of the group may differ in the field or the value that they name. */
function newestDetail(detail: string | undefined, count: number): string {
  if (detail === undefined) return '';
  return count === 1 ? `: ${detail}` : `; the newest: ${detail}`;
}

const words: Record<Problem['id'], (count: number) => string> = {
  events_failed: (count) => (count === 1 ? 'event was given up' : 'events were given up'),
  events_rejected: (count) => (count === 1 ? 'event could not be used' : 'events could not be used'),
  actions_failed: (count) => (count === 1 ? 'action failed for good' : 'actions failed for good'),
  actions_skipped: (count) => (count === 1 ? 'action was skipped' : 'actions were skipped'),
};
