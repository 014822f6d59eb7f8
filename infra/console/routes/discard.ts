import { Hono } from 'hono';
import * as z from 'zod';
import {
  DiscardReason,
  discardMatched,
  previewDiscard,
  startDiscardMatching,
} from '../../../shared/operations/discard/discard.ts';
import { namedMax } from '../../../shared/operations/discard/targets.ts';
import { jobRow } from '../../../shared/operations/jobs/job-row.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import type { ConsoleEnv } from '../context.ts';
import { body, text } from '../input.ts';
import { MatchingQuery, matchingSearchOf } from './matching.ts';

/** Events by their ids, or single actions of events. */
const Chosen = z.strictObject({
  chosen: z
    .array(z.strictObject({ event: text, action: text.optional() }))
    .min(1)
    .max(namedMax),
});
const WithReason = { reason: DiscardReason };

export const discards = new Hono<ConsoleEnv>()
  .post('/chosen', body(Chosen.extend(WithReason)), async (c) => {
    const { chosen, reason } = c.req.valid('json');
    const { environment, context } = c.var;
    const asked = { author: context.author, reason, nowMs: Date.now(), dryRun: false };
    return c.json(await discardMatched(environment, chosen, asked));
  })
  .post('/chosen/dry-run', body(Chosen), async (c) => {
    const { chosen } = c.req.valid('json');
    const asked = { author: c.var.context.author, reason: '', nowMs: Date.now(), dryRun: true };
    return c.json(await discardMatched(c.var.environment, chosen, asked));
  })
  /** Begins a job, which runs in this process. Its progress is in the job. */
  .post('/matching', body(z.strictObject({ matching: MatchingQuery, ...WithReason })), async (c) => {
    const { matching, reason } = c.req.valid('json');
    const { environment, context } = c.var;
    const asked = { author: context.author, reason, nowMs: Date.now() };
    const job = await startDiscardMatching(environment, { matching: matchingSearchOf(matching) }, asked);
    context.jobs.run(environment, job);
    return c.json(jobRow(job));
  })
  .post('/matching/dry-run', body(z.strictObject({ matching: MatchingQuery })), async (c) => {
    const request = { matching: matchingSearchOf(c.req.valid('json').matching) };
    const { preview, range } = await previewDiscard(c.var.environment, request, { nowMs: Date.now() });
    return c.json({ ...preview, since: iso(range?.sinceMs ?? 0), until: iso(range?.untilMs ?? 0) });
  });
