import { Hono } from 'hono';
import * as z from 'zod';
import { previewIds, replayIds } from '../../../shared/operations/replay/replay-ids.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import type { ConsoleEnv } from '../context.ts';
import { body, text } from '../input.ts';

/** Of chosen events, or of the events of runs and actions. */
const Chosen = z.strictObject({
  ids: z.array(text).min(1).max(1_000),
  /** Runs whole events as new ones, and repeats their effects. */
  force: z.boolean().default(false),
  /** Forces events once more that were forced before. */
  again: z.boolean().default(false),
  /** Why, for the job. */
  reason: z.string().max(1_000).optional(),
});

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
  });
