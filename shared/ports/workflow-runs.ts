import type { RunKey } from '../core/ids/run-id.ts';
import type { JsonObject } from '../core/json/values.ts';
import type { CancelReason, RunStatus, WorkflowRun } from '../core/runs/workflow-run.ts';
import type { Page } from './subscriptions.ts';

/** What decides whether a run that exists is to be called (again). */
export type RunState = {
  status: RunStatus;
  origin: string;
  error?: string;
  /** Recipient key of the object whose subscription led to the run; absent for a recipient that was named. */
  subscribedTo?: string;
  batch?: string;
};

export type RunEnd = { origin: string; attempts: number; targetReference?: JsonObject; updatedAtMs: number } & (
  | {
      status: 'handed_off';
      /** True for a run whose target can still take it back: it stays among the unfinished of its cancellation key. */
      isCancellable?: boolean;
    }
  | { status: 'failed'; error: string }
);

/**
 * Says that runs of this pair, or one recipient's, whose event came before the cancelling one are not to begin. `beforeMs` is
 * when that was received; `beforeId`, its id, is absent in marks from before there was one.
 */
export type CancellationMark = {
  workflow: string;
  cancellationKey: string;
  recipient?: string;
  beforeMs: number;
  beforeId?: string;
};

export type RunsPage = { limit: number; after?: string };

/** All methods throw RetryableError when the table is throttled or away. */
export interface WorkflowRuns {
  /** Consistently read, in order; undefined where there is no such run. */
  statesOf(keys: RunKey[]): Promise<(RunState | undefined)[]>;
  /**
   * Writes the run if there is none with its key.
   * @returns undefined when it was written, else the state of the one that is there
   */
  createIfAbsent(run: WorkflowRun): Promise<RunState | undefined>;
  /** Writes runs in batches, over whatever is there: only for runs that are known not to be, or are final as given. */
  writeEach(runs: WorkflowRun[]): Promise<void>;
  /**
   * Ends a run that is pending, or failed; one that was handed off or cancelled in the meantime is left as it is.
   * @returns false when it was left
   */
  end(key: RunKey, end: RunEnd): Promise<boolean>;
  /** Runs with this cancellation key that can still be cancelled, oldest execution first. Just written ones may be missing. */
  unfinishedOf(workflow: string, cancellationKey: string, page: RunsPage): Promise<Page<WorkflowRun>>;
  /** One recipient's runs that can still be cancelled: those pending, and those a target may take back. */
  unfinishedOfRecipient(recipientKey: string, page: RunsPage): Promise<Page<WorkflowRun>>;
  /** @returns false when the run is no longer in the state `from` */
  cancel(key: RunKey, change: { from: RunStatus; reason: CancelReason; updatedAtMs: number }): Promise<boolean>;
  /** Takes a run that can no longer be stopped out of the unfinished ones. */
  close(key: RunKey): Promise<void>;
  /** Keeps the latest of each mark. */
  markCancelled(marks: CancellationMark[], nowMs: number): Promise<void>;
  /** Consistently read. */
  cancellationsOf(workflow: string, cancellationKey: string): Promise<CancellationMark[]>;
}
