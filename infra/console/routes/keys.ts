import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import * as z from 'zod';
import { apiKeyBytes } from '../../../shared/core/ids/api-key.ts';
import { linkEntropyBytes } from '../../../shared/core/ids/link-token.ts';
import { createKey, listKeys, revokeKey } from '../../../shared/operations/keys/keys.ts';
import {
  createLink,
  linkDaysByDefault,
  linkDaysMax,
  listLinks,
  revokeLink,
} from '../../../shared/operations/links/links.ts';
import type { ConsoleEnv } from '../context.ts';
import { body, query, text } from '../input.ts';

const NewKey = z.strictObject({ name: z.string(), kind: z.enum(['secret', 'public']).default('secret') });
const NewLink = z.strictObject({
  source: text,
  days: z.int().min(1).max(linkDaysMax).default(linkDaysByDefault),
  payloads: z.boolean().default(false),
  shows_url: z.boolean().default(true),
});

/** Keys of the REST API. */
export const keys = new Hono<ConsoleEnv>()
  .get('/', async (c) => c.json(await listKeys(c.var.environment)))
  /** The answer is the only one that ever holds the key. */
  .post('/', body(NewKey), async (c) => {
    const by = { author: c.var.context.author, nowMs: Date.now(), entropy: randomBytes(apiKeyBytes) };
    return c.json(await createKey(c.var.environment, c.req.valid('json'), by));
  })
  .post('/:id/revoke', async (c) => {
    const by = { author: c.var.context.author, nowMs: Date.now() };
    return c.json(await revokeKey(c.var.environment, c.req.param('id'), by));
  });

/** Read-only links to the page of a source. */
export const links = new Hono<ConsoleEnv>()
  .get('/', query(z.strictObject({ source: text.optional() })), async (c) =>
    c.json(await listLinks(c.var.environment, c.req.valid('query').source, Date.now())),
  )
  /** The answer is the only one that ever holds the link. */
  .post('/', body(NewLink), async (c) => {
    const { source, days, payloads, shows_url: showsUrl } = c.req.valid('json');
    const by = { author: c.var.context.author, nowMs: Date.now(), entropy: randomBytes(linkEntropyBytes) };
    return c.json(await createLink(c.var.environment, { source, days, payloads, showsUrl }, by));
  })
  .post('/:id/revoke', async (c) => {
    const by = { author: c.var.context.author, nowMs: Date.now() };
    return c.json(await revokeLink(c.var.environment, c.req.param('id'), by));
  });
