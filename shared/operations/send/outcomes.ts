import type { ActionOutcome } from '../../core/logs/action-log-entry.ts';
import { workflowOf } from '../actions/actions.ts';
import type { FinalEvent, WaitingEvent } from './follow.ts';

/** Events or actions of a `send` that did not succeed, counted by what became of them. */
export type SendOutcome = {
  /**
   * `failed`: an event was given up or rejected, or an action failed for good. `skipped`: an action
   * had nothing to do. `waiting`: it was not over when the waiting ended, or is held.
   */
  outcome: 'failed' | 'skipped' | 'waiting';
  what: 'event' | 'action';
  /** From the closed lists of events and actions; `no_row_yet`: no function has logged the event. */
  reason: string;
  /** Of an action that triggers or cancels one. */
  workflow?: string;
  /** A sentence about the first of them. */
  detail: string | null;
  count: number;
  /** An event's id. */
  example: string;
  /** The command that comes next. */
  next: string;
};

type Found = Omit<SendOutcome, 'count' | 'next'>;

/**
 * What did not succeed of the events of a source, the failures first.
 * @param on the option that repeats a command for the environment, or nothing
 */
export function outcomesOf(
  final: Iterable<FinalEvent>,
  waiting: readonly WaitingEvent[],
  { source, on }: { source: string; on: string },
): SendOutcome[] {
  const groups = new Map<string, SendOutcome>();
  const found = [...[...final].flatMap(endOf), ...waiting.flatMap(waitOf)];
  for (const one of found) {
    const key = JSON.stringify([one.outcome, one.what, one.reason, one.workflow]);
    const known = groups.get(key) ?? { ...one, count: 0, next: `${nextOf(one, source)}${on}` };
    groups.set(key, { ...known, count: known.count + 1 });
  }
  const order = ['failed', 'waiting', 'skipped'];
  return [...groups.values()].sort((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome) || b.count - a.count);
}

function endOf({ entry, actions }: FinalEvent): Found[] {
  const { id, status, reason = 'unknown', detail = null } = entry;
  const event = { what: 'event', reason, detail, example: id } as const;
  if (status === 'failed' || status === 'rejected') return [{ outcome: 'failed', ...event }];
  if (status === 'held') return [{ outcome: 'waiting', ...event, reason: 'held' }];
  return (actions?.actions ?? []).flatMap((action): Found[] =>
    action.status === 'failed' || action.status === 'skipped'
      ? [{ outcome: action.status, ...aboutAction(action, id) }]
      : [],
  );
}

function waitOf({ id, actions }: WaitingEvent): Found[] {
  const pending = actions?.actions.filter(({ status }) => status === 'pending') ?? [];
  if (pending.length > 0) return pending.map((action) => ({ outcome: 'waiting', ...aboutAction(action, id) }));
  return [{ outcome: 'waiting', what: 'event', reason: 'no_row_yet', detail: null, example: id }];
}

function aboutAction(outcome: ActionOutcome, example: string) {
  const { reason = 'unknown', detail = null } = outcome;
  const workflow = workflowOf(outcome);
  return { what: 'action', reason, ...(workflow !== undefined && { workflow }), detail, example } as const;
}

function nextOf({ outcome, what, reason, workflow, example }: Found, source: string): string {
  if (outcome === 'waiting' && reason === 'held')
    return what === 'event'
      ? `npx signalbox sources resume ${source}`
      : `npx signalbox workflow resume ${workflow ?? ''}`;
  if (reason === 'secret_missing' && workflow !== undefined) return `npx signalbox secrets set targets/${workflow}`;
  return reason === 'no_row_yet' ? 'npx signalbox doctor' : `npx signalbox why ${example}`;
}

/** Whether waiting longer changes nothing: an operator has to act first. */
export function waitsForOperator(waiting: readonly WaitingEvent[]): boolean {
  return waiting.every(({ actions }) => {
    const pending = actions?.actions.filter(({ status }) => status === 'pending') ?? [];
    return pending.length > 0 && pending.every(({ reason }) => reason === 'held');
  });
}
