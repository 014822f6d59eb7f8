import type { ActionGuide } from './guide.ts';
import { deleteNotes, missing } from './parts/notes.guide.ts';
import { follow, identifyLena, saveProject, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph: 'Deletes one object with its subscribers and its own subscriptions, and cancels its unfinished runs.',
  before: [identifyLena, saveProject, follow],
  example: {
    mapping: {
      id: 'delete-project',
      event: 'track/project_deleted',
      action: 'objects_delete',
      parameters: { collection: { value: 'projects' }, id: 'data.project_id' },
    },
    event: track('project_deleted', { project_id: 'p-17' }),
  },
  shows: 'The project had one follower:',
  refused: { why: 'The event does not say which project:', event: track('project_deleted', {}) },
  reasons: {
    required_field_missing: missing('`collection` or `id`'),
    invalid_params: '`collection` or `id` cannot name an object',
    continues: 'one attempt has no time for everything that belongs to the object; the next continues',
  },
  notes: deleteNotes,
};
