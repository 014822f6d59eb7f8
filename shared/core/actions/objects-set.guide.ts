import type { ActionGuide } from './guide.ts';
import { missing, setNotes } from './parts/notes.guide.ts';
import { saveProject, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Creates or updates one object of a collection; collections need not be made. In collection `$tenants` the object is a tenant.',
  example: saveProject,
  refused: {
    why: 'An id must not contain `/`:',
    event: track('project_saved', { project_id: 'orchard/p-17', name: 'Cider press' }),
  },
  reasons: {
    required_field_missing: missing('`collection` or `id`'),
    invalid_params:
      'a required parameter has the wrong type, `collection` or `id` cannot name an object, or the properties are too large',
  },
  notes: [
    ...setNotes('`name`, `timezone`, `locale`, `created_at`, `preferences`, `channel_data`', '`id`, `collection`'),
    'Collections that start with `$` are reserved: `$tenants` holds tenants, whose ids have no whitespace, and `$users` is refused.',
  ],
};
