import { makeActionLog } from '../../adapters/dynamodb-action-log.ts';
import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { makeWorkflowHolds } from '../../adapters/dynamodb-workflow-holds.ts';
import { makeWorkflowRuns } from '../../adapters/dynamodb-workflow-runs.ts';
import { asError } from '../../core/errors.ts';
import { concludeCancelled, isCancelledEarly } from '../../core/executions/conclude-cancelled.ts';
import { sourceState } from '../../core/live/source-state.ts';
import type { WorkflowRun } from '../../core/runs/workflow-run.ts';
import type { Environment } from '../environment.ts';
import { failure } from '../refusal.ts';
import { findRun, runKeyOf } from './find-runs.ts';
import { workflowRunsOf } from './runs.ts';

export type CancelledRun = {
  /** The run as it is now. */
  run: WorkflowRun;
  /** Its trigger waited for nothing else and has ended as well. */
  isTriggerOver: boolean;
  /** Why the trigger could not be concluded now. It stays pending until the end of its delay. */
  problem?: Error;
};

/**
 * Cancels a run that still waits for its target, and ends its trigger if that has no run left to
 * begin. A run that is cancelled already stays as it is.
 *
 * Stopping a run at its target takes the target's secrets, which only functions read; an event
 * whose mapping cancels the workflow does that.
 *
 * @throws Refusal when the id is malformed, when no such run is kept, or when the run has ended
 */
export async function cancelRun(environment: Environment, id: string, nowMs: number): Promise<CancelledRun> {
  const { before, run } = await cancelled(environment, id, nowMs);
  if (!isCancelledEarly(before, nowMs)) return { run, isTriggerOver: false };
  try {
    return { run, isTriggerOver: await endTrigger(environment, before, nowMs) };
  } catch (error) {
    return { run, isTriggerOver: false, problem: asError(error) };
  }
}

async function cancelled(
  environment: Environment,
  id: string,
  nowMs: number,
): Promise<{ before: WorkflowRun; run: WorkflowRun }> {
  let before = await findRun(environment, id);
  // Between the read and the write it may be held, or released.
  for (let tries = 0; tries < 3 && (before.status === 'pending' || before.status === 'held'); tries++) {
    const change = { from: before.status, reason: 'operator', updatedAtMs: nowMs } as const;
    const isCancelled = await runsOf(environment).cancel(runKeyOf(id), change);
    const after = await findRun(environment, id);
    if (isCancelled) return { before, run: after };
    before = after;
  }
  if (before.status === 'cancelled') return { before, run: before };
  const hint =
    before.status === 'handed_off'
      ? 'its target has it; an event whose mapping runs workflows_cancel asks the target to stop'
      : `npx signalbox runs show ${id}`;
  throw failure(`run ${id} is ${before.status.replace('_', ' ')}: too late to cancel it`, hint);
}

async function endTrigger(environment: Environment, run: WorkflowRun, nowMs: number): Promise<boolean> {
  const { configuration, documents, outputs } = environment;
  const live = await readLive(configuration);
  const log = { client: documents, table: outputs.ActionLogTable, retentionDays: outputs.LogRetentionDays };
  const { actions } = await concludeCancelled(run.key.execution, [run], {
    actionLog: makeActionLog(log),
    runs: runsOf(environment),
    holds: makeWorkflowHolds({
      client: documents,
      runsTable: outputs.WorkflowRunsTable,
      configurationTable: outputs.ConfigurationTable,
    }),
    retentionDaysOf: (source) => sourceState(live, source).retention_days,
    nowMs: () => nowMs,
  });
  return actions.length > 0;
}

function runsOf(environment: Environment) {
  return makeWorkflowRuns({ ...workflowRunsOf(environment), retentionDays: environment.outputs.LogRetentionDays });
}
