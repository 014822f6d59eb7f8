import { Hono } from 'hono';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import type { ConsoleEnv } from '../context.ts';

export const sources = new Hono<ConsoleEnv>()
  /** Live ones, and former ones whose rows are still there. */
  .get('/keys', async (c) => c.json((await readSources(c.var.environment)).known.map(({ key }) => key)));
