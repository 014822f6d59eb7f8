import type { ActionReason } from './action-log-entry.ts';

/** The reasons of pending actions. */
export type PendingReason = Extract<
  ActionReason,
  | 'target_unavailable'
  | 'target_timeout'
  | 'target_busy'
  | 'table_unavailable'
  | 'secret_missing'
  | 'waiting_for_earlier_action'
  | 'recipient_unknown'
  | 'continues'
  | 'delayed'
  | 'held'
  | 'rate_limited'
>;

/**
 * Why something isn't finished yet. A target's answer, a tally of runs, an action's result and the
 * retry message all carry this one value. A stage may add the number of runs, and changes nothing
 * else.
 */
export type Pending = {
  reason: PendingReason;
  /** One sentence for a person. */
  detail: string;
  /**
   * The time of the next try that the target or breaker named. Absent: the doubling delay decides.
   */
  retryAfterSeconds?: number;
  /** True without a failure: the work made progress, or a delay runs. */
  isHeadway?: boolean;
  /** True when no call was made: the breaker answered in the target's place. */
  isUntried?: boolean;
  /** True when nothing says how long it takes: those that wait come back spread. */
  isCrowded?: boolean;
};

/** `1 of 1 run …`, `2 of 3 runs …`. */
export function runShare(count: number, all: number, what: string): string {
  return `${count} of ${all} ${all === 1 ? 'run' : 'runs'} ${what}`;
}

/** The attempt had time for only a part of the work; the rest follows at once. */
export function continues(detail: string): Pending {
  return { reason: 'continues', detail, retryAfterSeconds: 0 };
}
