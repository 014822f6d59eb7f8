import { Hono } from 'hono';
import * as z from 'zod';

import { cancelRun } from '../../../shared/operations/runs/cancel-run.ts';
import { findRun, searchRuns } from '../../../shared/operations/runs/find-runs.ts';
import { runRow } from '../../../shared/operations/runs/run-row.ts';
import { runStatuses } from '../../../shared/operations/runs/run-status.ts';
import { longestRetentionDays, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { pageOf } from '../../../shared/operations/tables/search.ts';
import { searchRange } from '../../../shared/operations/tables/search-range.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import type { ConsoleEnv } from '../context.ts';
import { oneOrMore, query, text, time, wholeNumber } from '../input.ts';

const RunQuery = z.strictObject({
  recipient: text.optional(),
  workflow: text.optional(),
  status: oneOrMore(runStatuses).optional(),
  event: text.optional(),
  since: time.optional(),
  until: time.optional(),
  after: text.optional(),
  limit: wholeNumber(1_000).default(100),
});

export const runs = new Hono<ConsoleEnv>()
  .get('/', query(RunQuery), async (c) => {
    const { limit, after, since, until, recipient, workflow, status, event } = c.req.valid('query');
    const { environment } = c.var;
    const directory = await readSources(environment);
    const asked = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
    const range = searchRange(asked, Date.now(), {
      unbounded: recipient !== undefined,
      retentionDays: longestRetentionDays(environment, directory),
    });
    const wanted = {
      ...(recipient !== undefined && { recipient }),
      ...(workflow !== undefined && { workflow }),
      ...(status !== undefined && { status }),
      ...(event !== undefined && { event }),
    };
    const place = { ...range, ...(after !== undefined && { after }) };
    const page = await pageOf(searchRuns(environment, directory, wanted, place), limit);
    return c.json({ ...page, since: iso(range.sinceMs) });
  })
  .get('/:id', async (c) => c.json(runRow(await findRun(c.var.environment, c.req.param('id')))))
  /** Takes it back, while its target has not got it. */
  .post('/:id/cancel', async (c) => {
    const { run, isTriggerOver, problem } = await cancelRun(c.var.environment, c.req.param('id'), Date.now());
    return c.json({ run: runRow(run), trigger_is_over: isTriggerOver, problem: problem?.message ?? null });
  });
