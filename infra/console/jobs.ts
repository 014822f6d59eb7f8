import { setImmediate } from 'node:timers/promises';
import { asError } from '../../shared/core/errors.ts';
import type { Environment } from '../../shared/operations/environment.ts';
import { carryOnJob } from '../../shared/operations/jobs/carry-on-job.ts';
import type { Job } from '../../shared/operations/jobs/jobs.ts';
import { failure } from '../../shared/operations/refusal.ts';

/** Jobs that run in this process. Each records its progress in its own row, where pages read it. */
export type RunningJobs = {
  run(environment: Environment, job: Pick<Job, 'id' | 'kind'>): void;
  /**
   * Carries on with a release that an earlier process left.
   * @param what it releases, in words
   * @throws Refusal (failed) while a process is still at it
   */
  takeOver(environment: Environment, job: Job, what: string): void;
  has(id: string): boolean;
  /** Why this process stopped with it; undefined while it is at it, or never was. */
  problemOf(id: string): string | undefined;
  /** Leaves each job after the events that it is at; another process can carry on. */
  leaveAll(): Promise<void>;
};

export function makeRunningJobs(onProblem: (line: string) => void): RunningJobs {
  const running = new Map<string, { leaving: AbortController; ended: Promise<void> }>();
  const problems = new Map<string, string>();
  function run(environment: Environment, job: Pick<Job, 'id' | 'kind'>): void {
    const { id } = job;
    if (running.has(id)) return;
    problems.delete(id);
    const leaving = new AbortController();
    const ended = carryOn(environment, job, leaving.signal)
      .catch((error) => {
        const { message } = asError(error);
        problems.set(id, message);
        onProblem(`job ${id} stopped: ${message}; resume it on the page of jobs, or: npx signalbox jobs resume ${id}`);
      })
      .finally(() => running.delete(id));
    running.set(id, { leaving, ended });
  }
  return {
    run,
    takeOver(environment, job, what) {
      if (running.has(job.id) || (job.leaseEndsAtMs ?? 0) > Date.now())
        throw failure(`${what} are being released already, by ${job.author}: job ${job.id}`);
      run(environment, job);
    },
    has: (id) => running.has(id),
    problemOf: (id) => problems.get(id),
    async leaveAll() {
      for (const { leaving } of running.values()) leaving.abort();
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}

async function carryOn(environment: Environment, job: Pick<Job, 'id' | 'kind'>, signal: AbortSignal): Promise<void> {
  // A process that died has the job for half a minute still. That time is waited out; one that lives takes it again.
  const onWait = () => undefined;
  // The progress is in the job's row; requests get their turn between two chunks.
  for await (const _progress of carryOnJob(environment, job, { signal, onWait })) await setImmediate();
}
