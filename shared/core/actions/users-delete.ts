import * as z from 'zod';
import { defineAction } from './action.ts';
import { deleteEntity } from './parts/delete-entity.ts';
import { EntityId } from './parts/params.ts';
import { tellsOfDeletedPerson } from './parts/suggestion.ts';

/**
 * Deletes one user with its subscriptions and memberships, and cancels its unfinished runs. The id
 * may be used again, and starts without old data. https://docs.knock.app/api-reference/users/delete
 */
export const usersDelete = defineAction({
  id: 'users_delete',
  does: 'deletes one user with its subscriptions, memberships and unfinished runs',
  writes: 'user',
  isFor: ['id'],
  destructive: true,
  params: z.object({
    id: EntityId.describe('Who is deleted.'),
  }),
  suggestion: { fits: tellsOfDeletedPerson, parameters: (event) => ({ id: event.person() }) },
  run: ({ id }, context) => deleteEntity({ kind: 'user', id }, context),
});
