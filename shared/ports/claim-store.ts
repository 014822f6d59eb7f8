import type { ClaimRef } from '../core/plan/actions-message.ts';

/**
 * A claim as stored. Times are epoch milliseconds; `expiresAtMs` is a whole second, as the table's
 * TTL wants it.
 */
export type Claim = {
  owner: string;
  execution: string;
  leaseEndsAtMs: number;
  expiresAtMs: number;
  /** An action of the execution failed for good: a later copy may run again. */
  released: boolean;
  /** What the owner was asked to do, as a hash. Absent for events: their key alone decides. */
  fingerprint?: string;
};

export type ClaimRequest = ClaimRef & {
  eventId: string;
  /** The execution a replayed message carries; absent on first deliveries. */
  execution?: string;
  leaseEndsAtMs: number;
  /** End of the window if this claim opens one. */
  expiresAtMs: number;
  fingerprint?: string;
};

export type ClaimAnswer =
  /** `previous` is present when the claim already was ours, with a lease that had ended. */
  { kind: 'taken'; claim: Claim; previous?: Claim } | { kind: 'refused'; held: Claim };

export interface ClaimStore {
  /**
   * Reads consistently; undefined when the key is free. The claim may have expired.
   * @throws RetryableError when the table is throttled or away
   */
  read(ref: ClaimRef): Promise<Claim | undefined>;
  /**
   * Takes the claim if it is free, or re-enters our own once its lease has ended.
   * @throws RetryableError when the table is throttled or away
   */
  claim(request: ClaimRequest, nowMs: number): Promise<ClaimAnswer>;
  /**
   * Takes over a claim that is expired, released, or left by an owner that died, if it still equals
   * `seen`. The claim then holds what is requested, and `released` is removed.
   * @returns false when another event was faster
   */
  takeOver(request: ClaimRequest & { execution: string }, seen: Claim): Promise<boolean>;
  /**
   * Marks the claim so that a later copy may run, if it still belongs to `execution`. It does not
   * matter which event owns it by now.
   */
  release(ref: ClaimRef, execution: string): Promise<void>;
}
