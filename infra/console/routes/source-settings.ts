import { Hono } from 'hono';
import * as z from 'zod';
import { FieldPathText } from '../../../shared/core/mappings/field-path.ts';
import { holdSource } from '../../../shared/operations/holds/hold-source.ts';
import { resumeSource } from '../../../shared/operations/holds/release-source.ts';
import { usageError } from '../../../shared/operations/refusal.ts';
import { setSettings } from '../../../shared/operations/settings/settings.ts';
import { readSourceSettings } from '../../../shared/operations/settings/source-settings.ts';
import { unknownName } from '../../../shared/operations/settings/unknown-name.ts';
import type { ConsoleEnv } from '../context.ts';
import { body } from '../input.ts';

const message = z.string().max(1_000).optional();
const Pause = z.strictObject({ message });
const Resume = z.strictObject({
  /** Held events per second; absent: as fast as it goes. */
  per_second: z.number().positive().max(10_000).optional(),
  message,
});

/** Only what is named changes; null restores the default. */
const Settings = z.strictObject({
  identify: z.boolean().nullable().optional(),
  enforce: z
    .union([z.boolean(), z.literal('once_set')])
    .nullable()
    .optional(),
  partial: z.enum(['accept', 'refuse']).optional(),
  destructive: z.enum(['verified', 'any']).optional(),
  idempotency: z.boolean().nullable().optional(),
  key_path: FieldPathText.nullable().optional(),
  window_hours: z.number().nullable().optional(),
  retention_days: z.number().nullable().optional(),
  log_shards: z.number().nullable().optional(),
  message,
});

/** The settings of a source in this environment, which take effect without a commit; pause and resume. */
export const sourceSettings = new Hono<ConsoleEnv>()
  .get('/:key/settings', async (c) => {
    const key = c.req.param('key');
    const directory = c.var.context.checkout?.directory;
    const path = `${directory === undefined ? '' : `${directory}/`}sources/${key}.yaml`;
    return c.json({ ...(await readSourceSettings(c.var.environment, key)), path });
  })
  .post('/:key/settings', body(Settings), async (c) => {
    const { environment, context } = c.var;
    const { message, key_path, window_hours, retention_days, log_shards, ...rest } = c.req.valid('json');
    const settings = {
      ...rest,
      keyPath: key_path,
      windowHours: window_hours,
      retentionDays: retention_days,
      logShards: log_shards,
    };
    if (Object.values(settings).every((value) => value === undefined)) throw usageError('nothing to set is named');
    const asked = { source: c.req.param('key'), settings, message, author: context.author, nowMs: Date.now() };
    const set = await setSettings(environment.configuration, asked);
    if (set.kind === 'unknown') throw unknownName(set, environment.name);
    if (set.kind === 'invalid') throw usageError(`${set.field} ${set.problem}`, 'nothing was changed');
    return c.json({ changed: set.kind === 'changed', version: set.version });
  })
  /** Its events are kept and not processed, until it is resumed. */
  .post('/:key/pause', body(Pause), async (c) => {
    const { environment, context } = c.var;
    const asked = { ...c.req.valid('json'), author: context.author, nowMs: Date.now() };
    const paused = await holdSource(environment, { source: c.req.param('key'), ...asked });
    if (paused.kind === 'unknown') throw unknownName(paused, environment.name);
    return c.json({ changed: paused.kind === 'changed', version: paused.version, kept_days: paused.keptDays });
  })
  /** Begins a job for the held events, which goes on in this process. */
  .post('/:key/resume', body(Resume), async (c) => {
    const { environment, context } = c.var;
    const { per_second: perSecond, message } = c.req.valid('json');
    const source = c.req.param('key');
    const nowMs = Date.now();
    const resumed = await resumeSource(environment, { source, perSecond, message, author: context.author, nowMs });
    if (resumed.kind === 'unknown') throw unknownName(resumed, environment.name);
    if (resumed.kind === 'running') context.jobs.takeOver(environment, resumed.job, `the events of source ${source}`);
    else if (resumed.kind !== 'unchanged') context.jobs.run(environment, resumed.job);
    return c.json({ kind: resumed.kind === 'running' ? ('carried_on' as const) : resumed.kind });
  });
