import type { ActionGuide } from './guide.ts';
import { inlineNote, missing, targetReasons } from './parts/notes.guide.ts';
import { identifyBuyer, identifyLena, track } from './parts/steps.guide.ts';

export const guide: ActionGuide = {
  paragraph:
    'Starts a workflow: one run per recipient, under one id. An object is a recipient itself and stands for its subscribers, two levels deep. Each gets one run however often it comes up.',
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
  refused: { why: 'Nobody is named:', event: track('order_completed', { order_id: '50314b8e', total: 27.5 }, null) },
  reasons: {
    required_field_missing: missing('`key` or `recipients`'),
    recipient_unknown:
      'one recipient or more is not identified: `pending` for `wait_for_recipients` of the workflow (10 s), then skipped; the others have begun (`runs`, `unknown`), and a replay begins what is missing',
    invalid_params: 'a required parameter has the wrong type, or somebody named cannot be read',
    workflow_missing: 'the environment has no such workflow',
    workflow_inactive: 'the workflow is switched off; runs that waited for its delay are cancelled',
    target_missing: 'the workflow has no target for the environment',
    actor_missing: '`actor` is an id that nobody has identified, or was deleted by a later event',
    too_many_recipients: 'more than 1000 are listed; subscribers do not count',
    data_invalid: '`data` does not match the `data_schema` of the workflow; no run begins',
    target_refused: 'the target refused one run or more for good; the others have begun (`runs`, `refused`)',
    continues: 'there are more recipients than one attempt has time for; the next goes on',
    delayed: 'runs are written and wait for the `delay` of the workflow; it holds up no other action',
    ...targetReasons,
  },
  notes: [
    `${inlineNote} \`$trigger_data\` in such a map is for that recipient’s run only, over \`data\`, and is not stored with the recipient.`,
    'An id alone that is not identified yet is waited for, since its identify may be under way: `wait_for_recipients` in the workflow’s file, 10 s by default. After that it gets no run and the warning `recipient_missing`; the others have theirs. The trigger is then `skipped`, and a replay starts what is missing.',
    'Being listed counts before being a subscriber; among subscriptions the first object listed counts, then who subscribed first. The actor gets no run for being a subscriber, but does when listed. Subscribers have no limit.',
    'A run’s id comes from execution, mapping and recipient: redelivery, replay and resend start nothing twice.',
    'A `delay` is counted from when the event was received. What each type of target does with a run: [targets](../targets.md).',
  ],
  costs: {
    file: 'test/functions/workflow-trigger-costs.test.ts',
    titles: 'a trigger ',
    intro: 'for one recipient',
    more: 'A cancellation key costs one Query more ([runs](../protocols/runs.md#cancelling)).',
  },
};
