import * as z from 'zod';
import type { JsonObject } from '../../core/json/values.ts';
import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { actionLogOf, executionsOfEvent, readExecutions } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvents } from '../events/events.ts';
import { type CarryOnOptions, carryOn, chunksOf, type JobProgress, type Work } from '../jobs/carry-on.ts';
import { createJob, type Job } from '../jobs/jobs.ts';
import { BulkFilter, matchingEvents, takesAction, takesEvent } from '../replay/bulk-filter.ts';
import { type KnownSource, readSources } from '../sources/known-sources.ts';
import { resolveId } from '../why/resolve-id.ts';
import { markDiscarded } from './marks.ts';
import { type DiscardPlan, planDiscard, type Wanted } from './plan-discard.ts';

/** Statuses of what can be discarded, of events and of actions. */
export const discardableStatuses = ['failed', 'rejected', 'held', 'skipped'] as const;

/** One event, or only one action of it. */
const Named = z.strictObject({ event: z.string(), action: z.string().optional() });
type Named = z.infer<typeof Named>;

/** What is closed: what a filter takes, or what was named. */
export const DiscardRequest = z.union([
  z.strictObject({
    filter: BulkFilter.extend({ statuses: z.array(z.enum(discardableStatuses)).min(1) }),
    /** Events per second at most; absent: as fast as it goes. */
    perSecond: z.number().positive().optional(),
  }),
  z.strictObject({ named: z.array(Named).min(1).max(1000) }),
]);
export type DiscardRequest = z.infer<typeof DiscardRequest>;
export type DiscardFilter = Extract<DiscardRequest, { filter: unknown }>;

/** What would happen to the events of a request; nothing is written. */
export type DiscardPreview = {
  matching: number;
  /** How many were looked at: all, or as many as fit the time. */
  looked_at: number;
  would_discard: number;
  /** Why others would not be, with a count and an example. */
  skipped: { detail: string; count: number; example: string }[];
  /** The first few that would be. */
  sample: { event_id: string; detail: string }[];
};

const sampleSize = 5;

export async function previewDiscard(
  environment: Environment,
  request: DiscardFilter,
  { lookedAtMax = 1_000 }: { lookedAtMax?: number } = {},
): Promise<DiscardPreview> {
  const { known } = await readSources(environment);
  const ids = await matchingEvents(environment, known, request.filter);
  const preview: DiscardPreview = { matching: ids.length, looked_at: 0, would_discard: 0, skipped: [], sample: [] };
  const skipped = new Map<string, DiscardPreview['skipped'][number]>();
  for (const chunk of chunksOf(ids.slice(0, lookedAtMax)))
    for (const { id, plan } of await planChunk(environment, known, chunk, request)) {
      preview.looked_at++;
      if (plan.kind === 'discard') {
        preview.would_discard++;
        if (preview.sample.length < sampleSize) preview.sample.push({ event_id: id, detail: plan.detail });
        continue;
      }
      const like = skipped.get(plan.detail) ?? { detail: plan.detail, count: 0, example: id };
      skipped.set(plan.detail, { ...like, count: like.count + 1 });
    }
  preview.skipped = [...skipped.values()].sort((a, b) => b.count - a.count);
  return preview;
}

export type Asked = { author: string; reason: string; nowMs: number };

/** Records a discard as a job; `carryOnDiscard` does it. */
export function startDiscard(
  environment: Environment,
  request: DiscardRequest,
  { total, author, reason, nowMs }: Asked & { total: number },
): Promise<Job> {
  const job = { kind: 'discard', author, reason, request: request as unknown as JsonObject, total } as const;
  return createJob(environment.configuration, job, nowMs);
}

/**
 * Does a discard, or the rest of it. Each row gets the job's author, time and reason. Counts:
 * `discarded`, `skipped`.
 * @param onPlan is told of each event once it is done
 * @throws Refusal as `carryOn`
 */
export function carryOnDiscard(
  environment: Environment,
  jobId: string,
  { onPlan, ...options }: CarryOnOptions & { onPlan?: (id: string, plan: DiscardPlan) => void } = {},
): AsyncGenerator<JobProgress> {
  const { now = Date.now } = options;
  const prepare = async (job: Job): Promise<Work> => {
    const request = DiscardRequest.parse(job.request);
    const { known } = await readSources(environment);
    const mark = { by: job.author, atMs: Date.parse(job.createdAt), reason: job.reason ?? '' };
    const ids =
      'filter' in request
        ? await matchingEvents(environment, known, request.filter)
        : [...new Set(request.named.map(({ event }) => event))].sort();
    return {
      ids: ids.filter((id) => id > (job.cursor ?? '')),
      outcomes: ['discarded', 'skipped'],
      ...('filter' in request && { perSecond: request.perSecond }),
      doChunk: async (chunk) => {
        const planned = await planChunk(environment, known, chunk, request);
        await Promise.all(
          planned.map(async ({ id, entry, plan }) => {
            if (entry !== undefined && plan.kind === 'discard')
              await markDiscarded(environment, entry, plan, mark, now());
            onPlan?.(id, plan);
          }),
        );
        const discarded = planned.filter(({ plan }) => plan.kind === 'discard').length;
        return { discarded, skipped: planned.length - discarded };
      },
    };
  };
  return carryOn(environment, jobId, prepare, options);
}

/** The result for one id; also the `--json` row of `discard` with ids. */
export type DiscardRow = {
  id: string;
  event_id: string | null;
  /** `would_discard` in a dry run. */
  outcome: 'discarded' | 'would_discard' | 'skipped' | 'unknown';
  detail: string;
};

/**
 * Closes the failures of the named events, or of one action each where an action is named. A job is
 * its record, unless nothing can be closed.
 */
export async function discardIds(
  environment: Environment,
  ids: readonly string[],
  { dryRun, ...asked }: Asked & { dryRun: boolean },
): Promise<DiscardRow[]> {
  const { known } = await readSources(environment);
  const resolved = await Promise.all(ids.map((id) => namedBy(environment, id, known)));
  const named = resolved.flatMap((one) => ('event' in one ? [one] : []));
  const plans = new Map<string, DiscardPlan>();
  for (const chunk of chunksOf([...new Set(named.map(({ event }) => event))]))
    for (const { id, plan } of await planChunk(environment, known, chunk, { named })) plans.set(id, plan);
  const closes = named.filter(({ event }) => plans.get(event)?.kind === 'discard');
  if (!dryRun && closes.length > 0) {
    const job = await startDiscard(environment, { named: closes }, { ...asked, total: closes.length });
    const onPlan = (id: string, plan: DiscardPlan) => plans.set(id, plan);
    for await (const _ of carryOnDiscard(environment, job.id, { onPlan }));
  }
  return resolved.map((one, i): DiscardRow => {
    const id = ids[i] as string;
    if ('problem' in one) return { id, event_id: null, outcome: 'unknown', detail: one.problem };
    const plan = plans.get(one.event) as DiscardPlan;
    const base = { id, event_id: one.event, detail: plan.detail };
    if (plan.kind === 'nothing') return { ...base, outcome: 'skipped' };
    return { ...base, outcome: dryRun ? 'would_discard' : 'discarded' };
  });
}

async function namedBy(
  environment: Environment,
  id: string,
  known: KnownSource[],
): Promise<Named | { problem: string }> {
  const resolved = await resolveId(environment, id, known);
  switch (resolved.as) {
    case 'nothing':
      return { problem: 'is nothing that is known here' };
    case 'user':
      return { problem: 'is a user; name events or actions, or use --user with --since' };
    case 'messages':
      return {
        problem: `is the message id of several events: ${resolved.claims.map(({ claim }) => claim.owner).join(', ')}`,
      };
    case 'action':
      return { event: resolved.eventId, action: resolved.found.action.id };
    default:
      return { event: resolved.eventId };
  }
}

type Planned = { id: string; entry: EventLogEntry | undefined; plan: DiscardPlan };

async function planChunk(
  environment: Environment,
  known: KnownSource[],
  ids: string[],
  request: DiscardRequest,
): Promise<Planned[]> {
  const entries = await readEvents(eventLogOf(environment), ids, known);
  const executions = [...entries.values()].flatMap(executionsOfEvent);
  const logs = await readExecutions(actionLogOf(environment), executions);
  return ids.map((id): Planned => {
    const entry = entries.get(id);
    if (entry === undefined)
      return { id, entry, plan: { kind: 'nothing', detail: 'has no event row: it is on its way, or has aged out' } };
    const own = executionsOfEvent(entry).flatMap((execution): ActionLogEntry[] => {
      const log = logs.get(execution);
      return log === undefined ? [] : [log];
    });
    return { id, entry, plan: planDiscard(entry, own, wantedOf(entry, request)) };
  });
}

function wantedOf(entry: EventLogEntry, request: DiscardRequest): Wanted {
  if ('filter' in request) {
    const { filter } = request;
    return { event: takesEvent(filter, entry), action: (action) => takesAction(filter, action) };
  }
  const named = request.named.filter(({ event }) => event === entry.id);
  const isWhole = named.some(({ action }) => action === undefined);
  return { event: isWhole, action: ({ id }) => isWhole || named.some(({ action }) => action === id) };
}
