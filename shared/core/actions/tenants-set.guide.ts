import type { ActionGuide } from './guide.ts';
import { missing, setNotes } from './parts/notes.guide.ts';
import { saveTenant, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Creates or updates one tenant, which is the object `$tenants/<id>`: it can be subscribed to and be a recipient like any other.',
  example: saveTenant,
  refused: {
    why: 'A tenant’s id has no whitespace:',
    event: track('workspace_saved', { workspace_id: 'ws 3', name: 'Orchard' }),
  },
  reasons: {
    required_field_missing: missing('`id`'),
    invalid_params:
      'a required parameter has the wrong type, `id` cannot be a tenant’s, or the properties are too large',
  },
  notes: [
    ...setNotes('`name`, `created_at`, `settings`, `preferences`, `channel_data`', '`id`, `collection`'),
    '`settings.preference_set` is merged unless its `__persistence_strategy__` says `replace`; that key is not stored. Any word but `merge` and `replace` merges, with the warning `persistence_strategy_unknown`.',
    'A color of `settings.branding` that is not hexadecimal is stored as given, with the warning `color_malformed`.',
  ],
};
