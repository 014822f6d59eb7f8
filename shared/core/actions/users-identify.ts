import * as z from 'zod';
import { defineAction } from './action.ts';
import { EntityId, JsonMap, Text } from './parts/params.ts';
import { setEntity } from './parts/set-entity.ts';
import { tellsOfPerson } from './parts/suggestion.ts';

/**
 * Creates or updates one user. Traits in `properties` with names of user fields (`email`, `phone`)
 * become those fields; separate parameters win over them.
 * https://docs.knock.app/api-reference/users/update
 */
export const usersIdentify = defineAction({
  id: 'users_identify',
  does: 'creates or updates one user',
  writes: 'user',
  isFor: ['id'],
  params: z.object({
    id: EntityId.describe('Who it is.'),
    name: Text.optional().describe('Full name.'),
    email: Text.optional().describe('E-mail address.'),
    avatar: Text.optional().describe('URL of a picture.'),
    phone_number: Text.optional().describe('In E.164: `+34910000001`. As a trait `phone` means the same.'),
    timezone: Text.optional().describe('Name of the tz database: `Europe/Madrid`.'),
    locale: Text.optional().describe('Language tag.'),
    created_at: Text.optional().describe("ISO 8601 date-time, of the sender's choosing."),
    properties: JsonMap.optional().describe('Traits, custom ones included.'),
    preferences: JsonMap.optional().describe('Preference sets by id; merged.'),
    channel_data: JsonMap.optional().describe('Tokens and the like by channel; each channel is replaced.'),
  }),
  suggestion: {
    fits: (eventType) => eventType === 'identify' || tellsOfPerson(eventType),
    parameters: (event) => ({
      id: event.person(),
      name: event.fullName(),
      email: event.find('email', 'email_address'),
      phone_number: event.find('phone_number', 'phone', 'mobile'),
      avatar: event.find('avatar', 'avatar_url', 'image_url', 'profile_image_url', 'picture'),
      locale: event.find('locale', 'language'),
      timezone: event.find('timezone', 'time_zone'),
      created_at: event.computed('created_at') ?? event.find('created_at'),
      properties: event.traits(),
    }),
  },
  run: ({ id, properties = {}, ...explicit }, context) =>
    setEntity({ kind: 'user', id }, properties, explicit, context),
});
