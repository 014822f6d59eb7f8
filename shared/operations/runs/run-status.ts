import type { RunStatus, WorkflowRun } from '../../core/runs/workflow-run.ts';

/** As stored, and as tools show it. */
export const runStatuses: readonly RunStatus[] = ['pending', 'held', 'handed_off', 'failed', 'cancelled'];

/** A run's status in the words of the published API. `processing` is never stored: see the table. */
export const publicStatuses = ['queued', 'processing', 'paused', 'completed', 'cancelled'] as const;
export type PublicStatus = (typeof publicStatuses)[number];

const byStatus: Record<Exclude<RunStatus, 'pending'>, PublicStatus> = {
  held: 'paused',
  handed_off: 'completed',
  failed: 'completed',
  cancelled: 'cancelled',
};

/** docs/api.md, "Runs" */
export function publicStatus(run: WorkflowRun, nowMs: number): PublicStatus {
  if (run.status !== 'pending') return byStatus[run.status];
  return (run.notBeforeMs ?? 0) > nowMs ? 'paused' : 'queued';
}

/** The error that ended it, if one did. Tries that were repeated with success are not errors. */
export function errorCount({ status }: WorkflowRun): number {
  return status === 'failed' ? 1 : 0;
}
