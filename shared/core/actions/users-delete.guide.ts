import type { ActionGuide } from './guide.ts';
import { deleteNotes, missing } from './parts/notes.guide.ts';
import { follow, identifyLena, saveProject, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Deletes one user with its subscriptions and memberships, and cancels its runs that are not over. The id may be used again and inherits nothing.',
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
  refused: { why: 'Without a user id there is nobody to delete:', event: track('account_deleted', {}, null) },
  reasons: {
    required_field_missing: missing('`id`'),
    invalid_params: '`id` is no text, or cannot be an id',
    continues: 'more hangs on the user than one attempt has time for; the next goes on',
  },
  notes: [...deleteNotes, 'The log of runs that are over stays for its retention.'],
};
