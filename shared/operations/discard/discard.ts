import * as z from 'zod';
import type { JsonObject } from '../../core/json/values.ts';
import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { actionLogOf, executionsOfEvent, readExecutions } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvents } from '../events/events.ts';
import { type CarryOnOptions, carryOn, chunksOf, type JobProgress, type Work } from '../jobs/carry-on.ts';
import { createJob, type Job } from '../jobs/jobs.ts';
import { failure } from '../refusal.ts';
import { eventsOf, type Matched } from '../replay/matching-search.ts';
import { type KnownSource, readSources } from '../sources/known-sources.ts';
import { resolveId } from '../why/resolve-id.ts';
import { markDiscarded } from './marks.ts';
import { type DiscardPlan, planDiscard } from './plan-discard.ts';
import {
  type DiscardFilter,
  type DiscardMatching,
  DiscardRequest,
  type Targets,
  targetsNamed,
  targetsOf,
} from './targets.ts';

/** Why, in the operator's words: kept in each row and shown by `why`, so that the next person need not ask. */
export const DiscardReason = z
  .string()
  .trim()
  .min(1, 'is needed: the next person asks why it is closed')
  .max(512, 'has more than 512 characters');

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

/** @param nowMs a search finds nothing that came later */
export async function previewDiscard(
  environment: Environment,
  request: DiscardFilter | DiscardMatching,
  { nowMs, lookedAtMax = 1_000 }: { nowMs: number; lookedAtMax?: number },
): Promise<{ preview: DiscardPreview; range: Targets['range'] }> {
  const { known } = await readSources(environment);
  const targets = await targetsOf(environment, known, request, nowMs);
  const { ids, range } = targets;
  const preview: DiscardPreview = { matching: ids.length, looked_at: 0, would_discard: 0, skipped: [], sample: [] };
  const skipped = new Map<string, DiscardPreview['skipped'][number]>();
  for (const chunk of chunksOf(ids.slice(0, lookedAtMax)))
    for (const { id, plan } of await planChunk(environment, known, chunk, targets)) {
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
  return { preview, range };
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
 * Records a discard of all that a search finds, at the times that it looks at now.
 * @throws Refusal (failed) when it finds no failure that is open
 */
export async function startDiscardMatching(
  environment: Environment,
  request: DiscardMatching,
  asked: Asked,
): Promise<Job> {
  const { known } = await readSources(environment);
  const { ids, range } = await targetsOf(environment, known, request, asked.nowMs);
  if (ids.length === 0) throw failure('nothing that matches has a failure that is open, so there is nothing to close');
  const fixed = { since_ms: range?.sinceMs, until_ms: range?.untilMs };
  const { matching } = request;
  const search = { ...request, matching: { ...matching, search: { ...matching.search, ...fixed } } } as DiscardMatching;
  return startDiscard(environment, search, { ...asked, total: ids.length });
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
    const targets = await targetsOf(environment, known, request, Date.parse(job.createdAt));
    const ids = targets.ids.filter((id) => id > (job.cursor ?? ''));
    const done = Object.values(job.counts).reduce((sum, count) => sum + count, 0);
    return {
      ids,
      outcomes: ['discarded', 'skipped'],
      // A search does not find any more what was replayed since the job was made.
      gone: { skipped: Math.max(0, job.total - done - ids.length) },
      ...('perSecond' in request && { perSecond: request.perSecond }),
      doChunk: async (chunk) => {
        const planned = await planChunk(environment, known, chunk, targets);
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
  asked: Asked & { dryRun: boolean },
): Promise<DiscardRow[]> {
  const { known } = await readSources(environment);
  const resolved = await Promise.all(ids.map((id) => namedBy(environment, id, known)));
  const plans = await discardNamed(
    environment,
    resolved.flatMap((one) => ('event' in one ? [one] : [])),
    asked,
  );
  return resolved.map((one, i): DiscardRow => {
    const id = ids[i] as string;
    return 'problem' in one
      ? { id, event_id: null, outcome: 'unknown', detail: one.problem }
      : rowOf(id, one.event, plans, asked);
  });
}

/** The same for what a list shows; an action's row is called by its own id. */
export async function discardMatched(
  environment: Environment,
  matched: readonly Matched[],
  asked: Asked & { dryRun: boolean },
): Promise<DiscardRow[]> {
  const plans = await discardNamed(environment, matched, asked);
  return matched.map(({ event, action }) => rowOf(action ?? event, event, plans, asked));
}

function rowOf(
  id: string,
  event: string,
  plans: Map<string, DiscardPlan>,
  { dryRun }: { dryRun: boolean },
): DiscardRow {
  const { kind, detail } = plans.get(event) as DiscardPlan;
  const outcome = kind === 'nothing' ? 'skipped' : dryRun ? 'would_discard' : 'discarded';
  return { id, event_id: event, outcome, detail };
}

async function discardNamed(
  environment: Environment,
  named: readonly Matched[],
  { dryRun, ...asked }: Asked & { dryRun: boolean },
): Promise<Map<string, DiscardPlan>> {
  const { known } = await readSources(environment);
  const targets = targetsNamed(named);
  const plans = new Map<string, DiscardPlan>();
  for (const chunk of chunksOf(targets.ids))
    for (const { id, plan } of await planChunk(environment, known, chunk, targets)) plans.set(id, plan);
  const closes = named.filter(({ event }) => plans.get(event)?.kind === 'discard');
  if (dryRun || closes.length === 0) return plans;
  const job = await startDiscard(environment, { named: closes }, { ...asked, total: eventsOf(closes).length });
  const onPlan = (id: string, plan: DiscardPlan) => plans.set(id, plan);
  for await (const _ of carryOnDiscard(environment, job.id, { onPlan }));
  return plans;
}

async function namedBy(
  environment: Environment,
  id: string,
  known: KnownSource[],
): Promise<Matched | { problem: string }> {
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
  { wantedOf }: Targets,
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
    return { id, entry, plan: planDiscard(entry, own, wantedOf(entry)) };
  });
}
