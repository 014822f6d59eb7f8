import type { ActionGuide } from './guide.ts';
import { missing, targetReasons } from './parts/notes.guide.ts';
import { identifyLena, join, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Adds users to an audience: with a tenant, or without one. Who is in already stays as added. Workflows that name the audience in `audience` of their file start for whoever is new.',
  before: [identifyLena],
  example: join,
  shows: 'The audience `plan-team` has a file, and workflow `welcome` names it:',
  refused: {
    why: 'There is no audience `plan-free`, and the mapping does not ask for it to be made:',
    event: track('plan_joined', { plan: 'free' }),
  },
  reasons: {
    required_field_missing: `${missing('`key`')}; or neither \`members\` nor \`user\` names anybody`,
    invalid_params:
      'a required parameter has the wrong type, `key` cannot be an audience’s, or a member cannot be read',
    audience_missing: 'there is no such audience, and `create_audience` is not true',
    continues: 'there are more members, or runs to start, than one attempt has time for; the next goes on',
    delayed: 'members are in; the runs of a workflow with a `delay` are yet to begin',
    ...targetReasons,
  },
  notes: [
    'A user is in once per tenant, and once without: two tenants are two rows, and two runs of a workflow that greets members.',
    'A user described with more than an id is written to the directory first. An id alone that nobody has identified is a member all the same, missing until identified (`missing_users`, warning `user_missing`), and gets no run, also later.',
    'The data of a run that greets a member is the event’s. Removing starts nothing, and who is in already starts nothing. Workflows that are switched off or have no target in the environment start nothing.',
    'Any number of members, 1000 at a time. Of adding and removing, the later by source time wins (`older_than_stored`); whoever a later event deleted is not added (`deleted_later`).',
  ],
};
