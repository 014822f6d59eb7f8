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
  /** What became of others of the job's things, which are not left to do. */
  gone?: JobCounts | undefined;
  /** Things per second at most; absent: as fast as it goes. */
  perSecond?: number | undefined;
  /** How many are done together, at most; 25 if absent. */
  chunkSize?: number | undefined;
  /** Does some of them; answers what became of how many. Done twice, it must change nothing. */
  doChunk(ids: string[]): Promise<JobCounts>;
  /**
   * More that turned up meanwhile; asked until there is none.
   * @param keep to be called while it waits: keeps the job, and answers whether it is still this process's
   */
  more?(keep: () => Promise<boolean>): Promise<readonly string[]>;
};

export type CarryOnOptions = {
  signal?: AbortSignal | undefined;
  now?: (() => number) | undefined;
  /** Called once while another process may be at the job: it waits until that one's time is over. */
  onWait?: ((untilMs: number) => void) | undefined;
};

/**
 * Does a job, or the rest of it, and yields after every chunk. A process that dies loses at most the
 * record of one chunk, which the next one does again. Ends when another operator cancels it.
 * @param prepare finds what is left; it gets the job with its cursor
 * @throws Refusal when there is no such job, it is over, or another process is at it
 */
export async function* carryOn(
  environment: Environment,
  jobId: string,
  prepare: (job: Job) => Promise<Work>,
  { signal, now = Date.now, onWait }: CarryOnOptions = {},
): AsyncGenerator<JobProgress> {
  const worker = randomUUID();
  const job = await take(environment, { id: jobId, worker }, { signal, now, onWait });
  if (job === undefined) return;
  const work = await prepare(job);
  const counts: JobCounts = { ...Object.fromEntries(work.outcomes.map((name) => [name, 0])), ...job.counts };
  const add = (more: JobCounts = {}) => {
    for (const [name, count] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + count;
  };
  add(work.gone);
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
  for (let ids = work.ids; ; ids = (await work.more?.(() => record(false))) ?? []) {
    for (const chunk of chunksOf(ids, work)) {
      const dueMs = work.perSecond === undefined ? startedMs : startedMs + (sent / work.perSecond) * 1000;
      if (!(await pause(dueMs, { signal, now, keep: () => record(false) }))) {
        yield progress('cancelled');
        return;
      }
      if (signal?.aborted) {
        await leaveJob(environment.configuration, { id: jobId, worker }, now());
        yield progress('running');
        return;
      }
      add(await work.doChunk(chunk));
      // What turned up later may lie before the cursor, which never goes back.
      const last = chunk.at(-1) ?? '';
      if (last > (cursor ?? job.cursor ?? '')) cursor = last;
      if (!(await record(false))) {
        yield progress('cancelled');
        return;
      }
      yield progress('running');
      sent += chunk.length;
    }
    if (work.more === undefined) break;
    if (ids.length > 0) continue;
    if (!signal?.aborted) break;
    // Told to stop while it waited for more.
    await leaveJob(environment.configuration, { id: jobId, worker }, now());
    yield progress('running');
    return;
  }
  yield progress((await record(true)) ? 'done' : 'cancelled');
}

/** @returns undefined when it was told to stop while it waited */
async function take(
  environment: Environment,
  { id, worker }: { id: string; worker: string },
  { signal, now, onWait }: CarryOnOptions & { now: () => number },
): Promise<Job | undefined> {
  let seenUntilMs: number | undefined;
  for (;;) {
    const taken = await takeJob(environment.configuration, id, worker, now());
    if (taken.kind === 'taken') return taken.job;
    if (taken.kind === 'over')
      throw taken.job === undefined
        ? notFound(`there is no job ${id} in ${environment.name}`, 'npx signalbox jobs lists them')
        : failure(`job ${id} is ${taken.job.state}: there is nothing to carry on`);
    const untilMs = taken.job.leaseEndsAtMs ?? now();
    // A process that is alive takes the job for longer again and again; a dead one does not.
    if (onWait === undefined || (seenUntilMs !== undefined && untilMs > seenUntilMs))
      throw failure(
        `job ${id} is being run by another process, as of ${taken.job.updatedAt}`,
        `npx signalbox jobs cancel ${id} stops it`,
      );
    if (seenUntilMs === undefined) onWait(untilMs);
    seenUntilMs = untilMs;
    await sleepUnlessTold(Math.min(1_000, Math.max(1, untilMs - now() + 1)), signal);
    if (signal?.aborted) return undefined;
  }
}

/** More often than a lease ends. */
const keepEveryMs = 10_000;

/**
 * Waits, and keeps the job meanwhile.
 * @returns false when the job was cancelled
 */
async function pause(
  untilMs: number,
  { signal, now, keep }: { signal: AbortSignal | undefined; now: () => number; keep(): Promise<boolean> },
): Promise<boolean> {
  for (let leftMs = untilMs - now(); leftMs > 0 && !signal?.aborted; leftMs = untilMs - now()) {
    await sleepUnlessTold(Math.min(leftMs, keepEveryMs), signal);
    if (leftMs > keepEveryMs && !(await keep())) return false;
  }
  return true;
}

async function sleepUnlessTold(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { ...(signal && { signal }) }).catch(() => undefined);
}

const chunkSizeByDefault = 25;

/** A chunk is done at once, so a slow job has small ones: a quarter of a second of its time. */
export function* chunksOf(
  ids: readonly string[],
  { perSecond, chunkSize = chunkSizeByDefault }: Pick<Work, 'perSecond' | 'chunkSize'> = {},
): Generator<string[]> {
  const size = perSecond === undefined ? chunkSize : Math.min(chunkSize, Math.max(1, Math.floor(perSecond / 4)));
  for (let i = 0; i < ids.length; i += size) yield ids.slice(i, i + size);
}
