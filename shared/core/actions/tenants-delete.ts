import * as z from 'zod';
import { tenantsCollection } from '../ids/entity-ref.ts';
import { defineAction } from './action.ts';
import { deleteEntity } from './parts/delete-entity.ts';
import { TenantId } from './parts/params.ts';
import { suggestedTenant } from './parts/suggestion.ts';

/**
 * Deletes one tenant. Audience rows with its id stay, since they belong to the audience.
 * https://docs.knock.app/api-reference/tenants/delete
 */
export const tenantsDelete = defineAction({
  id: 'tenants_delete',
  does: 'deletes one tenant',
  writes: 'tenant',
  destructive: true,
  params: z.object({
    id: TenantId.describe('Which tenant.'),
  }),
  suggestion: { parameters: suggestedTenant },
  run: ({ id }, context) => deleteEntity({ kind: 'object', collection: tenantsCollection, id }, context),
});
