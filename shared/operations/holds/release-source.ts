import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { makeEventsQueue } from '../../adapters/sqs-queues.ts';
import { own } from '../../core/json/values.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { liveAtMs } from '../configuration/wait-until-live.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvents } from '../events/events.ts';
import { type CarryOnOptions, carryOn, type JobProgress, type Work } from '../jobs/carry-on.ts';
import { createJob, type Job } from '../jobs/jobs.ts';
import { type Asked, type Changed, change, type Unknown, unknownSource } from '../settings/change.ts';
import { longestRetentionDays, pickSources, readSources } from '../sources/known-sources.ts';
import { heldIds } from './held-events.ts';
import { runningRelease, withoutHold } from './hold-source.ts';
import { releasedEvent } from './release-steps.ts';

export const SourceRelease = z.strictObject({
  source: z.string(),
  /** When the source was resumed: from a while later on, no function holds its events any more. */
  resumedAtMs: z.number(),
  /** No event was held that was received before. */
  sinceMs: z.number(),
  /** Events per second at most; absent: as fast as it goes. */
  perSecond: z.number().positive().optional(),
});
export type SourceRelease = z.infer<typeof SourceRelease>;

export type ResumedSource =
  | Unknown
  /** A release is under way, or was left. */
  | { kind: 'running'; job: Job }
  /** `changed`: the source was paused until now; else only what is left of an earlier pause is released. */
  | { kind: 'releasing'; job: Job; changed: Changed }
  /** It was not paused, and no event of it is held. */
  | { kind: 'unchanged'; version: number };

/**
 * Resumes a source. New events run at once; a job releases the held ones, oldest first:
 * `carryOnSourceRelease` does it.
 */
export async function resumeSource(
  environment: Environment,
  { source, perSecond, ...asked }: Asked & { source: string; perSecond?: number | undefined },
): Promise<ResumedSource> {
  const { configuration } = environment;
  const directory = await readSources(environment);
  const { live, known } = directory;
  // Held events of a source that was removed meanwhile are released too: they are rejected then.
  const isKnown = known.some(({ key }) => key === source);
  const unknown = isKnown ? undefined : unknownSource(live, source);
  if (unknown) return unknown;
  const running = await runningRelease(environment, source);
  if (running !== undefined) return { kind: 'running', job: running };
  const hold = own(live.state.held_sources ?? {}, source);
  const rowsSinceMs = asked.nowMs - longestRetentionDays(environment, directory) * 86_400_000;
  // A message waits for its first delivery for up to the queue's retention.
  const sinceMs = hold === undefined ? rowsSinceMs : Math.max(rowsSinceMs, Date.parse(hold.since) - 4 * 86_400_000);
  const [picked] = pickSources(known, source);
  const ids = picked === undefined ? [] : await heldIds(environment, picked, { sinceMs, untilMs: asked.nowMs });
  if (hold === undefined && ids.length === 0) return { kind: 'unchanged', version: live.version };
  // Before the state: a process that dies in between leaves a paused source and a job that resumes it.
  const request = { source, resumedAtMs: asked.nowMs, sinceMs, ...(perSecond !== undefined && { perSecond }) };
  const { author, message: reason } = asked;
  const job = await createJob(
    configuration,
    { kind: 'release_source', author, reason, request, total: ids.length },
    asked.nowMs,
  );
  return { kind: 'releasing', job, changed: await resume(environment, source, asked) };
}

function resume({ configuration }: Environment, source: string, asked: Asked): Promise<Changed> {
  return change(
    configuration,
    asked,
    () => `resume source ${source}`,
    (before) => withoutHold(before, source),
  );
}

/** For so long after the change, a call of a function that began before it can still hold an event. */
const lastHeldAfterMs = { local: 2_000, aws: 60_000 };
const lookEveryMs = 5_000;

/**
 * Releases the held events of a source, oldest first, or the rest of them. Then it looks for events
 * that functions held before they knew of the resumption, until there can be none. An event that was
 * sent before a crash is sent again under the same execution and origin, so nothing runs twice.
 * Counts: `released`, `skipped` (it ran or was discarded meanwhile), `failed`.
 * @throws Refusal as `carryOn`
 */
export function carryOnSourceRelease(
  environment: Environment,
  jobId: string,
  options: CarryOnOptions = {},
): AsyncGenerator<JobProgress> {
  const { now = Date.now, signal } = options;
  const prepare = async (job: Job): Promise<Work> => {
    const { source, sinceMs, resumedAtMs, perSecond } = SourceRelease.parse(job.request);
    // The process that began the job may have died before the change.
    const { author, reason: message } = job;
    if (own((await readLive(environment.configuration)).state.held_sources ?? {}, source) !== undefined)
      await resume(environment, source, { author, message, nowMs: now() });
    const { known } = await readSources(environment);
    const [picked] = pickSources(known, source);
    const sent = new Set<string>();
    const list = async () =>
      picked === undefined ? [] : heldIds(environment, picked, { sinceMs, untilMs: now() + 60_000 });
    const lastHeldMs =
      liveAtMs(environment, resumedAtMs) + (environment.local ? lastHeldAfterMs.local : lastHeldAfterMs.aws);
    return {
      ids: (await list()).filter((id) => id > (job.cursor ?? '')),
      outcomes: ['released', 'skipped', 'failed'],
      perSecond,
      doChunk: async (chunk) => {
        for (const id of chunk) sent.add(id);
        return releaseEach(environment, await readEvents(eventLogOf(environment), chunk, known), chunk, job);
      },
      more: async (keep) => {
        for (;;) {
          const isLast = now() >= lastHeldMs;
          const late = (await list()).filter((id) => !sent.has(id));
          if (late.length > 0 || isLast || signal?.aborted || !(await keep())) return late;
          const waitMs = Math.min(lookEveryMs, lastHeldMs - now() + 1);
          await sleep(Math.max(1, waitMs), undefined, { ...(signal && { signal }) }).catch(() => undefined);
        }
      },
    };
  };
  return carryOn(environment, jobId, prepare, options);
}

async function releaseEach(
  environment: Environment,
  entries: Map<string, EventLogEntry>,
  ids: string[],
  job: Job,
): Promise<Record<string, number>> {
  const held = ids.flatMap((id) => {
    const entry = entries.get(id);
    return entry?.status === 'held' ? [entry] : [];
  });
  const raws = held.map((entry) => releasedEvent(entry, job));
  const queue = makeEventsQueue(await environment.queues(), environment.outputs.EventsQueueUrl);
  const results = await queue.sendEach(raws);
  const released = results.filter((result) => result.sent).length;
  return { released, skipped: ids.length - held.length, failed: held.length - released };
}
