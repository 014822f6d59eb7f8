import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';

export const guide: SourceGuide = {
  category: 'Custom',
  about:
    'Takes track events from senders that were made for the HTTP source of the first generation. For anything new use `http`.',
  setup: [
    'Post each event, one to a request, to {url}',
    'Body: `{"type": "track", "event": "shift.published", "userId": "mgr-3", "messageId": "sh-7781", "timestamp": "2026-05-04T09:45:00Z", "properties": {…}}`. `type` and `event` are required.',
    'Every copy of an event runs. To run events of one `messageId` once: `npx signalbox settings set {key} --idempotency on`.',
  ],
  eventType: { rule: 'The event type is the field `event` as sent, without a prefix.', examples: ['shift.published'] },
  key: '`messageId`',
  defaultMappings: [
    {
      about:
        'Starts a workflow for the recipients that the event names. To make them users on the way, describe them inline: `recipients: { id: user_id, email: data.email }`.',
      mapping: {
        id: 'shift-published',
        event: 'shift.published',
        action: 'workflows_trigger',
        parameters: { key: 'shift-published', recipients: 'data.recipients', data: 'data' },
      },
    },
  ],
  behaviour: {
    timeout: 'Your sender decides how long it waits. Answers take milliseconds, so 5 s is plenty.',
    retries: 'Your sender should send again after 429, 5xx and no answer, with growing waits, for hours.',
    drops: 'It should drop an event after any other 4xx, because the same request is refused again.',
    sendsAgainAfter: () => 'unknown',
  },
  pitfalls: [
    'An accepted event is answered 204 without a body. The header `x-signalbox-event-id` names it.',
    'Any type but `track` is answered 400, identify included, and so are an event without a name and a list.',
    'Only the URL is secret. Declare a `verification` in the file to ask for more.',
    '`data` is `properties`.',
  ],
  samples: {
    headers: { 'content-type': 'application/json' },
    ofType: (eventType, user, make) => (eventType === '' ? undefined : sample(eventType, user, make)),
    mix: [{ eventType: 'shift.published', weight: 1 }],
  },
};

/** Recipients are described inline, since no event of this kind makes them known before. */
function sample(event: string, { id, name, email }: SampleUser, make: SampleMaker): Sample {
  const messageId = make.uuid();
  const body = {
    type: 'track',
    event,
    userId: id,
    messageId,
    timestamp: new Date(make.nowMs).toISOString(),
    properties: { recipients: [{ id, name, email }], site: 'harbour', shift: `S-${make.int(1, 1000)}` },
  };
  return { eventType: event, messageId, userId: id, body };
}
