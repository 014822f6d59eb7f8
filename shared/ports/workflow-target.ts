import type { Target } from '../core/configuration/schema.ts';
import type { JsonObject } from '../core/json.ts';
import type { ActionReason } from '../core/logs/action-log-entry.ts';
import type { RunMessage } from '../core/runs/run-message.ts';

export type TargetAnswer =
  | { kind: 'accepted'; reference?: JsonObject }
  /** For good: the same call would be refused again. */
  | { kind: 'refused'; detail: string; reference?: JsonObject }
  /** For now. `retryAfterSeconds` is what the target asked for, if it did. */
  | {
      kind: 'unavailable';
      reason: Extract<ActionReason, 'target_unavailable' | 'target_timeout' | 'target_busy' | 'secret_missing'>;
      detail: string;
      retryAfterSeconds?: number;
    };

export type RunRequest = {
  /** Idempotency key: the same for every attempt of one run. */
  messageId: string;
  message: RunMessage;
  timeoutMs: number;
};

/** Where one workflow's runs go. Starting a run twice under one message id must be harmless; targets are told to see to it. */
export interface WorkflowTarget {
  /** True when there is nobody to call: the run is written once, as handed off, and `start` is never asked. */
  readonly recordsOnly: boolean;
  /** How long an attempt may take at most. */
  readonly timeoutMs: number;
  /** Never throws for what the target did or did not do. */
  start(request: RunRequest): Promise<TargetAnswer>;
}

/** One adapter per type of target. */
export type OpenTarget = (workflow: string, target: Target) => WorkflowTarget;
