import type { ActionGuide } from './guide.ts';
import { deleteNotes, missing } from './parts/notes.guide.ts';
import { saveTenant, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Deletes one tenant with its subscribers and its own subscriptions, and cancels the runs of which it is the recipient. Audience rows with its id stay, since they belong to the audience.',
  before: [saveTenant],
  example: {
    mapping: {
      id: 'delete-workspace',
      event: 'track/workspace_deleted',
      action: 'tenants_delete',
      parameters: { id: 'data.workspace_id' },
    },
    event: track('workspace_deleted', { workspace_id: 'ws-3' }),
  },
  refused: { why: 'The event does not say which tenant:', event: track('workspace_deleted', { workspace_id: null }) },
  reasons: {
    required_field_missing: missing('`id`'),
    invalid_params: '`id` is not text, or cannot be a tenant’s',
    continues: 'one attempt has no time for everything that belongs to the tenant; the next continues',
  },
  notes: deleteNotes,
};
