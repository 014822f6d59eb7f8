import { makeActionLog } from '../../adapters/dynamodb-action-log.ts';
import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { makeWorkflowRuns } from '../../adapters/dynamodb-workflow-runs.ts';
import { asError } from '../../core/errors.ts';
import { concludeCancelled, isCancelledEarly } from '../../core/executions/conclude-cancelled.ts';
import { printRunId, type RunKey } from '../../core/ids/run-id.ts';
import { sourceState } from '../../core/live/source-state.ts';
import type { WorkflowRun } from '../../core/runs/workflow-run.ts';
import type { Environment } from '../environment.ts';
import { failure, notFound } from '../refusal.ts';
import { readRun, workflowRunsOf } from './runs.ts';

export type CancelledByHand = {
  /** The run as it is now. */
  run: WorkflowRun;
  /** Its trigger waited for nothing else, and is over now as well. */
  isTriggerOver: boolean;
  /** Why that could not be found out. The trigger then stays pending until its delay is over. */
  problem?: Error;
};

/**
 * Takes back one run that waits for its target, and ends its trigger where no run is left for it to begin. A run that is
 * cancelled already stays so.
 *
 * A run that its target has is out of reach: to stop it takes the target's secrets, which only functions read. An event
 * whose mapping runs workflows_cancel does that.
 * @throws Refusal when there is no such run, or when its target has it or refused it
 */
export async function cancelRunByHand(environment: Environment, key: RunKey, nowMs: number): Promise<CancelledByHand> {
  const before = await existingRun(environment, key);
  const runs = makeWorkflowRuns({
    ...workflowRunsOf(environment),
    retentionDays: environment.outputs.LogRetentionDays,
  });
  const change = { from: 'pending', reason: 'operator', updatedAtMs: nowMs } as const;
  if (before.status !== 'cancelled' && !(await runs.cancel(key, change))) {
    const run = await existingRun(environment, key);
    if (run.status !== 'cancelled') throw tooLate(run);
  }
  const run = await existingRun(environment, key);
  if (!isCancelledEarly(run, nowMs)) return { run, isTriggerOver: false };
  try {
    const { configuration, documents, outputs } = environment;
    const live = await readLive(configuration);
    const { actions } = await concludeCancelled(key.execution, [run], {
      actionLog: makeActionLog({
        client: documents,
        table: outputs.ActionLogTable,
        retentionDays: outputs.LogRetentionDays,
      }),
      runs,
      retentionDaysOf: (source) => sourceState(live, source).retention_days,
      nowMs: () => nowMs,
    });
    return { run, isTriggerOver: actions.length > 0 };
  } catch (error) {
    return { run, isTriggerOver: false, problem: asError(error) };
  }
}

/** @throws Refusal when there is none */
export async function existingRun(environment: Environment, key: RunKey): Promise<WorkflowRun> {
  const run = await readRun(workflowRunsOf(environment), key);
  if (run !== undefined) return run;
  const hint = 'it has aged out, or never was: npx signalbox runs --recipient ID';
  throw notFound(`no run ${printRunId(key)} in ${environment.name}`, hint);
}

function tooLate({ key, status }: WorkflowRun) {
  const id = printRunId(key);
  const hint =
    status === 'handed_off'
      ? 'its target has it; an event whose mapping runs workflows_cancel asks the target to stop'
      : `npx signalbox runs show ${id}`;
  return failure(`run ${id} is ${status.replace('_', ' ')}: too late to cancel it`, hint);
}
