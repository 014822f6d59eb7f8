import { createHash } from 'node:crypto';
import type { StoredHeldTrigger } from '../../adapters/dynamodb-workflow-holds.ts';
import { findAction } from '../../core/actions/index.ts';
import type { RawEvent } from '../../core/events/raw-event.ts';
import { recipientKey } from '../../core/ids/entity-ref.ts';
import { makeEventId } from '../../core/ids/event-id.ts';
import type { ActionLogEntry, ActionOutcome } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { rawEventOf } from '../events/recompute.ts';
import type { Job } from '../jobs/jobs.ts';
import { recipientsOf } from '../runs/runs.ts';

/* What the releases of workflows and sources decide, without a call. */

/** How long a group is waited for whose runs wait for their turn. */
export const turnMs = 10_000;

/** How long functions may take for the messages of one group: less than the lease of a job. */
export const patienceMs = 25_000;

/**
 * The first of these triggers that may go on together: up to one whose recipient comes a second time, so that
 * each recipient gets its runs in the order of their events.
 */
export function withoutRepeats(triggers: StoredHeldTrigger[], logs: Map<string, ActionLogEntry>): StoredHeldTrigger[] {
  const seen = new Set<string>();
  const end = triggers.findIndex((trigger, i) => {
    const keys = recipientsOfAction(actionOf(trigger, logs));
    if (i > 0 && keys.some((key) => seen.has(key))) return true;
    for (const key of keys) seen.add(key);
    return false;
  });
  return end < 0 ? triggers : triggers.slice(0, end);
}

export function recipientsOfAction(outcome: ActionOutcome | undefined): string[] {
  if (outcome === undefined) return [];
  const { startsRunsFor, adds } = findAction(outcome.action) ?? {};
  const added = adds?.(outcome.payload)?.members.map(({ userId }) => userId) ?? [];
  const named = startsRunsFor === undefined ? [] : recipientsOf(outcome.payload[startsRunsFor] ?? null);
  return [...added, ...named.map(recipientKey)];
}

export function actionOf({ execution, action }: StoredHeldTrigger, logs: Map<string, ActionLogEntry>) {
  return logs.get(execution)?.actions.find(({ id }) => id === action);
}

/** It is held, or its runs wait for their turn under the release's rate or the workflow's own. */
const keptReasons: readonly (ActionOutcome['reason'] | undefined)[] = ['held', 'rate_limited', 'continues'];

/** A call of a function ends within a minute; clocks may differ by half of one. */
const callMs = 120_000;

/**
 * Whether nothing is held of it any more. Its row says something else: what was written after it was noted, or
 * what stays for good. A twin of a message may note a trigger that has ended, and leave its row as it is. And a
 * call that noted it long ago is over: what it left comes back with its message, and is noted again.
 */
export function isTried(trigger: StoredHeldTrigger, logs: Map<string, ActionLogEntry>, nowMs: number): boolean {
  const log = logs.get(trigger.execution);
  const action = actionOf(trigger, logs);
  if (action !== undefined && keptReasons.includes(action.reason)) return false;
  if (action?.status === 'succeeded') return true;
  if (action !== undefined && log !== undefined && log.updatedAtMs >= trigger.notedAtMs) return true;
  return trigger.notedAtMs + callMs < nowMs;
}

export function outcomeName(outcome: ActionOutcome | undefined): 'released' | 'failed' | 'ended' {
  if (outcome === undefined) return 'ended';
  if (outcome.status === 'failed') return 'failed';
  // Its recipients are unknown still, or its person was erased.
  if (outcome.status === 'skipped') return 'ended';
  return outcome.status !== 'pending' && outcome.result?.runs === 0 ? 'ended' : 'released';
}

/** A held event as it goes on: the same event and execution, whichever process of the job sends it. */
export function releasedEvent(entry: EventLogEntry, job: Pick<Job, 'id' | 'createdAt'>): RawEvent {
  return { ...rawEventOf(entry), execution: entry.execution ?? entry.id, replay: originOf(entry, job) };
}

/** The same for the same job and event. */
function originOf({ id, source }: EventLogEntry, job: Pick<Job, 'id' | 'createdAt'>): string {
  return makeEventId(source, 0, Date.parse(job.createdAt), createHash('sha256').update(`${job.id}\n${id}`).digest());
}
