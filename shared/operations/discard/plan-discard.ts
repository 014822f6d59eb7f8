import type { ActionLogEntry, ActionOutcome } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry, EventStatus } from '../../core/logs/event-log-entry.ts';
import { plural } from '../words/text.ts';
import { formatTime } from '../words/times.ts';

/** What a discard of one event would close, or why it closes nothing. */
export type DiscardPlan =
  | { kind: 'discard'; event: boolean; actions: { log: ActionLogEntry; ids: string[] }[]; detail: string }
  | { kind: 'nothing'; detail: string };

/** Of what a discard was asked: the event by its own end, and which of its actions. */
export type Wanted = { event: boolean; action(action: ActionOutcome): boolean };

/**
 * Decides what is closed. Pure, so that a preview shows exactly what would be done. What succeeded
 * is never touched, and what waits is not over.
 * @param logs the action log's rows of the event
 */
export function planDiscard(entry: EventLogEntry, logs: ActionLogEntry[], wanted: Wanted): DiscardPlan {
  const event = wanted.event && isOpen(entry.status);
  const chosen = logs.map((log) => ({
    log,
    actions: log.actions.filter((one) => isClosable(one) && wanted.action(one)),
  }));
  const actions = chosen.flatMap(({ log, actions }) =>
    actions.length === 0 ? [] : [{ log, ids: actions.map(({ id }) => id) }],
  );
  const outcomes = chosen.flatMap(({ actions }) => actions);
  if (!event && outcomes.length === 0) return { kind: 'nothing', detail: whyNothing(entry, logs, wanted) };
  const parts = [
    ...(event ? [`the event, ${entry.status} (${entry.reason ?? 'no reason'})`] : []),
    ...outcomes.map(({ mapping, status, reason }) => `${mapping}, ${status} (${reason ?? 'no reason'})`),
  ];
  const waits = logs.flatMap((log) => log.actions).filter(({ status }) => status === 'pending').length;
  const left =
    waits === 0 ? '' : `; ${plural(waits, 'action')} still ${waits === 1 ? 'waits' : 'wait'} and stay as they are`;
  return { kind: 'discard', event, actions, detail: `closes ${parts.join(', ')}${left}` };
}

/** Whether an event of such a status can be closed as a whole. */
export function isOpen(status: EventStatus): status is 'failed' | 'rejected' | 'held' {
  return status === 'failed' || status === 'rejected' || status === 'held';
}

/** Whether an action of such a status can be closed. */
export function isClosable({ status }: { status: string }): boolean {
  return status === 'failed' || status === 'skipped';
}

function whyNothing(entry: EventLogEntry, logs: ActionLogEntry[], wanted: Wanted): string {
  if (wanted.event && entry.discarded !== undefined) return discardedAlready(entry.discarded);
  const actions = logs.flatMap((log) => log.actions).filter((action) => wanted.action(action));
  const waiting = actions.find(({ status }) => status === 'pending');
  if (waiting !== undefined)
    return `has an action that is still pending (${waiting.mapping}${waiting.reason === undefined ? '' : `: ${waiting.reason}`}); only what has ended can be discarded`;
  const [closed] = actions.flatMap(({ discarded }) => discarded ?? []);
  if (closed !== undefined) return discardedAlready(closed);
  switch (entry.status) {
    case 'no_mapping':
      return `ran nothing (${entry.reason ?? 'no mapping'}), so no failure is open`;
    case 'idempotent':
      return `is a copy of ${entry.duplicateOf ?? 'another event'}; name that one`;
    case 'processed':
      return logs.length === 0 && entry.actionsPlanned > 0
        ? 'has actions without an outcome yet; only what has ended can be discarded'
        : 'has no failure that is open: what succeeded is never touched';
    default:
      return `is ${entry.status}, which was not asked for`;
  }
}

function discardedAlready({ by, atMs, reason }: { by: string; atMs: number; reason: string }): string {
  return `was discarded by ${by} on ${formatTime(atMs)}: "${reason}"`;
}
