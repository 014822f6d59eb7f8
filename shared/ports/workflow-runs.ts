import type { JsonObject } from '../core/json.ts';
import type { RunKey } from '../core/runs/run-id.ts';
import type { RunStatus, WorkflowRun } from '../core/runs/workflow-run.ts';

/** What decides whether a run that exists is to be called (again). */
export type RunState = { status: RunStatus; origin: string; error?: string };

export type RunEnd = {
  status: 'handed_off' | 'failed';
  origin: string;
  attempts: number;
  targetReference?: JsonObject;
  error?: string;
  updatedAtMs: number;
};

export interface WorkflowRuns {
  /** Consistently read, in order; undefined where there is no such run. */
  statesOf(keys: RunKey[]): Promise<(RunState | undefined)[]>;
  /**
   * Writes the run if there is none with its key.
   * @returns undefined when it was written, else the state of the one that is there
   */
  createIfAbsent(run: WorkflowRun): Promise<RunState | undefined>;
  /** Ends a run that is pending, or failed; one that was handed off or cancelled in the meantime is left as it is. */
  end(key: RunKey, end: RunEnd): Promise<void>;
}
