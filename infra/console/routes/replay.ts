import { Hono } from 'hono';
import * as z from 'zod';
import { searchActions } from '../../../shared/operations/actions/action-search.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { searchEvents } from '../../../shared/operations/events/event-search.ts';
import { jobRow } from '../../../shared/operations/jobs/job-row.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { previewEvents, startReplay } from '../../../shared/operations/replay/bulk-replay.ts';
import { previewIds, replayIds } from '../../../shared/operations/replay/replay-ids.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import type { ConsoleEnv } from '../context.ts';
import { body, text } from '../input.ts';
import { ActionQuery, actionSearchOf } from './actions.ts';
import { EventQuery, eventSearchOf } from './events.ts';

const how = {
  /** Runs whole events as new ones, and repeats their effects. */
  force: z.boolean().default(false),
  /** Forces events once more that were forced before. */
  again: z.boolean().default(false),
  /** Why, for the job. */
  reason: z.string().max(1_000).optional(),
};

/** Of chosen events, or of the events of runs and actions. */
const Chosen = z.strictObject({ ids: z.array(text).min(1).max(1_000), ...how });

/** All events of a search of events or of actions, as a page has it in its URL. */
const Matching = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('events'), search: EventQuery, ...how }),
  z.strictObject({ of: z.literal('actions'), search: ActionQuery, ...how }),
]);
type Matching = z.output<typeof Matching>;

/**
 * The events of a search, oldest first, and its times: a second look at the same times finds the
 * same ones.
 */
async function eventsOf(environment: Environment, request: Matching, nowMs: number) {
  const directory = await readSources(environment);
  const options = { nowMs, limit: Number.POSITIVE_INFINITY, isComplete: true };
  const ids = new Set<string>();
  const fixed = { until: Math.min(request.search.until ?? nowMs, nowMs) };
  if (request.of === 'events') {
    const found = searchEvents(environment, directory, eventSearchOf({ ...request.search, ...fixed }), options);
    for await (const { entry } of found.rows) ids.add(entry.id);
    return { ids: [...ids].sort(), since: iso(found.range.sinceMs), until: iso(fixed.until) };
  }
  const found = searchActions(environment, directory, actionSearchOf({ ...request.search, ...fixed }), options);
  for await (const { log } of found.rows) ids.add(log.eventId);
  return { ids: [...ids].sort(), since: iso(found.range.sinceMs), until: iso(fixed.until) };
}

export const replays = new Hono<ConsoleEnv>()
  .post('/chosen', body(Chosen), async (c) => {
    const { ids, ...options } = c.req.valid('json');
    const { environment, context } = c.var;
    const { known } = await readSources(environment);
    const by = { author: context.author, nowMs: Date.now() };
    return c.json(await replayIds(environment, [...new Set(ids)], { known, ...options, ...by }));
  })
  .post('/chosen/dry-run', body(Chosen), async (c) => {
    const { ids, reason: _reason, ...options } = c.req.valid('json');
    const { environment } = c.var;
    const { known } = await readSources(environment);
    return c.json(await previewIds(environment, [...new Set(ids)], { known, ...options, nowMs: Date.now() }));
  })
  /** Begins a job, which runs in this process. Its progress is in the job. */
  .post('/matching', body(Matching), async (c) => {
    const request = c.req.valid('json');
    const { environment, context } = c.var;
    const nowMs = Date.now();
    const { ids } = await eventsOf(environment, request, nowMs);
    if (ids.length === 0) throw failure('no event matches any more, so there is nothing to replay');
    const { force, again, reason } = request;
    const job = await startReplay(environment, { force, again }, ids, { author: context.author, reason, nowMs });
    context.jobs.run(environment, job);
    return c.json(jobRow(job));
  })
  .post('/matching/dry-run', body(Matching), async (c) => {
    const request = c.req.valid('json');
    const { environment } = c.var;
    const nowMs = Date.now();
    const { ids, since, until } = await eventsOf(environment, request, nowMs);
    const { force, again } = request;
    return c.json({ ...(await previewEvents(environment, ids, { force, again }, { nowMs })), since, until });
  });
