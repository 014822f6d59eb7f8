import { asError } from '../../shared/core/errors.ts';
import { concludeCancelled, isCancelledEarly } from '../../shared/core/executions/conclude-cancelled.ts';
import { inParallel } from '../../shared/core/in-parallel.ts';
import { sourceState } from '../../shared/core/live/source-state.ts';
import type { WorkflowRun } from '../../shared/core/runs/workflow-run.ts';
import { logFailure } from '../../shared/lambda/failure-log.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';
import type { ActionPorts } from './run-invocations.ts';

const executionsAtOnce = 16;

/**
 * Ends triggers that only waited for runs that this batch cancelled. It makes no call if no delayed
 * run was cancelled.
 *
 * Never throws: if time is short or a table is unavailable, the trigger's own message concludes it
 * at the end of its delay.
 */
export async function concludeTriggers(
  cancelled: WorkflowRun[],
  { configuration, runs, holds, deadlineMs, log, nowMs }: ActionPorts,
  { actionLog, metrics }: { actionLog: ActionLog; metrics: StageMetrics },
): Promise<void> {
  const early = cancelled.filter((run) => isCancelledEarly(run, nowMs()));
  const byExecution = [...Map.groupBy(early, ({ key }) => key.execution)];
  const retentionDaysOf = (source: string) => sourceState(configuration, source).retention_days;
  await inParallel(byExecution, executionsAtOnce, async ([execution, ofExecution]) => {
    if (nowMs() >= deadlineMs) return;
    try {
      const deps = { actionLog, runs, holds, retentionDaysOf, nowMs };
      const { source, actions } = await concludeCancelled(execution, ofExecution, deps);
      if (actions.length > 0) metrics.count(source, 'ActionsSucceeded', actions.length);
    } catch (error) {
      logFailure(log, 'a cancelled trigger stays pending until it is due', asError(error), { execution });
    }
  });
}
