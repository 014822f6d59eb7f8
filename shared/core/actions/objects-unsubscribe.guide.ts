import type { ActionGuide } from './guide.ts';
import { missing } from './parts/notes.guide.ts';
import { follow, identifyLena, saveProject, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Removes subscribers from an object. Recipients count as references, even if described. Recipients and object stay.',
  before: [identifyLena, saveProject, follow],
  example: {
    mapping: {
      id: 'unfollow-project',
      event: 'track/project_unfollowed',
      action: 'objects_unsubscribe',
      parameters: { collection: { value: 'projects' }, id: 'data.project_id', recipients: 'user_id' },
    },
    event: track('project_unfollowed', { project_id: 'p-17' }),
  },
  refused: {
    why: 'The event has no recipient:',
    event: track('project_unfollowed', { project_id: 'p-17' }, null),
  },
  reasons: {
    required_field_missing: missing('`collection`, `id` or `recipients`'),
    invalid_params: 'a required parameter has the wrong type, or an id cannot be one',
    continues: 'one attempt has no time for all recipients; the next continues',
  },
  notes: [
    'A recipient that is not subscribed is skipped, but marked for 90 days: an earlier subscription that arrives late then has no effect.',
    'Any number of recipients, 100 at a time; `recipients` in the result names at most 100 of those removed.',
  ],
};
