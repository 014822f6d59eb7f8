import type { Target } from '../core/configuration/targets/index.ts';
import type { JsonObject } from '../core/json/values.ts';
import type { Pending, PendingReason } from '../core/logs/pending.ts';
import type { CancelMessage } from '../core/runs/cancel-message.ts';
import type { RunMessage } from '../core/runs/run-message.ts';

/**
 * Not now: the run waits for this reason. `retryAfterSeconds` is the target's wish, if it stated
 * one.
 */
export type Unavailable = { kind: 'unavailable' } & Pending & {
    reason: Extract<
      PendingReason,
      'target_unavailable' | 'target_timeout' | 'target_busy' | 'secret_missing' | 'rate_limited'
    >;
  };

export type TargetAnswer =
  | { kind: 'accepted'; reference?: JsonObject }
  /** Refused for good: the same call would be refused again. */
  | { kind: 'refused'; detail: string; reference?: JsonObject }
  | Unavailable;

export type CancelAnswer =
  /** The run is stopped, or its engine was told to stop it. */
  | { kind: 'cancelled'; reference?: JsonObject }
  /**
   * Too late: the run has ended, the target does not know it, or the target takes no cancellations.
   */
  | { kind: 'too_late'; detail: string }
  | Unavailable;

export type RunRequest = {
  /** Idempotency key: the same for every attempt of one run (`runMessageId`). */
  messageId: string;
  message: RunMessage;
  timeoutMs: number;
};

export type BatchRequest = {
  /**
   * Idempotency key of the call: the batch's id (`batchMessageId`), which each run's row holds from
   * its first write. So it stays the same while runs of the batch finish.
   * shared/core/runs/run-batches.ts
   */
  messageId: string;
  timeoutMs: number;
};

export type CancelRequest = {
  /** The run's message id, as `start` got it. */
  messageId: string;
  message: CancelMessage;
  timeoutMs: number;
};

/**
 * The target of one workflow's runs. Starting a run twice under one message id must be harmless;
 * docs/targets.md asks targets for that.
 */
export interface WorkflowTarget {
  /**
   * True when the target needs no call: the run is written once, as handed off, and `start` is
   * never called.
   */
  readonly recordsOnly: boolean;
  /** The longest that an attempt may take. */
  readonly timeoutMs: number;
  /** Never throws for a target's answer or silence. */
  start(request: RunRequest): Promise<TargetAnswer>;
  /** The most runs that one call takes; present together with `startMany`. */
  readonly batchMax?: number;
  /**
   * Starts up to `batchMax` runs of one trigger in one call: one answer for each, in order. If
   * present, it is called instead of `start`, also for a single run. It never throws either.
   */
  startMany?(requests: RunRequest[], batch: BatchRequest): Promise<TargetAnswer[]>;
  /**
   * Cancels a run that was handed off. Absent if the target takes no cancellations: then each is
   * too late.
   */
  cancel?(request: CancelRequest): Promise<CancelAnswer>;
}

/**
 * One adapter per type of target.
 * @param maxConcurrent how many calls that start runs may be under way; absent: any number
 */
export type OpenTarget = (workflow: string, target: Target, maxConcurrent?: number) => WorkflowTarget;
