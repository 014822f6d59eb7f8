import { Hono } from 'hono';
import * as z from 'zod';
import type { EntityRef } from '../../../shared/core/ids/entity-ref.ts';
import {
  listEntities,
  membershipsOf,
  readEntity,
  subscriptionsOf,
} from '../../../shared/operations/directory/directory.ts';
import {
  type MembershipRow,
  membershipRow,
  subscriptionRow,
} from '../../../shared/operations/directory/directory-rows.ts';
import { sourceTimesOf } from '../../../shared/operations/directory/source-times.ts';
import { userRow } from '../../../shared/operations/directory/user-row.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import type { ConsoleEnv } from '../context.ts';
import { pageOfNames } from '../directory-page.ts';
import { query, text, wholeNumber } from '../input.ts';

const Page = z.strictObject({ after: text.optional(), limit: wholeNumber(1_000).default(100) });

/** Users of the directory. */
export const people = new Hono<ConsoleEnv>()
  /** By id; `after` is the last id of the page before. */
  .get('/', query(Page), async (c) => {
    const { after, limit } = c.req.valid('query');
    const found = listEntities(c.var.environment, { kind: 'user' }, { after });
    return c.json(await pageOfNames(found, { limit, rowOf: userRow, nameOf: ({ id }) => id }));
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
    return c.json({ ...userRow(user), source_times: sourceTimesOf(user) });
  })
  .get('/:id/subscriptions', query(Page), async (c) => {
    const { after, limit } = c.req.valid('query');
    const ref: EntityRef = { kind: 'user', id: c.req.param('id') };
    const found = subscriptionsOf(c.var.environment, ref, { after });
    return c.json(await pageOfNames(found, { limit, rowOf: subscriptionRow, nameOf: ({ object }) => object }));
  })
  .get('/:id/memberships', query(Page), async (c) => {
    const { after, limit } = c.req.valid('query');
    const found = membershipsOf(c.var.environment, c.req.param('id'), { after });
    const nameOf = ({ audience, tenant }: MembershipRow) => `${audience}#${tenant ?? ''}`;
    return c.json(await pageOfNames(found, { limit, rowOf: membershipRow, nameOf }));
  });
