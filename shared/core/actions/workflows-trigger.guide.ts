import type { ActionGuide } from './guide.ts';
import { inlineNote, missing, targetReasons } from './parts/notes.guide.ts';
import { identifyBuyer, identifyLena, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Starts a workflow: one run per recipient, under one id. An object is a recipient itself and also stands for its subscribers, two levels deep. Each recipient gets one run, however often it occurs.',
  before: [identifyLena, identifyBuyer],
  example: {
    mapping: {
      id: 'order-completed',
      event: 'track/order_completed',
      action: 'workflows_trigger',
      parameters: {
        key: 'order-completed',
        recipients: ['user_id', 'data.buyer_id'],
        data: { order_id: 'data.order_id', total: 'data.total' },
        cancellation_key: { template: 'order-{{data.order_id}}' },
      },
      when: [{ path: 'data.total', gt: 0 }],
    },
    event: track('order_completed', { order_id: '50314b8e', total: 27.5, buyer_id: 'usr_9000' }),
  },
  shows: 'Both recipients have been identified before:',
  refused: {
    why: 'The event has no recipient:',
    event: track('order_completed', { order_id: '50314b8e', total: 27.5 }, null),
  },
  reasons: {
    required_field_missing: missing('`key` or `recipients`'),
    recipient_unknown:
      'a recipient is not identified: `pending` for the workflow’s `wait_for_recipients` (10 s), then skipped. The others have their runs (`runs`, `unknown`), and a replay starts the missing ones',
    invalid_params: 'a required parameter has the wrong type, or a recipient, actor or tenant cannot be read',
    workflow_missing: 'the environment has no such workflow',
    workflow_inactive: 'the workflow is switched off; runs that waited for its delay are cancelled',
    target_missing: 'the workflow has no target for the environment',
    actor_missing: '`actor` is an unidentified id, or a later event deleted it',
    too_many_recipients: 'more than 1000 are listed; subscribers do not count',
    data_invalid: '`data` does not match the `data_schema` of the workflow; no run begins',
    target_refused: 'the target refused at least one run for good; the others have begun (`runs`, `refused`)',
    continues: 'one attempt has no time for all recipients; the next continues',
    rate_limited:
      'runs over the workflow’s `max_per_second` or `max_concurrent` wait for their turn, without an attempt',
    held: 'the workflow is paused: runs are written and held until `npx signalbox workflow resume` releases them',
    delayed: 'runs are written and wait for the workflow’s `delay`; other actions do not wait for it',
    ...targetReasons,
  },
  notes: [
    `${inlineNote} \`$trigger_data\` in such a map is for that recipient’s run only, over \`data\`, and is not stored with the recipient.`,
    'The trigger waits for an unidentified id, since its identify may be under way: `wait_for_recipients` in the workflow’s file, 10 s by default. After that the id gets no run, with the warning `recipient_missing`. The others have theirs. The trigger is then `skipped`, and a replay starts the missing runs.',
    'Being listed comes before being a subscriber. Among subscriptions the first listed object counts, then the earlier subscription. The actor gets a run only if listed, not as a subscriber. The number of subscribers has no limit.',
    'A run’s id comes from execution, mapping and recipient: redelivery, replay and resend start no run twice.',
    'A `delay` is counted from when the event was received. What each type of target does with a run: [targets](../targets.md).',
  ],
  costs: {
    file: 'test/functions/workflow-trigger-costs.test.ts',
    titles: 'a trigger ',
    intro: 'for one recipient',
    more: 'A cancellation key costs one Query more ([runs](../protocols/runs.md#cancelling)).',
  },
};
