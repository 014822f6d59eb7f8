import * as z from 'zod';
import { defineAction } from './action.ts';
import { EntityId, JsonMap, Text } from './parts/params.ts';
import { setEntity } from './parts/set-entity.ts';

/**
 * Creates or updates one user. Traits in `properties` that are fields of a user (`email`, `phone`) become those fields;
 * parameters given one by one win over them. https://docs.knock.app/api-reference/users/update
 */
export const usersIdentify = defineAction({
  id: 'users_identify',
  params: z.object({
    id: EntityId,
    name: Text.optional(),
    email: Text.optional(),
    avatar: Text.optional(),
    phone_number: Text.optional(),
    timezone: Text.optional(),
    locale: Text.optional(),
    created_at: Text.optional(),
    properties: JsonMap.optional(),
    preferences: JsonMap.optional(),
    channel_data: JsonMap.optional(),
  }),
  run: ({ id, properties = {}, ...explicit }, context) =>
    setEntity({ kind: 'user', id }, properties, explicit, context),
});
