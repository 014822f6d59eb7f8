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
import { type JobOutcome, readJobPages, writeJobPages } from '../jobs/job-events.ts';
import { createJob, type Job, newJobId } from '../jobs/jobs.ts';
import { failure } from '../refusal.ts';
import { type KnownSource, longestRetentionDays, readSources } from '../sources/known-sources.ts';
import { take } from '../tables/newest-first.ts';
import { BulkFilter, matchingEvents } from './bulk-filter.ts';
import { markForcedCopies } from './forced-copies.ts';
import { type EntryToPlan, isActionsQueueEmpty, planEntries, sendPlans } from './plan-entries.ts';
import { type ReplayPlan, runsAsNew } from './plan-replay.ts';
import { planRetro } from './plan-retro.ts';

/** What a replay is to do with its events. */
const ReplayForm = {
  /** Runs whole events as new ones: what was done is done again. Once per event, unless `again`. */
  force: z.boolean().default(false),
  /** Forces events that were forced before once more. */
  again: z.boolean().default(false),
  /** Runs this mapping, added later, over events of the past; nothing else of them runs. */
  retro: z.string().optional(),
  /** Events per second at most; absent: as fast as it goes. */
  perSecond: z.number().positive().optional(),
};

/** A replay of all events that match a filter. */
export const BulkReplay = z.strictObject({ filter: BulkFilter, ...ReplayForm });
export type BulkReplay = z.infer<typeof BulkReplay>;

/** A replay as its job keeps it: of a filter, or of events by their ids, which the job's pages hold. */
const StoredReplay = z.strictObject({ filter: BulkFilter.optional(), ...ReplayForm });
type StoredReplay = z.infer<typeof StoredReplay>;

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
 * @returns also the events that match, oldest first, for `startReplay`
 */
export async function previewReplay(
  environment: Environment,
  request: BulkReplay,
  { nowMs, lookedAtMax = 1_000 }: { nowMs: number; lookedAtMax?: number },
): Promise<{ preview: ReplayPreview; events: string[] }> {
  const { known } = await readSources(environment);
  const events = await matchingEvents(environment, known, request.filter);
  return { preview: await previewEvents(environment, events, request, { nowMs, lookedAtMax }), events };
}

/**
 * The same for events that were found already.
 * @param events oldest first
 */
export async function previewEvents(
  environment: Environment,
  events: string[],
  request: Omit<BulkReplay, 'filter'>,
  { nowMs, lookedAtMax = 1_000 }: { nowMs: number; lookedAtMax?: number },
): Promise<ReplayPreview> {
  const { known } = await readSources(environment);
  const preview: ReplayPreview = { matching: events.length, looked_at: 0, would_replay: 0, skipped: [], sample: [] };
  const skipped = new Map<string, { detail: string; count: number; example: string }>();
  const job = { jobId: 'preview', jobMs: nowMs, nowMs };
  for (const page of chunksOf(events.slice(0, lookedAtMax), chunksFor({}))) {
    for (const { id, plan } of await planEvents(environment, known, page, request, job)) {
      preview.looked_at++;
      if (plan.kind !== 'nothing') {
        preview.would_replay++;
        const detail = request.force && plan.kind === 'event' ? runsAsNew : plan.detail;
        if (preview.sample.length < sampleSize) preview.sample.push({ event_id: id, detail });
        continue;
      }
      const detail = withoutIds(plan.detail);
      const like = skipped.get(detail) ?? { detail, count: 0, example: id };
      skipped.set(detail, { ...like, count: like.count + 1 });
    }
  }
  preview.skipped = [...skipped.values()].sort((a, b) => b.count - a.count);
  return preview;
}

/** The reason that events share which name each a copy of their own. */
const withoutIds = (detail: string) =>
  detail.replaceAll(/, 01[0-9A-Z]{24}\b/g, '').replaceAll(/\b01[0-9A-Z]{24}\b/g, 'another event');

export type StartedBy = { author: string; reason?: string | undefined; nowMs: number };

/**
 * Records a replay as a job, with its events; `carryOnReplay` does it. A process that dies before the
 * end has begun nothing.
 * @param events oldest first
 */
export async function startReplay(
  environment: Environment,
  request: BulkReplay | Omit<BulkReplay, 'filter'>,
  events: string[],
  { author, reason, nowMs }: StartedBy,
): Promise<Job> {
  const id = newJobId(nowMs);
  const pages = [...chunksOf(events, chunksFor(request))].map((page) => ({ events: page }));
  await writeJobPages(environment, id, pages, await keptUntilSeconds(environment, nowMs));
  const what = {
    request: request as unknown as JsonObject,
    total: events.length,
    first: events[0],
    last: events.at(-1),
  };
  return createJob(environment.configuration, { id, kind: 'replay', author, reason, ...what }, nowMs);
}

/** As long as any row of its events. */
async function keptUntilSeconds(environment: Environment, nowMs: number): Promise<number> {
  return Math.ceil(nowMs / 1000) + longestRetentionDays(environment, await readSources(environment)) * 86_400;
}

/** The chunks of a job are its pages. */
const chunksFor = ({ perSecond }: Pick<BulkReplay, 'perSecond'>) => ({ perSecond, chunkSize: 100 });

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
    const request = StoredReplay.parse(job.request);
    const [{ known }, keptSeconds, pages] = await Promise.all([
      readSources(environment),
      keptUntilSeconds(environment, Date.parse(job.createdAt)),
      take(readJobPages(environment, jobId, { after: job.cursor }), Number.POSITIVE_INFINITY),
    ]);
    if (job.total > 0 && job.first === undefined)
      throw failure(
        `job ${jobId} was begun by an earlier version, and its events are not listed`,
        'cancel it, and begin it again: what it has done is skipped',
      );
    // Of the page that a dead process was at.
    const before = new Map(pages.flatMap(({ events, outcomes = [] }) => events.map((id, i) => [id, outcomes[i]])));
    return {
      ids: pages.flatMap(({ events }) => events),
      outcomes: ['replayed', 'skipped', 'failed'],
      ...chunksFor(request),
      doChunk: async (events) => {
        const outcomes = await replayPage(
          environment,
          known,
          { events, before, request },
          {
            job: { jobId, jobMs: Date.parse(job.createdAt), nowMs: now() },
            record: (ended) => writeJobPages(environment, jobId, [{ events, outcomes: ended }], keptSeconds),
          },
        );
        const count = (wanted: JobOutcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted).length;
        return { replayed: count('replayed'), skipped: count('skipped'), failed: count('failed') };
      },
    };
  };
  return carryOn(environment, jobId, prepare, options);
}

type PageToReplay = { events: string[]; before: Map<string, JobOutcome | undefined>; request: StoredReplay };

/** Plans a page of events, records what becomes of them, and sends them. */
async function replayPage(
  environment: Environment,
  known: KnownSource[],
  { events, before, request }: PageToReplay,
  { job, record }: { job: PlannedFor; record(outcomes: JobOutcome[]): Promise<void> },
): Promise<JobOutcome[]> {
  const wanted = await planEvents(environment, known, events, request, job);
  const planned = request.force ? await markForcedCopies(environment, wanted, request) : wanted;
  const outcomes = planned.map(({ id, plan }): JobOutcome => {
    if (plan.kind !== 'nothing') return { outcome: 'replayed', sent: plan.kind, detail: plan.detail };
    const earlier = before.get(id);
    // A process that died had sent it, and it ran since.
    if (earlier?.outcome === 'replayed') return earlier;
    return { outcome: 'skipped', sent: null, detail: plan.detail };
  });
  await record(outcomes);
  const results = await sendPlans(
    environment,
    planned.map(({ plan }) => plan),
  );
  const ended = outcomes.map((outcome, i): JobOutcome => {
    const result = results[i];
    return result === undefined || result.sent
      ? outcome
      : { outcome: 'failed', sent: null, detail: result.error.message };
  });
  if (ended.some((one, i) => one !== outcomes[i])) await record(ended);
  return ended;
}

export type PlannedReplay = { id: string; entry: EventLogEntry | undefined; plan: ReplayPlan };

/** The job that gives new events and origins their ids. */
type PlannedFor = { jobId: string; jobMs: number; nowMs: number };

async function planEvents(
  environment: Environment,
  known: KnownSource[],
  ids: string[],
  { force, again, retro }: Pick<BulkReplay, 'force' | 'again' | 'retro'>,
  { jobId, jobMs, nowMs }: PlannedFor,
): Promise<PlannedReplay[]> {
  const entries = await readEvents(eventLogOf(environment), ids, known);
  const found = ids.flatMap((id) => entries.get(id) ?? []);
  const toPlan = found.map((entry) => ({ entry, newId: derivedId(entry, jobId, jobMs, force) }));
  const plans =
    retro === undefined
      ? await planEntries(environment, toPlan, {
          force,
          again,
          nowMs,
          actionsQueueEmpty: await isActionsQueueEmpty(environment),
        })
      : await planRetros(environment, toPlan, retro, nowMs);
  const byId = new Map(found.map(({ id }, i) => [id, plans[i]]));
  return ids.map((id) => ({
    id,
    entry: entries.get(id),
    plan: byId.get(id) ?? { kind: 'nothing', detail: 'its row has aged out' },
  }));
}

async function planRetros(
  environment: Environment,
  entries: EntryToPlan[],
  mapping: string,
  nowMs: number,
): Promise<ReplayPlan[]> {
  const live = await readLive(environment.configuration);
  const logs = await readActionLogs(
    actionLogOf(environment),
    entries.map(({ entry }) => entry),
  );
  return Promise.all(
    entries.map(async ({ entry, newId }) => {
      const { planned } = await recompute(entry, live, false);
      const log = entry.execution === undefined ? undefined : logs.get(entry.execution);
      return planRetro({ entry, planned, log }, mapping, newId, nowMs);
    }),
  );
}

/** The same for the same job and event, so that sending an event twice changes nothing. */
function derivedId({ id, source }: EventLogEntry, jobId: string, jobMs: number, force: boolean): string {
  const entropy = createHash('sha256').update(`${jobId}\n${id}`).digest();
  return makeEventId(source, force ? eventIdShard(id) : 0, jobMs, entropy);
}
