import * as z from 'zod';
import { defineAction } from './action.ts';
import { deleteEntity } from './parts/delete-entity.ts';
import { Collection, EntityId } from './parts/params.ts';
import { suggestedObject } from './parts/suggestion.ts';

/**
 * Deletes one object with its subscribers and its own subscriptions, and cancels its unfinished
 * runs. https://docs.knock.app/api-reference/objects/delete
 */
export const objectsDelete = defineAction({
  id: 'objects_delete',
  does: 'deletes one object with its subscribers',
  writes: 'object',
  destructive: true,
  params: z.object({
    collection: Collection.describe('Which collection.'),
    id: EntityId.describe('Which object.'),
  }),
  suggestion: { parameters: suggestedObject },
  run: ({ collection, id }, context) => deleteEntity({ kind: 'object', collection, id }, context),
});
