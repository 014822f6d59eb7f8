import type { Claim, ClaimAnswer } from '../../ports/claim-store.ts';

/**
 * What to do about an event whose claim was asked for. The whole protocol, with the reason for every step:
 * docs/protocols/claim.md. This file decides; functions/processor/process-batch.ts carries out.
 */
export type ClaimDecision =
  /** Ours. `again`: an earlier run of the execution may have got somewhere. */
  | { kind: 'run'; execution: string; again: boolean }
  /** Ours since an earlier delivery: finish what has no final row, else there is nothing left to do. */
  | { kind: 'run_unless_done'; execution: string }
  /** A twin of this very event holds the lease: nothing to do if it has finished, else come back when it must have. */
  | { kind: 'wait_unless_done'; untilMs: number }
  /** Another event holds the key: a duplicate if that one has finished; else wait for its lease, or take over after it. */
  | { kind: 'duplicate_if_done'; held: Claim }
  | TakeOver;

/** Replace `held`, on the condition that it is still as seen. */
export type TakeOver = { kind: 'take_over'; held: Claim; execution: string; expiresAtMs: number };

export type ClaimCircumstances = {
  eventId: string;
  /** The execution a replayed message carries. */
  messageExecution?: string | undefined;
  nowMs: number;
  windowMs: number;
};

export function decideOnClaim(answer: ClaimAnswer, circumstances: ClaimCircumstances): ClaimDecision {
  const { eventId, messageExecution, nowMs } = circumstances;
  if (answer.kind === 'taken') {
    const { execution } = answer.claim;
    return answer.previous
      ? { kind: 'run_unless_done', execution }
      : { kind: 'run', execution, again: messageExecution !== undefined };
  }
  const { held } = answer;
  if (isExpired(held, nowMs)) return takeOver(held, circumstances);
  if (held.owner === eventId) return { kind: 'wait_unless_done', untilMs: held.leaseEndsAtMs };
  if (held.released) return takeOver(held, circumstances);
  return { kind: 'duplicate_if_done', held };
}

/**
 * A claim whose window is over starts anew; any other keeps its execution, since effects are keyed by it and what was
 * done before must not be done twice.
 */
export function takeOver(held: Claim, circumstances: ClaimCircumstances): TakeOver {
  const { eventId, messageExecution, nowMs, windowMs } = circumstances;
  return isExpired(held, nowMs)
    ? { kind: 'take_over', held, execution: messageExecution ?? eventId, expiresAtMs: nowMs + windowMs }
    : { kind: 'take_over', held, execution: held.execution, expiresAtMs: held.expiresAtMs };
}

/** TTL deletes hours late, so every read asks the clock itself. */
export function isExpired(claim: Claim, nowMs: number): boolean {
  return claim.expiresAtMs <= nowMs;
}
