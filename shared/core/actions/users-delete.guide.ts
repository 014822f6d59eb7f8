import type { ActionGuide } from './guide.ts';
import { deleteNotes, missing } from './parts/notes.guide.ts';
import { follow, identifyLena, saveProject, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Deletes one user with its subscriptions and memberships, and cancels its unfinished runs. The id may be used again, and starts without old data.',
  before: [identifyLena, saveProject, follow],
  example: {
    mapping: {
      id: 'delete-account',
      event: 'track/account_deleted',
      action: 'users_delete',
      parameters: { id: 'user_id' },
    },
    event: track('account_deleted', {}),
  },
  shows: 'The user was known and followed a project:',
  refused: { why: 'The event has no user id:', event: track('account_deleted', {}, null) },
  reasons: {
    required_field_missing: missing('`id`'),
    invalid_params: '`id` is not text, or cannot be an id',
    continues: 'one attempt has no time for everything that belongs to the user; the next continues',
  },
  notes: [...deleteNotes, 'Finished runs stay in the log for its retention.'],
};
