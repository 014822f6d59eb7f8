import { Hono } from 'hono';
import * as z from 'zod';
import type { Environment } from '../../../shared/operations/environment.ts';
import { jobRow } from '../../../shared/operations/jobs/job-row.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { previewEvents, startReplay } from '../../../shared/operations/replay/bulk-replay.ts';
import { eventsOf, findMatching } from '../../../shared/operations/replay/matching-search.ts';
import { previewIds, replayIds } from '../../../shared/operations/replay/replay-ids.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import type { ConsoleEnv } from '../context.ts';
import { body, text } from '../input.ts';
import { MatchingQuery, matchingSearchOf } from './matching.ts';

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

const Matching = z.strictObject({ matching: MatchingQuery, ...how });
type Matching = z.output<typeof Matching>;

/** The events of a search, oldest first, and its times. */
async function eventsMatching(environment: Environment, { matching }: Matching, nowMs: number) {
  const { found, sinceMs, untilMs } = await findMatching(environment, matchingSearchOf(matching), { nowMs });
  return { ids: eventsOf(found), since: iso(sinceMs), until: iso(untilMs) };
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
    const { ids } = await eventsMatching(environment, request, nowMs);
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
    const { ids, since, until } = await eventsMatching(environment, request, nowMs);
    const { force, again } = request;
    return c.json({ ...(await previewEvents(environment, ids, { force, again }, { nowMs })), since, until });
  });
