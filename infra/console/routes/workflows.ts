import { Hono } from 'hono';
import * as z from 'zod';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { ActionSearch } from '../../../shared/operations/actions/action-search.ts';
import { groupActions } from '../../../shared/operations/actions/group-actions.ts';
import { checkedInput } from '../../../shared/operations/checked-input.ts';
import { holdWorkflow } from '../../../shared/operations/holds/hold-workflow.ts';
import { resumeWorkflow } from '../../../shared/operations/holds/release-workflow.ts';
import { switchWorkflow } from '../../../shared/operations/settings/switches.ts';
import { unknownName } from '../../../shared/operations/settings/unknown-name.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import { workflowRows } from '../../../shared/operations/workflows/workflow-rows.ts';
import type { ConsoleEnv } from '../context.ts';
import { body, query, time } from '../input.ts';

const message = z.string().max(1_000).optional();
const Pause = z.strictObject({
  /** Starts no runs and keeps none; else they wait. */
  drop: z.boolean().default(false),
  message,
});
const Resume = z.strictObject({
  /** Runs per second; absent: as fast as its target takes them. */
  per_second: z.number().positive().max(10_000).optional(),
  message,
});
const Outcomes = z.strictObject({ since: time.optional(), until: time.optional() });

export const workflows = new Hono<ConsoleEnv>()
  .get('/', async (c) => c.json(await workflowRows(c.var.environment)))
  /** Those that are live, by key: what a page needs to find one. */
  .get('/keys', async (c) => {
    const live = await readLive(c.var.environment.configuration);
    return c.json(Object.keys(live?.snapshot.workflows ?? {}).sort());
  })
  .get('/:key', async (c) => {
    const [row] = await workflowRows(c.var.environment, c.req.param('key'));
    return c.json(row ?? null);
  })
  /** How its actions ended, over time. */
  .get('/:key/outcomes', query(Outcomes), async (c) => {
    const { since, until } = c.req.valid('query');
    const { environment } = c.var;
    const search = { workflow: c.req.param('key'), since_ms: since, until_ms: until };
    const grouped = await groupActions(
      environment,
      await readSources(environment),
      checkedInput(ActionSearch, search),
      'status',
      { nowMs: Date.now() },
    );
    const { groups, count, looked, range } = grouped;
    return c.json({ groups, count, looked, since: iso(range.sinceMs) });
  })
  .post('/:key/pause', body(Pause), async (c) => {
    const { drop, message } = c.req.valid('json');
    const { environment, context } = c.var;
    const workflow = c.req.param('key');
    const asked = { workflow, message, author: context.author, nowMs: Date.now() };
    const changed = drop
      ? await switchWorkflow(environment.configuration, { ...asked, active: false })
      : await holdWorkflow(environment, asked);
    if (changed.kind === 'unknown') throw unknownName(changed, environment.name);
    const [row] = await workflowRows(environment, workflow);
    return c.json({ changed: changed.kind === 'changed', version: changed.version, workflow: row ?? null });
  })
  /** Begins a job when runs are held. It goes on in this process, and its progress is in the workflow's row. */
  .post('/:key/resume', body(Resume), async (c) => {
    const { per_second: perSecond, message } = c.req.valid('json');
    const { environment, context } = c.var;
    const workflow = c.req.param('key');
    const nowMs = Date.now();
    const resumed = await resumeWorkflow(environment, { workflow, perSecond, message, author: context.author, nowMs });
    if (resumed.kind === 'unknown') throw unknownName(resumed, environment.name);
    if (resumed.kind === 'running') context.jobs.takeOver(environment, resumed.job, `the runs of workflow ${workflow}`);
    if (resumed.kind === 'releasing') context.jobs.run(environment, resumed.job);
    return c.json({ kind: resumed.kind === 'running' ? ('carried_on' as const) : resumed.kind });
  });
