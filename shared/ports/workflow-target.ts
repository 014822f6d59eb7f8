import type { Target } from '../core/configuration/targets/index.ts';
import type { JsonObject } from '../core/json/values.ts';
import type { Pending, PendingReason } from '../core/logs/pending.ts';
import type { CancelMessage } from '../core/runs/cancel-message.ts';
import type { RunMessage } from '../core/runs/run-message.ts';

/** Not now: the run waits as this says. `retryAfterSeconds` is what the target asked for, if it did. */
export type Unavailable = { kind: 'unavailable' } & Pending & {
    reason: Extract<PendingReason, 'target_unavailable' | 'target_timeout' | 'target_busy' | 'secret_missing'>;
  };

export type TargetAnswer =
  | { kind: 'accepted'; reference?: JsonObject }
  /** For good: the same call would be refused again. */
  | { kind: 'refused'; detail: string; reference?: JsonObject }
  | Unavailable;

export type CancelAnswer =
  /** The run is stopped, or its engine has been told to stop it. */
  | { kind: 'cancelled'; reference?: JsonObject }
  /** Nothing to stop: the run is over, the target does not know it, or takes no cancellations. */
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
   * Idempotency key of the call: the batch's, which each run's row keeps from the moment it is written (`batchMessageId`),
   * so that it is the same however many runs of the batch are still open. shared/core/runs/run-batches.ts
   */
  messageId: string;
  timeoutMs: number;
};

export type CancelRequest = {
  /** The run's, as `start` got it. */
  messageId: string;
  message: CancelMessage;
  timeoutMs: number;
};

/** Where one workflow's runs go. Starting a run twice under one message id must be harmless; targets are told to see to it. */
export interface WorkflowTarget {
  /** True when there is nothing to call: the run is written once, as handed off, and `start` is never asked. */
  readonly recordsOnly: boolean;
  /** How long an attempt may take at most. */
  readonly timeoutMs: number;
  /** Never throws for what the target did or did not do. */
  start(request: RunRequest): Promise<TargetAnswer>;
  /** Most runs that one call takes; present together with `startMany`. */
  readonly batchMax?: number;
  /**
   * Starts up to `batchMax` runs of one trigger in one call: one answer for each, in order. Where it is present it is
   * asked instead of `start`, for a single run too. Never throws either.
   */
  startMany?(requests: RunRequest[], batch: BatchRequest): Promise<TargetAnswer[]>;
  /** Takes back a run that was handed off. Absent where the target cannot be told: every cancellation is too late. */
  cancel?(request: CancelRequest): Promise<CancelAnswer>;
}

/** One adapter per type of target. */
export type OpenTarget = (workflow: string, target: Target) => WorkflowTarget;
