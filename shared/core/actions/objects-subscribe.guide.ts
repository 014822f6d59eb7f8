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
    why: 'An empty list counts as missing:',
    event: track('project_followed', { project_id: 'p-17', followers: [] }),
  },
  reasons: {
    required_field_missing: missing('`collection`, `id` or `recipients`'),
    invalid_params:
      'a required parameter has the wrong type, an id cannot be one (the field says which recipient), or `properties` nest too deep or are too large',
    continues: 'one attempt has no time for all recipients; the next continues',
  },
  notes: [
    inlineNote,
    'An unidentified id waits as `pending: recipient_unknown`, since its identify may be under way: at most 10 s after the first attempt. The others are subscribed at once. After the wait the id is rejected by name (`rejected`, warning `recipient_missing`). A recipient described inline needs no wait: `{ id: … }` is enough.',
    'A missing object is made without properties, with the warning `object_missing`.',
    'Any number of recipients, 100 at a time. `rejected` names at most 100.',
    'Of subscribing and unsubscribing, the later by source time wins; at the same moment unsubscribing wins. The warning `older_than_stored` counts late ones. A recipient or object that a later event deleted gets no subscription.',
  ],
};
