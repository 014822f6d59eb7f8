import { Hono } from 'hono';
import * as z from 'zod';
import type { EntityRef } from '../../../shared/core/ids/entity-ref.ts';
import { listEntities, readEntity, subscriptionsOf } from '../../../shared/operations/directory/directory.ts';
import { subscriptionRow } from '../../../shared/operations/directory/directory-rows.ts';
import { userRow } from '../../../shared/operations/directory/user-row.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import { take } from '../../../shared/operations/tables/newest-first.ts';
import type { ConsoleEnv } from '../context.ts';
import { query, text, wholeNumber } from '../input.ts';

const Page = z.strictObject({ after: text.optional(), limit: wholeNumber(1_000).default(100) });

/** Users of the directory. */
export const people = new Hono<ConsoleEnv>()
  /** By id; `after` is the last id of the page before. */
  .get('/', query(Page), async (c) => {
    const { after, limit } = c.req.valid('query');
    const found = await take(listEntities(c.var.environment, { kind: 'user' }, { after }), limit + 1);
    const rows = found.slice(0, limit).map(userRow);
    return c.json({ rows, next: found.length > limit ? (rows.at(-1)?.id ?? null) : null });
  })
  .get('/:id', async (c) => {
    const { environment } = c.var;
    const id = c.req.param('id');
    const ref: EntityRef = { kind: 'user', id };
    const user = await readEntity(environment, ref);
    if (user === undefined)
      throw notFound(
        `no user ${id} in ${environment.name}`,
        'users appear when an identify event, or an inline recipient, was processed',
        `npx signalbox events --user ${id} shows what came in for them`,
      );
    return c.json(userRow(user));
  })
  .get('/:id/subscriptions', query(Page), async (c) => {
    const { after, limit } = c.req.valid('query');
    const ref: EntityRef = { kind: 'user', id: c.req.param('id') };
    const found = await take(subscriptionsOf(c.var.environment, ref, { after }), limit + 1);
    const rows = found.slice(0, limit).map(subscriptionRow);
    return c.json({ rows, next: found.length > limit ? (rows.at(-1)?.object ?? null) : null });
  });
