import { findAction } from '../actions/index.ts';
import type { ActionOutcome, ActionWarning } from '../logs/action-log-entry.ts';

/**
 * The code of a trigger that ended without a failure and began no run. No row holds it: it follows
 * from the number of runs, so that old rows have it too.
 */
export const noRuns = 'no_runs';

/** Runs that the target refused, or that were cancelled, had a recipient. */
function isWithoutRuns({ action, status, result = {} }: ActionOutcome): boolean {
  if (findAction(action)?.startsRunsFor === undefined) return false;
  if (status !== 'succeeded' && status !== 'skipped') return false;
  return !['runs', 'refused', 'cancelled'].some((name) => Number(result[name] ?? 0) > 0);
}

/** The warnings of an action: those of its row, and that it began no run. */
export function warningsOf(action: ActionOutcome): ActionWarning[] {
  const { warnings = [], status, reason } = action;
  // That its recipient was erased is said already.
  if (reason === 'person_erased' || !isWithoutRuns(action)) return warnings;
  const why = status === 'skipped' ? '' : ': its recipients are objects without subscribers, or were deleted';
  return [...warnings, { code: 'no_runs', message: `no run began${why}` }];
}

/** Whether an action had no effect: it was skipped as a whole, or began no run. */
export function hadNoEffect(action: ActionOutcome): boolean {
  if (findAction(action.action)?.startsRunsFor !== undefined) return isWithoutRuns(action);
  return action.status === 'skipped';
}
