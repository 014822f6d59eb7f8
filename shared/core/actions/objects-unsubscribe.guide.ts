import type { ActionGuide } from './guide.ts';
import { missing } from './parts/notes.guide.ts';
import { follow, identifyLena, saveProject, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Removes subscribers from an object. Recipients are references only, whatever else is said of them. Recipients and object stay.',
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
    why: 'Nobody is named:',
    event: track('project_unfollowed', { project_id: 'p-17' }, null),
  },
  reasons: {
    required_field_missing: missing('`collection`, `id` or `recipients`'),
    invalid_params: 'a required parameter has the wrong type, or an id cannot be one',
    continues: 'there are more recipients than one attempt has time for; the next goes on',
  },
  notes: [
    'Who is not subscribed is passed over, but remembered: a subscription that happened earlier and arrives late does not come about. The mark is kept for 90 days.',
    'Any number of recipients, 100 at a time; `recipients` in the result names at most 100 of those removed.',
  ],
};
