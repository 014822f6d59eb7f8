import { Hono } from 'hono';
import { answerWhy } from '../../../shared/operations/why/answer-why.ts';
import type { ConsoleEnv } from '../context.ts';

/** What is known of any id; also what the search box asks. */
export const why = new Hono<ConsoleEnv>().get('/:id', async (c) =>
  c.json(await answerWhy(c.var.environment, c.req.param('id'), Date.now())),
);
