import type { ActionReason } from '../../core/logs/action-log-entry.ts';
import type { Environment } from '../environment.ts';
import { type Job, listJobs } from '../jobs/jobs.ts';
import type { PendingExecution } from './read-rows.ts';

/** What waits for one reason. */
export type Waits = {
  reason: ActionReason;
  /** In the words of the oldest one. */
  detail?: string;
  /** When the next of them is tried, as far as they name a time. */
  nextTryAtMs?: number;
  /** Oldest first. */
  executions: PendingExecution[];
};

/** The most frequent reason first. */
export function waitsByReason(pending: readonly PendingExecution[]): Waits[] {
  const groups = Map.groupBy(pending, ({ reason }) => reason);
  return [...groups]
    .map(([reason, group]): Waits => {
      const executions = group.sort((a, b) => (a.eventId < b.eventId ? -1 : 1));
      const detail = executions[0]?.detail;
      const tries = executions.flatMap(({ retryAtMs }) => retryAtMs ?? []);
      return {
        reason,
        ...(detail !== undefined && { detail }),
        ...(tries.length > 0 && { nextTryAtMs: tries.reduce((a, b) => Math.min(a, b)) }),
        executions,
      };
    })
    .sort((a, b) => b.executions.length - a.executions.length || (a.reason < b.reason ? -1 : 1));
}

/** Jobs of operators that are not over: what they have not sent yet waits in no queue. */
export async function runningJobs({ configuration }: Pick<Environment, 'configuration'>): Promise<Job[]> {
  return (await listJobs(configuration)).filter(({ state }) => state === 'running');
}
