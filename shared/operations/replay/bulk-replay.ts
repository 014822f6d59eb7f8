import { createHash } from 'node:crypto';
import * as z from 'zod';
import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { eventIdShard, makeEventId } from '../../core/ids/event-id.ts';
import type { JsonObject } from '../../core/json/values.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { actionLogOf, readActionLogs } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvents } from '../events/events.ts';
import { recompute } from '../events/recompute.ts';
import { type CarryOnOptions, carryOn, chunksOf, type JobProgress, type Work } from '../jobs/carry-on.ts';
import { createJob, type Job } from '../jobs/jobs.ts';
import { type KnownSource, readSources } from '../sources/known-sources.ts';
import { BulkFilter, matchingEvents } from './bulk-filter.ts';
import { markForcedCopies } from './forced-copies.ts';
import { isActionsQueueEmpty, planEntry, sendPlans } from './plan-entry.ts';
import type { ReplayPlan } from './plan-replay.ts';
import { planRetro } from './plan-retro.ts';

export const BulkReplay = z.strictObject({
  filter: BulkFilter,
  /** Runs whole events as new ones: what was done is done again. Once per event, unless `again`. */
  force: z.boolean().default(false),
  /** Forces events that were forced before once more. */
  again: z.boolean().default(false),
  /** Runs this mapping, added later, over events of the past; nothing else of them runs. */
  retro: z.string().optional(),
  /** Events per second at most; absent: as fast as it goes. */
  perSecond: z.number().positive().optional(),
});
export type BulkReplay = z.infer<typeof BulkReplay>;

/** What would happen to the events of a request; nothing is sent. */
export type ReplayPreview = {
  matching: number;
  /** How many were looked at: all, or as many as fit the time. */
  looked_at: number;
  would_replay: number;
  /** Why others would not be, with a count and an example. */
  skipped: { detail: string; count: number; example: string }[];
  /** The first few that would run. */
  sample: { event_id: string; detail: string }[];
};

const sampleSize = 5;

/**
 * Looks at what a bulk replay would do, without doing it.
 * @param lookedAtMax so many events are planned; a larger request is extrapolated by its reader
 */
export async function previewReplay(
  environment: Environment,
  request: BulkReplay,
  { nowMs, lookedAtMax = 1_000 }: { nowMs: number; lookedAtMax?: number },
): Promise<ReplayPreview> {
  const { known } = await readSources(environment);
  const ids = await matchingEvents(environment, known, request.filter);
  const preview: ReplayPreview = { matching: ids.length, looked_at: 0, would_replay: 0, skipped: [], sample: [] };
  const skipped = new Map<string, { detail: string; count: number; example: string }>();
  for (const chunk of chunksOf(ids.slice(0, lookedAtMax))) {
    for (const { id, plan } of await planChunk(environment, known, chunk, request, {
      jobId: 'preview',
      jobMs: nowMs,
      nowMs,
    })) {
      preview.looked_at++;
      if (plan.kind !== 'nothing') {
        preview.would_replay++;
        if (preview.sample.length < sampleSize) preview.sample.push({ event_id: id, detail: plan.detail });
        continue;
      }
      const like = skipped.get(plan.detail) ?? { detail: plan.detail, count: 0, example: id };
      skipped.set(plan.detail, { ...like, count: like.count + 1 });
    }
  }
  preview.skipped = [...skipped.values()].sort((a, b) => b.count - a.count);
  return preview;
}

/**
 * Records a bulk replay as a job; `carryOnReplay` does it.
 * @param total how many events match, as its preview has counted
 */
export function startReplay(
  environment: Environment,
  request: BulkReplay,
  { total, author, reason, nowMs }: { total: number; author: string; reason?: string | undefined; nowMs: number },
): Promise<Job> {
  return createJob(
    environment.configuration,
    { kind: 'replay', author, reason, request: request as unknown as JsonObject, total },
    nowMs,
  );
}

/**
 * Does a replay, or the rest of it: events that were sent before a crash are sent again under the
 * same ids and origins, so nothing runs twice. Counts: `replayed`, `skipped`, `failed`.
 * @throws Refusal as `carryOn`
 */
export function carryOnReplay(
  environment: Environment,
  jobId: string,
  options: CarryOnOptions = {},
): AsyncGenerator<JobProgress> {
  const { now = Date.now } = options;
  const prepare = async (job: Job): Promise<Work> => {
    const request = BulkReplay.parse(job.request);
    const { known } = await readSources(environment);
    const ids = await matchingEvents(environment, known, request.filter);
    return {
      ids: ids.filter((id) => id > (job.cursor ?? '')),
      outcomes: ['replayed', 'skipped', 'failed'],
      perSecond: request.perSecond,
      doChunk: async (chunk) => {
        const planned = await planChunk(environment, known, chunk, request, {
          jobId,
          jobMs: Date.parse(job.createdAt),
          nowMs: now(),
        });
        if (request.force) await markForcedCopies(environment, planned);
        const results = await sendPlans(
          environment,
          planned.map(({ plan }) => plan),
        );
        const counts = { replayed: 0, skipped: 0, failed: 0 };
        for (const [i, { plan }] of planned.entries())
          counts[plan.kind === 'nothing' ? 'skipped' : results[i]?.sent ? 'replayed' : 'failed']++;
        return counts;
      },
    };
  };
  return carryOn(environment, jobId, prepare, options);
}

export type PlannedReplay = { id: string; entry: EventLogEntry | undefined; plan: ReplayPlan };

async function planChunk(
  environment: Environment,
  known: KnownSource[],
  ids: string[],
  { force, again, retro }: BulkReplay,
  { jobId, jobMs, nowMs }: { jobId: string; jobMs: number; nowMs: number },
): Promise<PlannedReplay[]> {
  const [entries, actionsQueueEmpty, live] = await Promise.all([
    readEvents(eventLogOf(environment), ids, known),
    isActionsQueueEmpty(environment),
    retro === undefined ? undefined : readLive(environment.configuration),
  ]);
  const logs = live && (await readActionLogs(actionLogOf(environment), [...entries.values()]));
  return Promise.all(
    ids.map(async (id): Promise<PlannedReplay> => {
      const entry = entries.get(id);
      if (entry === undefined) return { id, entry, plan: { kind: 'nothing', detail: 'its row has aged out' } };
      const newId = derivedId(entry, jobId, jobMs, force);
      if (retro !== undefined && live !== undefined) {
        const { planned } = await recompute(entry, live, false);
        const log = entry.execution === undefined ? undefined : logs?.get(entry.execution);
        return { id, entry, plan: planRetro({ entry, planned, log }, retro, newId, nowMs) };
      }
      const plan = await planEntry(environment, entry, { force, again, nowMs, actionsQueueEmpty, newId });
      return { id, entry, plan };
    }),
  );
}

/** The same for the same job and event, so that sending an event twice changes nothing. */
function derivedId({ id, source }: EventLogEntry, jobId: string, jobMs: number, force: boolean): string {
  const entropy = createHash('sha256').update(`${jobId}\n${id}`).digest();
  return makeEventId(source, force ? eventIdShard(id) : 0, jobMs, entropy);
}
