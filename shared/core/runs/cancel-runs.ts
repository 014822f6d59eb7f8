import type { RunState } from '../../ports/workflow-runs.ts';
import type { Unavailable } from '../../ports/workflow-target.ts';
import { RetryableError } from '../errors.ts';
import { printRunId, runMessageId } from '../ids/run-id.ts';
import { inParallel } from '../in-parallel.ts';
import type { Pending } from '../logs/pending.ts';
import type { ActionContext } from './action-context.ts';
import { cancelMessage } from './cancel-message.ts';
import { findTarget } from './find-target.ts';
import type { CancelReason, WorkflowRun } from './workflow-run.ts';

export type CancelContext = Pick<
  ActionContext,
  'runs' | 'openTarget' | 'configuration' | 'environment' | 'nowMs' | 'deadlineMs' | 'noteCancelled'
>;

export type Cancelled = { kind: 'cancelled' } | { kind: 'too_late' } | Unavailable;

/** With less time than this a call is not worth it. */
const callMsMin = 500;
const cancelsAtOnce = 16;
const pageLimit = 200;

/**
 * Cancels one run: a pending or held run in its row, a handed-off run by a call to its target, if that
 * takes cancellations. Repeating it is harmless.
 * @throws RetryableError when the table is throttled or unavailable
 */
export async function cancelRun(run: WorkflowRun, reason: CancelReason, context: CancelContext): Promise<Cancelled> {
  const { runs, nowMs } = context;
  let status: RunState['status'] | undefined = run.status;
  // Between the read and the write it may be held, or released.
  for (let tries = 0; tries < 3 && (status === 'pending' || status === 'held'); tries++) {
    if (await runs.cancel(run.key, { from: status, reason, updatedAtMs: nowMs() })) return { kind: 'cancelled' };
    status = (await runs.statesOf([run.key]))[0]?.status;
  }
  if (status === 'pending' || status === 'held')
    return { kind: 'unavailable', reason: 'target_unavailable', detail: 'the run kept changing' };
  if (status !== 'handed_off') return standing(status);
  return takeBack(run, reason, context);
}

function standing(status: RunState['status'] | undefined): Cancelled {
  return { kind: status === 'cancelled' ? 'cancelled' : 'too_late' };
}

/** Calls the target to stop a handed-off run. */
export async function takeBack(run: WorkflowRun, reason: CancelReason, context: CancelContext): Promise<Cancelled> {
  const { runs, environment, configuration, openTarget, nowMs, deadlineMs } = context;
  const found = findTarget(run.workflow, configuration, environment);
  const target = 'target' in found ? openTarget(run.workflow, found.target) : undefined;
  if (target?.cancel === undefined) {
    await runs.close(run.key);
    return { kind: 'too_late' };
  }
  const callMs = deadlineMs - nowMs();
  if (callMs < callMsMin) return { kind: 'unavailable', reason: 'target_timeout', detail: 'time was short' };
  const answer = await target.cancel({
    messageId: runMessageId(printRunId(run.key)),
    message: cancelMessage(run, { reason, environment, nowMs: nowMs() }),
    timeoutMs: Math.min(callMs, target.timeoutMs),
  });
  if (answer.kind === 'unavailable') return answer;
  if (answer.kind === 'too_late') {
    await runs.close(run.key);
    return { kind: 'too_late' };
  }
  await runs.cancel(run.key, { from: 'handed_off', reason, updatedAtMs: nowMs() });
  return { kind: 'cancelled' };
}

/** The result for several runs. `trouble`: some targets could not be called; try again. */
export type CancelTally = { cancelled: number; tooLate: number; trouble?: Pending };

export async function cancelEach(
  runs: WorkflowRun[],
  reason: CancelReason,
  context: CancelContext,
): Promise<CancelTally> {
  const tally: CancelTally = { cancelled: 0, tooLate: 0 };
  await inParallel(runs, cancelsAtOnce, async (run) => {
    const outcome = await cancelRun(run, reason, context);
    if (outcome.kind === 'cancelled') {
      tally.cancelled++;
      context.noteCancelled(run);
    } else if (outcome.kind === 'too_late') tally.tooLate++;
    else {
      const { kind: _unavailable, ...pending } = outcome;
      tally.trouble = pending;
    }
  });
  return tally;
}

/**
 * Cancels all unfinished runs of a recipient that is being deleted. `done` is false when time was
 * short: call again; cancelled runs are not found twice.
 * @throws RetryableError when the table, or a target that must be called, is unavailable
 */
export async function cancelUnfinishedRuns(
  recipientKey: string,
  reason: 'recipient_deleted',
  context: CancelContext,
): Promise<{ cancelled: number; done: boolean }> {
  let cancelled = 0;
  let after: string | undefined;
  do {
    if (context.deadlineMs - context.nowMs() < callMsMin) return { cancelled, done: false };
    const page = await context.runs.unfinishedOfRecipient(recipientKey, {
      limit: pageLimit,
      ...(after !== undefined && { after }),
    });
    const tally = await cancelEach(page.entries, reason, context);
    if (tally.trouble) throw new RetryableError(`a run could not be cancelled: ${tally.trouble.detail}`);
    cancelled += tally.cancelled;
    after = page.next;
  } while (after !== undefined);
  return { cancelled, done: true };
}
