import * as z from 'zod';
import { defineAction } from './action.ts';
import { deleteEntity } from './parts/delete-entity.ts';
import { EntityId } from './parts/params.ts';

/**
 * Deletes one user with its subscriptions and memberships, and cancels its runs that are not over. The id may be used again
 * and inherits nothing. https://docs.knock.app/api-reference/users/delete
 */
export const usersDelete = defineAction({
  id: 'users_delete',
  destructive: true,
  params: z.object({
    id: EntityId.describe('Who is deleted.'),
  }),
  run: ({ id }, context) => deleteEntity({ kind: 'user', id }, context),
});
