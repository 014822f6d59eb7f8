import { Hono } from 'hono';
import * as z from 'zod';
import { listEventTypes } from '../../../shared/adapters/dynamodb-seen-registry.ts';
import { mappingsOf } from '../../../shared/core/configuration/triggers.ts';
import { sourceHold } from '../../../shared/operations/holds/source-hold.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { refusalAdvice } from '../../../shared/operations/refusals/refusal-advice.ts';
import { listRefusalsOf } from '../../../shared/operations/refusals/refusals.ts';
import { planSamples, sampleTypes } from '../../../shared/operations/send/plan-samples.ts';
import { sendModes } from '../../../shared/operations/send/prove.ts';
import { sendAll } from '../../../shared/operations/send/send-all.ts';
import { senderOf } from '../../../shared/operations/send/sender-of.ts';
import { switchMapping, switchSource } from '../../../shared/operations/settings/switches.ts';
import { unknownName } from '../../../shared/operations/settings/unknown-name.ts';
import { eventTypeRows } from '../../../shared/operations/sources/event-types.ts';
import { pickSources, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { sourceGuide } from '../../../shared/operations/sources/source-guides.ts';
import { sourceRows } from '../../../shared/operations/sources/source-rows.ts';
import type { ConsoleEnv } from '../context.ts';
import { body, query, text, time } from '../input.ts';
import { withoutUrl } from './source-without-url.ts';

const message = z.string().max(1_000).optional();
const Switch = z.strictObject({ enabled: z.boolean(), message });
const MappingSwitch = z.strictObject({ mapping: text, active: z.boolean(), message });
const Send = z.strictObject({ mode: z.enum(sendModes).default('once'), type: text.optional(), user: text.optional() });

export const source = new Hono<ConsoleEnv>()
  .get('/:key', async (c) => {
    const { environment } = c.var;
    const key = c.req.param('key');
    const directory = await readSources(environment);
    const [rows, types, hold] = await Promise.all([
      sourceRows(environment, directory, pickSources(directory.known, key)),
      listEventTypes(environment.configuration, key),
      sourceHold(environment, key, Date.now()),
    ]);
    const [row] = rows.map(withoutUrl);
    if (row === undefined) throw failure(`source ${key} went away just now`);
    const mappings = mappingsOf(directory.live.snapshot, key).map(({ id, event, action }) => ({
      id,
      event,
      action,
      active: !row.inactive_mappings.includes(id),
    }));
    const set = (await sourceGuide(row.kind ?? ''))?.guide.samples;
    const samples = set === undefined ? [] : sampleTypes(set);
    const event_types = eventTypeRows(key, types, directory.live);
    return c.json({ source: row, hold: hold ?? null, event_types, mappings, samples });
  })
  /** A credential: it is answered alone, and only when it is asked for. */
  .get('/:key/url', async (c) => {
    const { environment } = c.var;
    const directory = await readSources(environment);
    const [row] = await sourceRows(environment, directory, pickSources(directory.known, c.req.param('key')));
    return c.json({ url: row?.url ?? null });
  })
  .get('/:key/refusals', query(z.strictObject({ since: time.optional() })), async (c) => {
    const { environment } = c.var;
    const key = c.req.param('key');
    const nowMs = Date.now();
    pickSources((await readSources(environment)).known, key);
    const sinceMs = c.req.valid('query').since ?? nowMs - 86_400_000;
    const rows = await listRefusalsOf(environment, [key], { sinceMs, untilMs: nowMs });
    return c.json(rows.map((row) => ({ ...row, ...refusalAdvice(row) })));
  })
  .post('/:key/switch', body(Switch), async (c) => {
    const { environment, context } = c.var;
    const asked = { ...c.req.valid('json'), author: context.author, nowMs: Date.now() };
    const switched = await switchSource(environment.configuration, { source: c.req.param('key'), ...asked });
    if (switched.kind === 'unknown') throw unknownName(switched, environment.name);
    return c.json({ changed: switched.kind === 'changed', version: switched.version });
  })
  .post('/:key/switch-mapping', body(MappingSwitch), async (c) => {
    const { environment, context } = c.var;
    const asked = { ...c.req.valid('json'), author: context.author, nowMs: Date.now() };
    const switched = await switchMapping(environment.configuration, { source: c.req.param('key'), ...asked });
    if (switched.kind === 'unknown') throw unknownName(switched, environment.name);
    return c.json({ changed: switched.kind === 'changed', version: switched.version });
  })
  /** Posts samples as the sender would; it does not wait until they are final. */
  .post('/:key/send', body(Send), async (c) => {
    const { environment } = c.var;
    const { mode, type, user } = c.req.valid('json');
    const key = c.req.param('key');
    const { kind, samples, ...sender } = await senderOf(environment, key, mode);
    if (samples === undefined) throw failure(`there are no samples of kind "${kind}"`);
    const plan = planSamples(samples, {
      ...(type !== undefined && { eventType: type }),
      ...(user !== undefined && { userId: user }),
    });
    const count = plan.introductions.length + plan.events.length;
    const outgoing = { kind: 'samples' as const, plan, count };
    const silent = { accepted() {}, tryingAgain() {}, final() {}, waiting() {}, end() {} };
    const order = { source: key, ...sender, mode, outgoing, concurrency: 1, wait: false };
    const { sent, accepted, refused, ids } = await sendAll(environment, order, () => silent);
    return c.json({ sent, accepted, refused, ids });
  });
