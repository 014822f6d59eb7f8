import { Hono } from 'hono';
import { listRefusals } from '../../../shared/operations/refusals/refusals.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { sourceRows } from '../../../shared/operations/sources/source-rows.ts';
import { sourceTrends } from '../../../shared/operations/sources/source-trends.ts';
import type { ConsoleEnv } from '../context.ts';
import { withoutUrl } from './source-without-url.ts';

export const sources = new Hono<ConsoleEnv>()
  .get('/', async (c) => {
    const { environment } = c.var;
    const directory = await readSources(environment);
    return c.json((await sourceRows(environment, directory, directory.known)).map(withoutUrl));
  })
  /** The last day: what was accepted by the hour, and how many requests were refused. */
  .get('/counts', async (c) => {
    const { environment } = c.var;
    const nowMs = Date.now();
    const keys = (await readSources(environment)).known.map(({ key }) => key);
    const [trends, refusals] = await Promise.all([
      sourceTrends(environment, keys, nowMs),
      listRefusals(environment, keys, { sinceMs: nowMs - 86_400_000, untilMs: nowMs }),
    ]);
    return c.json({ ...trends, refusals });
  })
  /** Live ones, and former ones whose rows are still there. */
  .get('/keys', async (c) => c.json((await readSources(c.var.environment)).known.map(({ key }) => key)));
