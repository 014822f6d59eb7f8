import type { ActionGuide } from './guide.ts';
import { missing, targetReasons } from './parts/notes.guide.ts';
import { identifyLena, join, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Adds users to an audience, with or without a tenant. Existing members stay as they are. Workflows that name the audience in `audience` of their file start for new members.',
  before: [identifyLena],
  example: join,
  shows: 'The audience `plan-team` has a file, and the workflow `welcome` names it:',
  refused: {
    why: 'The audience `plan-free` does not exist, and the mapping does not ask to make it:',
    event: track('plan_joined', { plan: 'free' }),
  },
  reasons: {
    required_field_missing: `${missing('`key`')}; or \`members\` and \`user\` are both empty`,
    invalid_params:
      'a required parameter has the wrong type, `key` cannot be an audience’s, or a member cannot be read',
    audience_missing: 'the audience does not exist, and `create_audience` is not true',
    continues: 'one attempt has no time for all members and runs; the next continues',
    rate_limited:
      'runs over the `max_per_second` or `max_concurrent` of a workflow that greets members wait for their turn',
    held: 'the members are added; a workflow that greets them is paused, and holds their runs until it is resumed',
    delayed: 'the members are added; runs of a workflow with a `delay` have not begun yet',
    ...targetReasons,
  },
  notes: [
    'A user can be a member once per tenant, and once without a tenant. Two tenants are two rows, and two runs of a workflow that greets members.',
    'A user described with more than an id is first written to the directory. An unidentified id becomes a member too, and counts as missing until its identify (`missing_users`, warning `user_missing`). It gets no run, also later.',
    'A run that greets a member has the event’s data. Removals and existing members start no runs. Neither do workflows that are switched off or have no target in the environment.',
    'Any number of members, 1000 at a time. Of adding and removing, the later by source time wins (`older_than_stored`). A user that a later event deleted is not added (`deleted_later`).',
  ],
};
