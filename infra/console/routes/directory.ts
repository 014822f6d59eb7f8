import { Hono } from 'hono';
import * as z from 'zod';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { type ObjectRef, tenantsCollection } from '../../../shared/core/ids/entity-ref.ts';
import { memberName } from '../../../shared/core/ids/member-name.ts';
import {
  findInDirectory,
  listAudiences,
  listEntities,
  listObjects,
  membersOf,
  readAudience,
  readEntity,
  subscribersOf,
  subscriptionsOf,
} from '../../../shared/operations/directory/directory.ts';
import {
  memberRow,
  objectRow,
  subscriptionRow,
  tenantRow,
} from '../../../shared/operations/directory/directory-rows.ts';
import { sourceTimesOf } from '../../../shared/operations/directory/source-times.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import type { ConsoleEnv } from '../context.ts';
import { pageOfNames } from '../directory-page.ts';
import { query, text, wholeNumber } from '../input.ts';

const Page = z.strictObject({ after: text.optional(), limit: wholeNumber(1_000).default(100) });
const Objects = Page.extend({ collection: text.optional() });

async function findEntity(environment: Environment, ref: ObjectRef, ...remedies: string[]) {
  const entity = await readEntity(environment, ref);
  if (entity !== undefined) return entity;
  const what =
    ref.collection === tenantsCollection
      ? `no tenant ${ref.id}`
      : `no object ${ref.id} in collection ${ref.collection}`;
  throw notFound(`${what} in ${environment.name}`, ...remedies);
}

/** Objects by `collection/id`, of one collection or of all; tenants have a list of their own. */
export const objects = new Hono<ConsoleEnv>()
  .get('/', query(Objects), async (c) => {
    const { collection, after, limit } = c.req.valid('query');
    const { environment } = c.var;
    const found =
      collection === undefined
        ? listObjects(environment, { after })
        : listEntities(environment, { kind: 'object', collection }, { after });
    return c.json(
      await pageOfNames(found, { limit, rowOf: objectRow, nameOf: (row) => `${row.collection}/${row.id}` }),
    );
  })
  .get('/:collection/:id', async (c) => {
    const { collection, id } = c.req.param();
    const ref: ObjectRef = { kind: 'object', collection, id };
    const object = await findEntity(c.var.environment, ref, 'objects appear when objects_set, or a call, has run');
    return c.json({ ...objectRow(object), source_times: sourceTimesOf(object) });
  })
  .get('/:collection/:id/subscribers', query(Page), async (c) => {
    const { collection, id } = c.req.param();
    const { after, limit } = c.req.valid('query');
    const found = subscribersOf(c.var.environment, { kind: 'object', collection, id }, { after });
    return c.json(await pageOfNames(found, { limit, rowOf: subscriptionRow, nameOf: ({ recipient }) => recipient }));
  })
  /** What the object itself is subscribed to. */
  .get('/:collection/:id/subscriptions', query(Page), async (c) => {
    const { collection, id } = c.req.param();
    const { after, limit } = c.req.valid('query');
    const found = subscriptionsOf(c.var.environment, { kind: 'object', collection, id }, { after });
    return c.json(await pageOfNames(found, { limit, rowOf: subscriptionRow, nameOf: ({ object }) => object }));
  });

export const tenants = new Hono<ConsoleEnv>()
  .get('/', query(Page), async (c) => {
    const { after, limit } = c.req.valid('query');
    const listing = { kind: 'object', collection: tenantsCollection } as const;
    const name = after === undefined ? undefined : `${tenantsCollection}/${after}`;
    const found = listEntities(c.var.environment, listing, { after: name });
    return c.json(await pageOfNames(found, { limit, rowOf: tenantRow, nameOf: ({ id }) => id }));
  })
  .get('/:id', async (c) => {
    const ref: ObjectRef = { kind: 'object', collection: tenantsCollection, id: c.req.param('id') };
    const remedy = 'tenants appear when tenants_set, or a trigger that names one, has run';
    const tenant = await findEntity(c.var.environment, ref, remedy);
    return c.json({ ...tenantRow(tenant), source_times: sourceTimesOf(tenant) });
  });

async function findAudience(environment: Environment, key: string) {
  const audience = await readAudience(environment, await readLive(environment.configuration), key);
  if (audience !== undefined) return audience;
  throw notFound(
    `no audience ${key} in ${environment.name}`,
    'audiences are in the configuration, or appear when audiences_add made one',
  );
}

export const audiences = new Hono<ConsoleEnv>()
  /** All of them: there are few. */
  .get('/', async (c) => {
    const { environment } = c.var;
    const rows = await listAudiences(environment, await readLive(environment.configuration));
    return c.json({ rows, next: null });
  })
  .get('/:key', async (c) => c.json(await findAudience(c.var.environment, c.req.param('key'))))
  .get('/:key/members', query(Page), async (c) => {
    const { after, limit } = c.req.valid('query');
    const { environment } = c.var;
    const { key } = await findAudience(environment, c.req.param('key'));
    const nameOf = (row: { user_id: string; tenant: string | null }) =>
      memberName({ userId: row.user_id, tenant: row.tenant });
    const rowOf = ({
      member,
      user,
    }: {
      member: Parameters<typeof memberRow>[0];
      user: Parameters<typeof memberRow>[1];
    }) => memberRow(member, user);
    return c.json(await pageOfNames(membersOf(environment, key, { after }), { limit, rowOf, nameOf }));
  });

/** What the directory has under a text; also what the search box asks. */
export const find = new Hono<ConsoleEnv>().get('/', query(z.strictObject({ id: text })), async (c) => {
  const { environment } = c.var;
  const live = await readLive(environment.configuration);
  return c.json(await findInDirectory(environment, live, c.req.valid('query').id));
});
