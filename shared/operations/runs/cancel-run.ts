import { makeWorkflowRuns } from '../../adapters/dynamodb-workflow-runs.ts';
import type { WorkflowRun } from '../../core/runs/workflow-run.ts';
import type { Environment } from '../environment.ts';
import { failure } from '../refusal.ts';
import { findRun, runKeyOf } from './find-runs.ts';
import { workflowRunsOf } from './runs.ts';

/**
 * Cancels a run that still waits for its target, and answers with the cancelled run. A run that is
 * cancelled already stays as it is.
 *
 * Stopping a run at its target takes the target's secrets, which only functions read; an event
 * whose mapping cancels the workflow does that.
 *
 * @throws Refusal when the id is malformed, when no such run is kept, or when the run has ended
 */
export async function cancelRun(environment: Environment, id: string, nowMs: number): Promise<WorkflowRun> {
  const before = await findRun(environment, id);
  if (before.status === 'cancelled') return before;
  const store = makeWorkflowRuns({ ...workflowRunsOf(environment), retentionDays: 0 });
  const isCancelled = await store.cancel(runKeyOf(id), { from: 'pending', reason: 'operator', updatedAtMs: nowMs });
  const after = await findRun(environment, id);
  if (isCancelled || after.status === 'cancelled') return after;
  const hint =
    after.status === 'handed_off'
      ? 'its target has it; an event whose mapping runs workflows_cancel asks the target to stop'
      : `npx signalbox runs show ${id}`;
  throw failure(`run ${id} is ${after.status.replace('_', ' ')}: too late to cancel it`, hint);
}
