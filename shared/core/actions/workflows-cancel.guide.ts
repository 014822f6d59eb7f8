import type { ActionGuide } from './guide.ts';
import { missing, targetReasons } from './parts/notes.guide.ts';
import { identifyLena, remind, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Cancels the unfinished runs of a workflow with a cancellation key: all of them, or those of some recipients.',
  before: [identifyLena, remind],
  example: {
    mapping: {
      id: 'cancel-reminder',
      event: 'track/order_completed',
      action: 'workflows_cancel',
      parameters: { key: 'order-reminder', cancellation_key: { template: 'order-{{data.order_id}}' } },
    },
    event: track('order_completed', { order_id: '50314b8e' }),
  },
  shows: 'A reminder was waiting for the delay of its workflow:',
  refused: {
    why: 'A template with a path that leads nowhere resolves to nothing:',
    event: track('order_completed', { total: 27.5 }),
  },
  reasons: {
    required_field_missing: missing('`key` or `cancellation_key`'),
    invalid_params: 'a required parameter has the wrong type, or a recipient’s id cannot be one',
    continues: 'one attempt has no time for all runs; the next continues',
    ...targetReasons,
  },
  notes: [
    'It cancels only runs whose event was received earlier. A mark, kept for 14 days, also stops such runs if their trigger has not run yet. It never cancels a run of a later event, or of the same one.',
    'A pending run is cancelled in its row. A handed-off run is cancelled by a call to its target, if that takes cancellations ([targets](../targets.md)); otherwise it counts in `too_late`.',
    'Recipients are references and are not written to the directory. Without a matching run it succeeds with `cancelled: 0`.',
  ],
  costs: {
    page: 'protocols/runs.md',
    sentence: 'a cancel costs one write and a Query',
    says: 'One write and a Query: the mark and the look-up ([runs](../protocols/runs.md#cancelling)). With recipients there is a mark for each; each cancelled run is one more write.',
  },
};
