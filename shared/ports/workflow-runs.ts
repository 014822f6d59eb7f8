import type { RunKey } from '../core/ids/run-id.ts';
import type { JsonObject } from '../core/json/values.ts';
import type { CancelReason, RunStatus, WorkflowRun } from '../core/runs/workflow-run.ts';
import type { Page } from './subscriptions.ts';

/** Decides whether the target of an existing run is called (again). */
export type RunState = {
  status: RunStatus;
  origin: string;
  error?: string;
  /**
   * Recipient key of the object whose subscription led to the run; absent for a recipient that the
   * trigger named.
   */
  subscribedTo?: string;
  batch?: string;
};

export type RunEnd = { origin: string; attempts: number; targetReference?: JsonObject; updatedAtMs: number } & (
  | {
      status: 'handed_off';
      /**
       * True for a run whose target can still cancel it: it stays among its cancellation key's
       * unfinished runs.
       */
      isCancellable?: boolean;
    }
  | { status: 'failed'; error: string }
);

/**
 * Stops runs of this pair, or of one recipient, whose event was received before the cancelling
 * event. `beforeMs` is when that event was received; `beforeId` is its id, absent in older marks.
 */
export type CancellationMark = {
  workflow: string;
  cancellationKey: string;
  recipient?: string;
  beforeMs: number;
  beforeId?: string;
};

export type RunsPage = { limit: number; after?: string };

/** All methods throw RetryableError when the table is throttled or unavailable. */
export interface WorkflowRuns {
  /** Reads consistently and answers in order; undefined for a run that does not exist. */
  statesOf(keys: RunKey[]): Promise<(RunState | undefined)[]>;
  /**
   * Writes the run if none has its key.
   * @returns undefined when it was written, else the state of the existing run
   */
  createIfAbsent(run: WorkflowRun): Promise<RunState | undefined>;
  /**
   * Writes runs in batches and overwrites existing ones. Only for runs that cannot exist yet, or
   * are final as given.
   */
  writeEach(runs: WorkflowRun[]): Promise<void>;
  /**
   * Keeps a pending or failed run until its workflow is resumed.
   * @returns false when it is in another state
   */
  hold(key: RunKey, updatedAtMs: number): Promise<boolean>;
  /** A held run that was released and is tried again is pending. Any other stays as it is. */
  unhold(key: RunKey, updatedAtMs: number): Promise<void>;
  /**
   * Ends a pending, held or failed run. A run that was handed off or cancelled meanwhile stays unchanged.
   * @returns false when it stayed unchanged
   */
  end(key: RunKey, end: RunEnd): Promise<boolean>;
  /**
   * Runs with this cancellation key that can still be cancelled, oldest execution first. Runs
   * written a moment ago may be missing.
   */
  unfinishedOf(workflow: string, cancellationKey: string, page: RunsPage): Promise<Page<WorkflowRun>>;
  /**
   * One recipient's runs that can still be cancelled: pending and held ones, and those that a target
   * can cancel.
   */
  unfinishedOfRecipient(recipientKey: string, page: RunsPage): Promise<Page<WorkflowRun>>;
  /** @returns false when the run is no longer in the state `from` */
  cancel(key: RunKey, change: { from: RunStatus; reason: CancelReason; updatedAtMs: number }): Promise<boolean>;
  /** Removes a run that can no longer be stopped from the unfinished ones. */
  close(key: RunKey): Promise<void>;
  /** Writes marks; of two marks for the same runs the later one stays. */
  markCancelled(marks: CancellationMark[], nowMs: number): Promise<void>;
  /** Consistently read. */
  cancellationsOf(workflow: string, cancellationKey: string): Promise<CancellationMark[]>;
}
