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
  destructive: true,
  params: z.object({
    collection: Collection.describe('Which collection.'),
    id: EntityId.describe('Which object.'),
  }),
  run: ({ collection, id }, context) => deleteEntity({ kind: 'object', collection, id }, context),
});
