import type { ActionGuide } from './guide.ts';
import { missing, targetReasons } from './parts/notes.guide.ts';
import { identifyLena, remind, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Cancels the unfinished runs of a workflow that were started with a cancellation key: all of them, or those of some recipients, however these were reached.',
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
    continues: 'there are more runs than one attempt has time for; the next goes on',
    ...targetReasons,
  },
  notes: [
    'Only runs whose event was received before this one are touched, those also whose trigger has yet to run: a mark stays behind for it, for 14 days. A run of a later event, or of the same, is never cancelled.',
    'A pending run is cancelled by its row. One that was handed off is cancelled by telling its target, where that can be told ([targets](../targets.md)); otherwise it counts in `too_late`.',
    'Recipients are references: nothing is written about them. Finding nothing succeeds with `cancelled: 0`.',
  ],
  costs: {
    page: 'protocols/runs.md',
    sentence: 'a cancel costs one write and a Query',
    says: 'One write and a Query, as [runs](../protocols/runs.md#cancelling) has it: the mark, and the look-up. Where recipients are named there is a mark for each; each run that is cancelled is a write more.',
  },
};
