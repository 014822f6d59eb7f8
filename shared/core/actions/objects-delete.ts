import * as z from 'zod';
import { defineAction } from './action.ts';
import { deleteEntity } from './parts/delete-entity.ts';
import { Collection, EntityId } from './parts/params.ts';

/**
 * Deletes one object with its subscribers and its own subscriptions, and cancels its runs that are not over.
 * https://docs.knock.app/api-reference/objects/delete
 */
export const objectsDelete = defineAction({
  id: 'objects_delete',
  params: z.object({ collection: Collection, id: EntityId }),
  run: ({ collection, id }, context) => deleteEntity({ kind: 'object', collection, id }, context),
});
