import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../environment.ts';
import { failure, notFound } from '../refusal.ts';
import { type Job, leaveJob, recordProgress, takeJob } from './jobs.ts';

/** What became of the things of a job so far, by name: `{ replayed: 3, skipped: 1 }`. */
export type JobCounts = Record<string, number>;

/** How far a job is, after each chunk. */
export type JobProgress = { job: Job; done: number; counts: JobCounts; state: Job['state'] };

/** The work of one kind of job, prepared for one process. */
export type Work = {
  /** What is left to do, in the order of their ids. */
  ids: readonly string[];
  /** What can become of one; each is counted from 0. */
  outcomes: readonly string[];
  /** Things per second at most; absent: as fast as it goes. */
  perSecond?: number | undefined;
  /** Does some of them; answers what became of how many. Done twice, it must change nothing. */
  doChunk(ids: string[]): Promise<JobCounts>;
  /** More that turned up behind the last id; asked until there is none. */
  more?(): Promise<readonly string[]>;
};

export type CarryOnOptions = { signal?: AbortSignal | undefined; now?: (() => number) | undefined };

const chunkSizeMax = 25;

/**
 * Does a job, or the rest of it, and yields after every 25 things, or every second of a slow one. A process that dies loses at most
 * the record of one chunk, which the next one does again. Ends when another operator cancels it.
 * @param prepare finds what is left; it gets the job with its cursor
 * @throws Refusal when there is no such job, it is over, or another process is at it
 */
export async function* carryOn(
  environment: Environment,
  jobId: string,
  prepare: (job: Job) => Promise<Work>,
  { signal, now = Date.now }: CarryOnOptions = {},
): AsyncGenerator<JobProgress> {
  const worker = randomUUID();
  const job = await take(environment, jobId, worker, now());
  const work = await prepare(job);
  const counts: JobCounts = { ...Object.fromEntries(work.outcomes.map((name) => [name, 0])), ...job.counts };
  const startedMs = now();
  let sent = 0;
  let cursor: string | undefined;
  const record = (isDone: boolean) =>
    recordProgress(environment.configuration, { id: jobId, worker }, { cursor, counts, isDone }, now());
  const progress = (state: Job['state']): JobProgress => ({
    job,
    done: Object.values(counts).reduce((sum, count) => sum + count, 0),
    counts: { ...counts },
    state,
  });
  for (let ids = work.ids; ; ids = (await work.more?.()) ?? []) {
    for (const chunk of chunksOf(ids, work.perSecond)) {
      if (signal?.aborted) {
        await leaveJob(environment.configuration, { id: jobId, worker }, now());
        yield progress('running');
        return;
      }
      for (const [name, count] of Object.entries(await work.doChunk(chunk))) counts[name] = (counts[name] ?? 0) + count;
      // What turned up later may lie before the cursor, which never goes back.
      const last = chunk.at(-1) ?? '';
      if (last > (cursor ?? job.cursor ?? '')) cursor = last;
      if (!(await record(false))) {
        yield progress('cancelled');
        return;
      }
      yield progress('running');
      sent += chunk.length;
      if (work.perSecond !== undefined) await pause(startedMs + (sent / work.perSecond) * 1000 - now(), signal);
    }
    if (ids.length === 0 || work.more === undefined) break;
  }
  yield progress((await record(true)) ? 'done' : 'cancelled');
}

async function take(environment: Environment, jobId: string, worker: string, nowMs: number): Promise<Job> {
  const taken = await takeJob(environment.configuration, jobId, worker, nowMs);
  if (taken.kind === 'taken') return taken.job;
  if (taken.kind === 'over')
    throw taken.job === undefined
      ? notFound(`there is no job ${jobId} in ${environment.name}`, 'npx signalbox jobs lists them')
      : failure(`job ${jobId} is ${taken.job.state}: there is nothing to carry on`);
  throw failure(
    `job ${jobId} is being run by another process, as of ${taken.job.updatedAt}`,
    'wait a minute, if that process is dead; or npx signalbox jobs cancel stops it',
  );
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { ...(signal && { signal }) }).catch(() => undefined);
}

export function* chunksOf(ids: readonly string[], perSecond = chunkSizeMax): Generator<string[]> {
  const size = Math.min(chunkSizeMax, Math.max(1, Math.floor(perSecond)));
  for (let i = 0; i < ids.length; i += size) yield ids.slice(i, i + size);
}
