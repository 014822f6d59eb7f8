import { Hono } from 'hono';
import * as z from 'zod';
import { diagnose } from '../../../shared/operations/doctor/diagnose.ts';
import { readFlow } from '../../../shared/operations/metrics/flow.ts';
import { usageError } from '../../../shared/operations/refusal.ts';
import type { ConsoleEnv } from '../context.ts';
import { query, time } from '../input.ts';

const Since = z.strictObject({ since: time.optional() });
const [hourMs, dayMs] = [3_600_000, 86_400_000];

export const doctor = new Hono<ConsoleEnv>()
  .get('/', query(Since), async (c) => {
    const untilMs = Date.now();
    const { since: sinceMs = untilMs - hourMs } = c.req.valid('query');
    if (sinceMs >= untilMs || untilMs - sinceMs > dayMs + 1_000)
      throw usageError('since: the doctor looks at the present, at most a day back');
    return c.json(await diagnose(c.var.environment, { sinceMs, untilMs }));
  })
  /** Counts over time, further back than the doctor looks. */
  .get('/flow', query(Since), async (c) => {
    const untilMs = Date.now();
    const { since: sinceMs = untilMs - hourMs } = c.req.valid('query');
    if (sinceMs >= untilMs || untilMs - sinceMs > 31 * dayMs) throw usageError('since: a time of the last 31 days');
    return c.json(await readFlow(c.var.environment, { sinceMs, untilMs }));
  });
