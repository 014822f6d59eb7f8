import * as z from 'zod';
import { tenantIdProblem } from '../../../shared/core/actions/parts/params.ts';
import { tenantsDelete } from '../../../shared/core/actions/tenants-delete.ts';
import { tenantsSet } from '../../../shared/core/actions/tenants-set.ts';
import { type ObjectRef, tenantsCollection } from '../../../shared/core/ids/entity-ref.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import { deleteEntityByRequest } from '../../../shared/operations/requests/delete-entity.ts';
import { listEntities } from '../../../shared/operations/requests/list-entities.ts';
import { setEntityByRequest } from '../../../shared/operations/requests/set-entity.ts';
import { invalidFields, missing, noContent, ok } from '../answer.ts';
import { defineRoute, type Route } from '../route.ts';
import { idParam } from '../shapes/ids.ts';
import { pagedList, pageOf, pageQuery } from '../shapes/page.ts';
import { Tenant, TenantBody, tenantShape } from '../shapes/tenant.ts';

const params = z.object({ id: idParam('The tenant.', tenantIdProblem) });
const path = '/v1/tenants/{id}';
const query = z.object({});

const tenantRef = (id: string): ObjectRef => ({ kind: 'object', collection: tenantsCollection, id });

export const tenantRoutes: readonly Route[] = [
  defineRoute({
    call: 'tenants.list',
    method: 'GET',
    path: '/v1/tenants',
    does: 'lists tenants by id',
    permission: 'secret',
    params: z.object({}),
    query: z.object({
      ...pageQuery,
      tenant_id: z.string().optional().describe('Only the tenant with this id.'),
      name: z.string().optional().describe('Only tenants with exactly this name.'),
    }),
    answer: pageOf(Tenant),
    async handle({ query, request, ports }) {
      const { tenant_id: id, name } = query;
      const isWanted = ({ attributes }: { attributes: JsonObject }) => name === undefined || attributes.name === name;
      const list = pagedList('tenants', query);
      if (list.kind === 'refused') return list;
      if (id === undefined) {
        const listing = { kind: 'object', collection: tenantsCollection } as const;
        const page = await listEntities(listing, list.wanted, request, ports, isWanted);
        return ok(list.answerOf(page, tenantShape));
      }
      const [tenant] = tenantIdProblem(id) === undefined ? await ports.directory.readEach([tenantRef(id)]) : [];
      const entries = tenant !== undefined && isWanted(tenant) ? [tenant] : [];
      return ok(list.answerOf({ entries, after: null, before: null }, tenantShape));
    },
  }),
  defineRoute({
    call: 'tenants.set',
    method: 'PUT',
    path,
    does: 'creates or changes a tenant; maps merge, and every unknown name is a custom property',
    permission: 'secret',
    params,
    query,
    body: TenantBody,
    answer: Tenant,
    async handle({ params: { id }, body, request, ports }) {
      const { settings, ...properties } = body as JsonObject;
      const payload = { id, properties, ...(settings !== undefined && { settings }) };
      const set = await setEntityByRequest(tenantsSet, payload, tenantRef(id), request, ports);
      return set.kind === 'set' ? ok(tenantShape(set.entity), set.recorded) : invalidFields(set.errors);
    },
  }),
  defineRoute({
    call: 'tenants.get',
    method: 'GET',
    path,
    does: 'returns a tenant',
    permission: 'secret',
    params,
    query,
    answer: Tenant,
    async handle({ params: { id }, ports }) {
      const [tenant] = await ports.directory.readEach([tenantRef(id)]);
      return tenant === undefined ? missing(`there is no tenant ${id}`) : ok(tenantShape(tenant));
    },
  }),
  defineRoute({
    call: 'tenants.delete',
    method: 'DELETE',
    path,
    does: 'deletes a tenant and the subscriptions to it; it need not exist',
    permission: 'secret',
    params,
    query,
    async handle({ params: { id }, request, ports }) {
      return noContent(await deleteEntityByRequest(tenantsDelete, { id }, tenantRef(id), request, ports));
    },
  }),
];
