import type { ActionGuide } from './guide.ts';
import { missing } from './parts/notes.guide.ts';
import { identifyLena, join, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Removes users from an audience. Without a tenant only the row without one goes, since a user is in once per tenant.',
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
    required_field_missing: `${missing('`key`')}; or neither \`members\` nor \`user\` names anybody`,
    invalid_params:
      'a required parameter has the wrong type, `key` cannot be an audience’s, or a member cannot be read',
    continues: 'there are more members than one attempt has time for; the next goes on',
  },
  notes: [
    'Who is not in, and an audience that is not there, are no trouble: `removed: 0`. The removal is remembered for 90 days, so that an addition that happened earlier and arrives late does not come about.',
    'Any number of members, 1000 at a time.',
  ],
};
