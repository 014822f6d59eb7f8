import * as z from 'zod';
import type { Action } from '../../../shared/core/actions/action.ts';
import { objectsDelete } from '../../../shared/core/actions/objects-delete.ts';
import { objectsSet } from '../../../shared/core/actions/objects-set.ts';
import { objectsSubscribe } from '../../../shared/core/actions/objects-subscribe.ts';
import { objectsUnsubscribe } from '../../../shared/core/actions/objects-unsubscribe.ts';
import { tenantsDelete } from '../../../shared/core/actions/tenants-delete.ts';
import { tenantsSet } from '../../../shared/core/actions/tenants-set.ts';
import { usersDelete } from '../../../shared/core/actions/users-delete.ts';
import { usersIdentify } from '../../../shared/core/actions/users-identify.ts';
import type { JsonObject, JsonValue } from '../../../shared/core/json/values.ts';
import { readBulk } from '../../../shared/operations/requests/read-bulk.ts';
import type { ApiRequest } from '../../../shared/operations/requests/request.ts';
import { type BulkItem, startBulk } from '../../../shared/operations/requests/start-bulk.ts';
import { type Answer, invalid, missing, ok } from '../answer.ts';
import { type ApiPorts, defineRoute, type Route } from '../route.ts';
import { BulkOperation, bulkOperationShape } from '../shapes/bulk-operation.ts';
import { collectionParam } from '../shapes/collection.ts';

const itemsMax = 1000;
const recipientsMax = 100;

/** Warehouses also have numbers for ids. */
const Id = z.union([z.string(), z.number().transform(String)], { error: 'must be an id' });
const Ids = z.array(Id).min(1).max(itemsMax);
/** What is wrong inside an item fails that item, and is no reason to refuse the others. */
const Described = z.looseObject({ id: Id });
const noQuery = z.object({});
const noParams = z.object({});
const ofCollection = z.object({ collection: collectionParam });

const head = { method: 'POST', permission: 'secret', answer: BulkOperation } as const;

export const bulkRoutes: readonly Route[] = [
  defineRoute({
    ...head,
    call: 'users.bulk.identify',
    path: '/v1/users/bulk/identify',
    does: 'sets up to 1,000 users, each as `users.update` does',
    params: noParams,
    query: noQuery,
    body: z.object({ users: z.array(Described).min(1).max(itemsMax) }).meta({ id: 'BulkIdentifyUsersRequest' }),
    handle({ body: { users }, request, ports }) {
      const items = users.map(({ id, ...properties }) => ({
        names: { id },
        parts: [{ id, properties: properties as JsonObject }],
      }));
      return start(usersIdentify, items, request, ports);
    },
  }),
  defineRoute({
    ...head,
    call: 'users.bulk.delete',
    path: '/v1/users/bulk/delete',
    does: 'deletes up to 1,000 users, with what hangs on them; they need not exist',
    params: noParams,
    query: noQuery,
    body: z.object({ user_ids: Ids }).meta({ id: 'BulkDeleteUsersRequest' }),
    handle({ body: { user_ids: ids }, request, ports }) {
      return start(usersDelete, ids.map(namedItem), request, ports);
    },
  }),
  defineRoute({
    ...head,
    call: 'objects.bulk.set',
    path: '/v1/objects/{collection}/bulk/set',
    does: 'sets up to 1,000 objects of a collection, each as `objects.set` does',
    params: ofCollection,
    query: noQuery,
    body: z.object({ objects: z.array(Described).min(1).max(itemsMax) }).meta({ id: 'BulkSetObjectsRequest' }),
    handle({ params: { collection }, body: { objects }, request, ports }) {
      const items = objects.map(({ id, ...properties }) => ({
        names: { collection, id },
        parts: [{ collection, id, properties: properties as JsonObject }],
      }));
      return start(objectsSet, items, request, ports);
    },
  }),
  defineRoute({
    ...head,
    call: 'objects.bulk.delete',
    path: '/v1/objects/{collection}/bulk/delete',
    does: 'deletes up to 1,000 objects of a collection, with their subscriptions; they need not exist',
    params: ofCollection,
    query: noQuery,
    body: z.object({ object_ids: Ids }).meta({ id: 'BulkDeleteObjectsRequest' }),
    handle({ params: { collection }, body: { object_ids: ids }, request, ports }) {
      const items = ids.map((id) => ({ names: { collection, id }, parts: [{ collection, id }] }));
      return start(objectsDelete, items, request, ports);
    },
  }),
  defineRoute({
    ...head,
    call: 'objects.bulk.addSubscriptions',
    path: '/v1/objects/{collection}/bulk/subscriptions/add',
    does: 'subscribes up to 100 recipients each to up to 1,000 objects of a collection',
    params: ofCollection,
    query: noQuery,
    body: subscriptionsOf({ properties: z.record(z.string(), z.unknown()).nullable().optional() }).meta({
      id: 'BulkAddSubscriptionsRequest',
    }),
    handle({ params: { collection }, body: { subscriptions }, request, ports }) {
      const items = subscriptions.map(({ id, recipients, properties }) => {
        const whole = { collection, id, ...(properties && { properties: properties as JsonObject }) };
        return { names: { collection, id }, parts: partsOf(whole, recipients as JsonValue[]) };
      });
      return start(objectsSubscribe, items, request, ports);
    },
  }),
  defineRoute({
    ...head,
    call: 'objects.bulk.deleteSubscriptions',
    path: '/v1/objects/{collection}/bulk/subscriptions/delete',
    does: 'ends subscriptions to up to 1,000 objects of a collection; those that are not there are skipped',
    params: ofCollection,
    query: noQuery,
    body: subscriptionsOf({}).meta({ id: 'BulkDeleteSubscriptionsRequest' }),
    handle({ params: { collection }, body: { subscriptions }, request, ports }) {
      const items = subscriptions.map(({ id, recipients }) => ({
        names: { collection, id },
        parts: partsOf({ collection, id }, recipients as JsonValue[]),
      }));
      return start(objectsUnsubscribe, items, request, ports);
    },
  }),
  defineRoute({
    ...head,
    call: 'tenants.bulk.set',
    path: '/v1/tenants/bulk/set',
    does: 'sets up to 1,000 tenants, each as `tenants.set` does; an id alone makes one that is not there',
    params: noParams,
    query: noQuery,
    body: z
      .object({
        tenants: z
          .array(z.union([Id, Described], { error: 'must be an id, or a map with one' }))
          .min(1)
          .max(itemsMax),
      })
      .meta({ id: 'BulkSetTenantsRequest' }),
    handle({ body: { tenants }, request, ports }) {
      const items = tenants.map((tenant) => {
        const { id, settings, ...properties } = typeof tenant === 'string' ? { id: tenant } : (tenant as Tenant);
        return {
          names: { id },
          parts: [{ id, properties, ...(settings !== undefined && { settings }) }],
        };
      });
      return start(tenantsSet, items, request, ports);
    },
  }),
  defineRoute({
    ...head,
    call: 'tenants.bulk.delete',
    path: '/v1/tenants/bulk/delete',
    does: 'deletes up to 1,000 tenants, with the subscriptions to them; they need not exist',
    params: noParams,
    query: z.object({ tenant_ids: z.array(z.string()).max(itemsMax).optional() }),
    body: z
      .object({ tenant_ids: Ids.optional().describe('In place of the query, which holds some 10 KB.') })
      .meta({ id: 'BulkDeleteTenantsRequest' }),
    async handle({ query, body, request, ports }) {
      const ids = body.tenant_ids ?? query.tenant_ids ?? [];
      if (ids.length === 0) return invalid([{ field: 'tenant_ids', message: 'is required', type: 'required' }]);
      return start(tenantsDelete, ids.map(namedItem), request, ports);
    },
  }),
  defineRoute({
    call: 'bulkOperations.get',
    method: 'GET',
    path: '/v1/bulk_operations/{id}',
    does: 'returns a bulk operation: how far it is, and which items failed',
    permission: 'secret',
    params: z.object({ id: z.string().describe('As the bulk call answered it.') }),
    query: noQuery,
    answer: BulkOperation,
    async handle({ params: { id }, ports }) {
      const found = await readBulk(id, ports);
      if (found === undefined) return missing(`there is no bulk operation ${id}; they are kept for 30 days at most`);
      return ok(bulkOperationShape(found.operation, found.progress));
    },
  }),
];

type Tenant = { id: string; settings?: JsonValue } & JsonObject;

async function start(action: Action, items: BulkItem[], request: ApiRequest, ports: ApiPorts): Promise<Answer> {
  const { operation, recorded } = await startBulk(action, items, request, ports);
  return ok(bulkOperationShape(operation), recorded);
}

function namedItem(id: string): BulkItem {
  return { names: { id }, parts: [{ id }] };
}

function subscriptionsOf<More extends z.ZodRawShape>(more: More) {
  const recipients = z.array(z.unknown()).min(1).max(recipientsMax);
  return z.object({
    subscriptions: z
      .array(z.object({ id: Id, recipients, ...more }))
      .min(1)
      .max(itemsMax),
  });
}

const partBytesMax = 100 * 1024;

/** Recipients that are described at length are spread over several parts. */
function partsOf(whole: JsonObject, recipients: JsonValue[]): JsonObject[] {
  const parts: { recipients: JsonValue[]; bytes: number }[] = [];
  for (const recipient of recipients) {
    const bytes = Buffer.byteLength(JSON.stringify(recipient));
    const last = parts.at(-1);
    if (last === undefined || last.bytes + bytes > partBytesMax) parts.push({ recipients: [recipient], bytes });
    else {
      last.recipients.push(recipient);
      last.bytes += bytes;
    }
  }
  return parts.map((part) => ({ ...whole, recipients: part.recipients }));
}
