import type { ActionLogEntry, ActionOutcome } from '../logs/action-log-entry.ts';
import type { Pending } from '../logs/pending.ts';
import type { ActionsMessage } from '../plan/actions-message.ts';
import { rowHead } from './action-row.ts';
import { isPending } from './merge-entries.ts';
import { type Cost, costOf, type DelayedMessage, retryAtMs, retryMessage } from './retry-message.ts';

/** One attempt at an invocation. */
export type Tried = {
  outcome: ActionOutcome;
  /**
   * Why it isn't finished. Absent when it is, and when it wasn't tried because it waits for another
   * action or for its time.
   */
  pending?: Pending;
};

/** The result of an attempt: its row, and the retry message while an action is pending. */
export type Conclusion = { row: ActionLogEntry; retry?: DelayedMessage };

/** @param random 0 to 1, for jitter */
export function concludeAttempt(
  message: ActionsMessage,
  tried: Tried[],
  { nowMs, random }: { nowMs: number; random: number },
): Conclusion {
  const timed = tried.map((one) => withRetryTime(one, message, { nowMs, random }));
  const pending = timed.filter(({ outcome }) => isPending(outcome));
  // An operator sends the next message of what is held.
  const waiting = pending.filter(({ outcome }) => outcome.reason !== 'held');
  const retry =
    waiting.length === 0
      ? undefined
      : retryMessage(message, {
          retryAtMs: Math.min(...waiting.flatMap(({ outcome }) => outcome.retryAtMs ?? [])),
          cost: costOfAll(waiting),
          nowMs,
        });
  // The message also carries actions that wait for another one.
  const actions = timed.map(({ outcome }) =>
    isPending(outcome) && outcome.reason !== 'held' && retry?.retryAtMs !== undefined
      ? { retryAtMs: retry.retryAtMs, ...outcome }
      : outcome,
  );
  const row: ActionLogEntry = {
    ...rowHead(message),
    actions,
    next: retry?.n ?? (pending.length > 0 ? message.n + 1 : 0),
    origins: [message.origin],
    revision: 1,
    updatedAtMs: nowMs,
  };
  return { row, ...(retry && { retry }) };
}

/**
 * When each pending action is tried again. An action that wasn't tried keeps its time, if it has
 * one.
 */
function withRetryTime(one: Tried, message: ActionsMessage, now: { nowMs: number; random: number }): Tried {
  if (one.pending === undefined || one.pending.reason === 'held') return one;
  return { ...one, outcome: { ...one.outcome, retryAtMs: retryAtMs(message, one.pending, now) } };
}

/**
 * One action whose attempt counts is enough to count the message's attempt. An action in trouble
 * that wasn't due neither counts nor lets the count start again.
 */
function costOfAll(pending: Tried[]): Cost {
  const costs = pending.map((one): Cost => {
    if (one.pending) return costOf(one.pending);
    return isUndisturbed(one.outcome) ? 'begins_anew' : 'nothing';
  });
  const dearestFirst: Cost[] = ['one', 'nothing', 'no_time'];
  return dearestFirst.find((cost) => costs.includes(cost)) ?? 'begins_anew';
}

/** Pending without a failure: it waits for another action, or for its delay. */
function isUndisturbed({ reason }: ActionOutcome): boolean {
  return reason === 'waiting_for_earlier_action' || reason === 'delayed';
}
