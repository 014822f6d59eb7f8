import * as z from 'zod';
import type { ObjectRef } from '../ids/entity-ref.ts';
import { defineAction } from './action.ts';
import { objectProblem } from './parts/object-problem.ts';
import { Collection, EntityId, JsonMap, Text } from './parts/params.ts';
import { setEntity } from './parts/set-entity.ts';
import { suggestedObject } from './parts/suggestion.ts';

/**
 * Creates or updates one object; collections need not be made. In collection `$tenants` it is a
 * tenant. https://docs.knock.app/api-reference/objects/set
 */
export const objectsSet = defineAction({
  id: 'objects_set',
  does: 'creates or updates one object',
  writes: 'object',
  params: z.object({
    collection: Collection.describe('Which collection; plural names read well.'),
    id: EntityId.describe('Which object; unique within its collection.'),
    name: Text.optional().describe('Its name.'),
    timezone: Text.optional().describe('Name of the tz database.'),
    locale: Text.optional().describe('Language tag.'),
    created_at: Text.optional().describe("ISO 8601 date-time, of the sender's choosing."),
    properties: JsonMap.optional().describe('Custom properties; merged.'),
    preferences: JsonMap.optional().describe('Preference sets by id; merged.'),
    channel_data: JsonMap.optional().describe('By channel; each channel is replaced.'),
  }),
  suggestion: {
    fits: (eventType) => eventType === 'group',
    parameters: (event) => ({
      ...suggestedObject(event),
      name: event.find('name', 'title'),
      properties: event.data(),
    }),
  },
  async run({ collection, id, properties = {}, ...explicit }, context) {
    const object: ObjectRef = { kind: 'object', collection, id };
    return objectProblem(object) ?? setEntity(object, properties, explicit, context);
  },
});
