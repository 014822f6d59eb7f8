import * as z from 'zod';
import type { ObjectRef } from '../directory/entity.ts';
import { defineAction } from './action.ts';
import { objectProblem } from './parts/object-problem.ts';
import { Collection, EntityId, JsonMap, Text } from './parts/params.ts';
import { setEntity } from './parts/set-entity.ts';

/**
 * Creates or updates one object; its collection needs no making. In collection `$tenants` it is a tenant.
 * https://docs.knock.app/api-reference/objects/set
 */
export const objectsSet = defineAction({
  id: 'objects_set',
  params: z.object({
    collection: Collection,
    id: EntityId,
    name: Text.optional(),
    timezone: Text.optional(),
    locale: Text.optional(),
    created_at: Text.optional(),
    properties: JsonMap.optional(),
    preferences: JsonMap.optional(),
    channel_data: JsonMap.optional(),
  }),
  async run({ collection, id, properties = {}, ...explicit }, context) {
    const object: ObjectRef = { kind: 'object', collection, id };
    return objectProblem(object) ?? setEntity(object, properties, explicit, context);
  },
});
