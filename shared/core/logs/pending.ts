import type { ActionReason } from './action-log-entry.ts';

/** The reasons that say "not yet". */
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
>;

/**
 * Why something isn't over yet. A target's answer, a tally of runs, an action's result and the retry message all carry this
 * one value: a stage may say how many runs it is about, and changes nothing else.
 */
export type Pending = {
  reason: PendingReason;
  /** One sentence for a person. */
  detail: string;
  /** When whoever keeps us waiting wants to be asked again. Absent: after the delay that doubles. */
  retryAfterSeconds?: number;
  /** True where nothing is wrong: the work got ahead, or a delay runs. */
  isHeadway?: boolean;
  /** True where nothing was tried: the breaker answered in the target's place. */
  isUntried?: boolean;
};

/** `1 of 1 run …`, `2 of 3 runs …`. */
export function runShare(count: number, all: number, what: string): string {
  return `${count} of ${all} ${all === 1 ? 'run' : 'runs'} ${what}`;
}

/** Only part of the work fitted into this attempt; the rest follows at once. */
export function continues(detail: string): Pending {
  return { reason: 'continues', detail, retryAfterSeconds: 0 };
}
