import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import * as z from 'zod';
import type { Environment } from '../../../shared/operations/environment.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import {
  type RecordedSecrets,
  restoreSecret,
  retireSecret,
  rotateSecret,
  type SecretChanged,
  setSecret,
} from '../../../shared/operations/secrets/change-secret.ts';
import { contentWithSecrets } from '../../../shared/operations/secrets/content-with-secrets.ts';
import { generatedValue, pastedValue } from '../../../shared/operations/secrets/new-value.ts';
import { findSecret, type KnownSecret } from '../../../shared/operations/secrets/secret-name.ts';
import { refusedSecret, unknownSecret } from '../../../shared/operations/secrets/secret-refusal.ts';
import { secretRow } from '../../../shared/operations/secrets/secret-row.ts';
import { describeSecret } from '../../../shared/operations/secrets/secret-store.ts';
import { unknownName } from '../../../shared/operations/settings/unknown-name.ts';
import { retireUrl, rotateUrl } from '../../../shared/operations/sources/rotate-url.ts';
import { stillValidRefusal, usedLatelyRefusal } from '../../../shared/operations/sources/rotation-refusal.ts';
import { isoOrNull } from '../../../shared/operations/words/iso.ts';
import type { ConsoleEnv } from '../context.ts';
import { body } from '../input.ts';

const message = z.string().max(1_000).optional();
const Rotate = z.strictObject({
  /** The URL before the current one ends. */
  even_if_valid: z.boolean().default(false),
  message,
});
const RetireUrl = z.strictObject({ even_if_used: z.boolean().default(false), message });
const NewSecret = z.strictObject({
  /** As it was pasted; absent: one is made here. */
  value: z.string().max(100_000).optional(),
  /** The value that is there stays valid beside it. */
  beside: z.boolean().default(false),
});

async function secretOf(
  environment: Environment,
  key: string,
): Promise<{ known: KnownSecret; store: RecordedSecrets }> {
  const { configuration: changes, outputs } = environment;
  const content = await contentWithSecrets(changes, { sources: {}, workflows: {}, audiences: {} });
  const known = findSecret(`sources/${key}`, content, environment.name);
  if ('kind' in known) throw unknownSecret(known, environment.name);
  return { known, store: { client: await environment.secrets(), prefix: outputs.SecretsPrefix, changes } };
}

const changedRow = ({ values, ended, restored }: SecretChanged) => ({
  values: values.length,
  set_at: values.map(({ setAtMs }) => isoOrNull(setAtMs)),
  ended,
  restored,
});

/** What a sender needs to reach a source: its URL and its secret. No answer holds either, but one that was just made. */
export const sourceAccess = new Hono<ConsoleEnv>()
  .post('/:key/rotate-url', body(Rotate), async (c) => {
    const { environment, context } = c.var;
    const { even_if_valid: evenIfValid, message } = c.req.valid('json');
    const source = c.req.param('key');
    const nowMs = Date.now();
    const asked = { source, evenIfValid, message, author: context.author, nowMs };
    const rotated = await rotateUrl(environment.configuration, asked);
    if (rotated.kind === 'unknown') throw unknownName(rotated, environment.name);
    if (rotated.kind === 'previous_still_valid') throw stillValidRefusal(source, rotated.previous, nowMs);
    return c.json({ version: rotated.version });
  })
  .post('/:key/retire-url', body(RetireUrl), async (c) => {
    const { environment, context } = c.var;
    const { even_if_used: evenIfUsed, message } = c.req.valid('json');
    const source = c.req.param('key');
    const nowMs = Date.now();
    const asked = { source, evenIfUsed, message, author: context.author, nowMs };
    const retired = await retireUrl(environment.configuration, asked);
    if (retired.kind === 'unknown') throw unknownName(retired, environment.name);
    if (retired.kind === 'used_lately') throw usedLatelyRefusal(source, environment.name, retired.previous, nowMs);
    return c.json({ changed: retired.kind === 'changed', version: retired.version });
  })
  /** How many values are set and how old each is; never a value. */
  .get('/:key/secret', async (c) => {
    const { known, store } = await secretOf(c.var.environment, c.req.param('key'));
    const described = await describeSecret(store, known.name);
    return c.json({
      ...secretRow(described ?? { name: known.name, setAtMs: [] }),
      shared_with: known.sharedWith,
      can_generate: known.generate !== undefined,
    });
  })
  /** The answer is the only one that ever holds a value, and only one that was made here. */
  .post('/:key/secret', body(NewSecret), async (c) => {
    const { environment, context } = c.var;
    const { value: pasted, beside } = c.req.valid('json');
    const { known, store } = await secretOf(environment, c.req.param('key'));
    const { value, removed, generated } =
      pasted === undefined ? generatedValue(known, randomBytes(32)) : pastedValue(known, pasted.replace(/\r?\n$/, ''));
    const nowMs = Date.now();
    const request = { name: known.name, value, author: context.author, nowMs };
    const changed = beside
      ? await rotateSecret(store, { ...request, evenIfTwo: false })
      : await setSecret(store, { ...request, also: false });
    if (changed.kind !== 'changed') throw refusedSecret(changed, known.name, environment.name, nowMs);
    return c.json({ ...changedRow(changed), removed, ...(generated && { generated: value }) });
  })
  /** Ends the older of two values. */
  .post('/:key/secret/retire', async (c) => {
    const { environment, context } = c.var;
    const { known, store } = await secretOf(environment, c.req.param('key'));
    const nowMs = Date.now();
    const retired = await retireSecret(store, { name: known.name, author: context.author, nowMs });
    if (retired.kind !== 'changed') throw refusedSecret(retired, known.name, environment.name, nowMs);
    return c.json(changedRow(retired));
  })
  /** Takes back a scheduled deletion. */
  .post('/:key/secret/restore', async (c) => {
    const { environment, context } = c.var;
    const { known, store } = await secretOf(environment, c.req.param('key'));
    const restored = await restoreSecret(store, { name: known.name, author: context.author, nowMs: Date.now() });
    if (restored.kind === 'not_set') throw notFound(`there is no secret ${known.name} in ${environment.name}`);
    return c.json({ changed: restored.kind === 'restored' });
  });
