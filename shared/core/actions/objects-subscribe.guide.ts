import type { ActionGuide } from './guide.ts';
import { inlineNote, missing } from './parts/notes.guide.ts';
import { follow, identifyLena, saveProject, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Adds subscribers to an object, with `properties` on each subscription. Users and objects can subscribe. A trigger that names the object as recipient reaches them all.',
  before: [identifyLena, saveProject],
  example: follow,
  shows: 'One follower is known, the other has never been identified:',
  refused: {
    why: 'An empty list is nothing:',
    event: track('project_followed', { project_id: 'p-17', followers: [] }),
  },
  reasons: {
    required_field_missing: missing('`collection`, `id` or `recipients`'),
    invalid_params:
      'a required parameter has the wrong type, an id cannot be one (the field says which recipient), or `properties` nest too deep or are too large',
    continues: 'there are more recipients than one attempt has time for; the next goes on',
  },
  notes: [
    inlineNote,
    'An id alone that is not identified yet is waited for as `pending: recipient_unknown`, since its identify may be under way: 10 s after the first attempt at most; the others are subscribed at once. After that it is rejected by name (`rejected`, warning `recipient_missing`). A recipient that is described inline needs no wait: `{ id: … }` is enough.',
    'An object that is not there is made with nothing in it, with the warning `object_missing`.',
    'Any number of recipients; they are worked through 100 at a time. `rejected` names at most 100.',
    'Of asking and taking back, the later by source time wins; of two at one moment the taking back. One that came too late is counted in the warning `older_than_stored`. To a recipient or object that a later event deleted nothing is added.',
  ],
};
