import type { ActionGuide } from './guide.ts';
import { missing, setNotes } from './parts/notes.guide.ts';
import { identifyLena } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Creates or updates one user, and merges sent values into stored ones. Traits in `properties` with names of user fields (`email`, `phone`) become those fields; separate parameters win over them.',
  example: identifyLena,
  refused: {
    why: 'An event of an anonymous visitor has no user id:',
    event: { type: 'identify', anonymousId: 'a-5521', traits: { plan: 'team' } },
  },
  reasons: {
    required_field_missing: missing('`id`'),
    invalid_params: 'a required parameter has the wrong type, `id` cannot be an id, or the properties are too large',
  },
  notes: [
    ...setNotes(
      '`name`, `email`, `avatar`, `phone_number`, `timezone`, `locale`, `created_at`, `preferences`, `channel_data`',
      '`id`, `userId`',
    ),
    'A malformed e-mail address, phone number or date-time and an unknown time zone are stored as given, with a warning (`email_malformed`, `phone_number_malformed`, `created_at_malformed`, `timezone_unknown`).',
    'A source’s switch `identify` decides whether events of type `identify` run actions.',
  ],
};
