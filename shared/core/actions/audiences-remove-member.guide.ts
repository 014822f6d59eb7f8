import type { ActionGuide } from './guide.ts';
import { missing } from './parts/notes.guide.ts';
import { identifyLena, join, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Removes users from an audience. Without a tenant it removes only the row without one, since a user can be a member once per tenant.',
  before: [identifyLena, join],
  example: {
    mapping: {
      id: 'leave-plan',
      event: 'track/plan_left',
      action: 'audiences_remove_member',
      parameters: { key: { template: 'plan-{{data.plan}}' }, user: 'user_id', tenant: 'data.workspace_id' },
    },
    event: track('plan_left', { plan: 'team', workspace_id: 'ws-3' }),
  },
  refused: {
    why: 'Keys of audiences have no capital letters:',
    event: track('plan_left', { plan: 'Team', workspace_id: 'ws-3' }),
  },
  reasons: {
    required_field_missing: `${missing('`key`')}; or \`members\` and \`user\` are both empty`,
    invalid_params:
      'a required parameter has the wrong type, `key` cannot be an audience’s, or a member cannot be read',
    continues: 'one attempt has no time for all members; the next continues',
  },
  notes: [
    'A user who is not a member, and a missing audience, are not errors: `removed: 0`. The removal is kept for 90 days, so that an earlier addition that arrives late has no effect.',
    'Any number of members, 1000 at a time.',
  ],
};
