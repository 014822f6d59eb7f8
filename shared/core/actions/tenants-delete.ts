import * as z from 'zod';
import { tenantsCollection } from '../directory/entity.ts';
import { defineAction } from './action.ts';
import { deleteEntity } from './parts/delete-entity.ts';
import { TenantId } from './parts/params.ts';

/**
 * Deletes one tenant. Rows of audiences that carry its id stay, since they belong to the audience.
 * https://docs.knock.app/api-reference/tenants/delete
 */
export const tenantsDelete = defineAction({
  id: 'tenants_delete',
  destructive: true,
  params: z.object({
    id: TenantId.describe('Which tenant.'),
  }),
  run: ({ id }, context) => deleteEntity({ kind: 'object', collection: tenantsCollection, id }, context),
});
