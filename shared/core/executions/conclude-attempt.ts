import type { ActionLogEntry, ActionOutcome } from '../logs/action-log-entry.ts';
import type { Pending } from '../logs/pending.ts';
import type { ActionsMessage } from '../plan/actions-message.ts';
import { rowHead } from './action-row.ts';
import { isPending } from './merge-entries.ts';
import { type DelayedMessage, retryAtMs, retryMessage } from './retry-message.ts';

/** One attempt at an invocation. */
export type Tried = {
  outcome: ActionOutcome;
  /** Why it isn't over. Absent when it is, and when it wasn't tried: it waits for another action or for its time. */
  pending?: Pending;
};

/** What an attempt comes to: its row, and the message that carries on while something is pending. */
export type Conclusion = { row: ActionLogEntry; retry?: DelayedMessage };

/** @param random 0 to 1, for jitter */
export function concludeAttempt(
  message: ActionsMessage,
  tried: Tried[],
  { nowMs, random }: { nowMs: number; random: number },
): Conclusion {
  const timed = tried.map((one) => withRetryTime(one, message, { nowMs, random }));
  const pending = timed.filter(({ outcome }) => isPending(outcome));
  const retry =
    pending.length === 0
      ? undefined
      : retryMessage(message, {
          retryAtMs: Math.min(...pending.flatMap(({ outcome }) => outcome.retryAtMs ?? [])),
          isHeadway: pending.every((one) => one.pending?.isHeadway || isUndisturbed(one.outcome)),
          nowMs,
        });
  // What waits for another action comes along with the message.
  const actions = timed.map(({ outcome }) =>
    isPending(outcome) && retry?.retryAtMs !== undefined ? { retryAtMs: retry.retryAtMs, ...outcome } : outcome,
  );
  const row: ActionLogEntry = {
    ...rowHead(message),
    actions,
    next: retry?.n ?? 0,
    origins: [message.origin],
    revision: 1,
    updatedAtMs: nowMs,
  };
  return { row, ...(retry && { retry }) };
}

/** When each pending action is tried again: one that wasn't due keeps its time, one that waits for another has none. */
function withRetryTime(
  one: Tried,
  message: ActionsMessage,
  { nowMs, random }: { nowMs: number; random: number },
): Tried {
  const { outcome, pending } = one;
  if (pending === undefined) return one;
  const { reason, retryAfterSeconds, isHeadway } = pending;
  // An action that continues at once and stands still would do so again and again.
  const isStuck = reason === 'continues' && !isHeadway;
  const askedSeconds = isHeadway ? (retryAfterSeconds ?? 0) : isStuck ? undefined : retryAfterSeconds;
  // A delay is over when it is over: its runs have not failed together, so nothing keeps them apart.
  const at = retryAtMs(message, { askedSeconds, nowMs, random: reason === 'delayed' ? 0 : random });
  return { ...one, outcome: { ...outcome, retryAtMs: at } };
}

/** Pending without having been tried: it waits for another action or for its time. */
function isUndisturbed({ reason }: ActionOutcome): boolean {
  return reason === 'waiting_for_earlier_action' || reason === 'delayed';
}
