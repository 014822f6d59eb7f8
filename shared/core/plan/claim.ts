import type { Claim, ClaimAnswer } from '../../ports/claim-store.ts';

/**
 * Decides what to do with an event after the request for its claim;
 * functions/processor/claim-event.ts carries it out. The whole protocol, with the reason for every
 * step: docs/protocols/claim.md.
 */
export type ClaimDecision =
  /** Ours. `again`: an earlier run of the execution may have done some of the work. */
  | { kind: 'run'; execution: string; again: boolean }
  /** Ours since an earlier delivery: run it unless its row is final. */
  | { kind: 'run_unless_done'; execution: string }
  /**
   * A twin of this event holds the lease: done if the twin has finished, else come back when its
   * lease ends.
   */
  | { kind: 'wait_unless_done'; untilMs: number }
  /**
   * Another event holds the key: a duplicate if that event has finished; else wait for its lease,
   * or take over after it.
   */
  | { kind: 'duplicate_if_done'; held: Claim }
  | TakeOver;

/** Replace `held`, if it is unchanged. */
export type TakeOver = { kind: 'take_over'; held: Claim; execution: string; expiresAtMs: number };

export type ClaimCircumstances = {
  eventId: string;
  /** The execution in a replayed message. */
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
 * A claim whose window is over gets a new execution. Any other keeps its execution: effects are
 * keyed by it, and finished work must not be repeated.
 */
export function takeOver(held: Claim, circumstances: ClaimCircumstances): TakeOver {
  const { eventId, messageExecution, nowMs, windowMs } = circumstances;
  return isExpired(held, nowMs)
    ? { kind: 'take_over', held, execution: messageExecution ?? eventId, expiresAtMs: nowMs + windowMs }
    : { kind: 'take_over', held, execution: held.execution, expiresAtMs: held.expiresAtMs };
}

/** TTL deletes hours late, so every read compares with the clock. */
export function isExpired(claim: Claim, nowMs: number): boolean {
  return claim.expiresAtMs <= nowMs;
}
