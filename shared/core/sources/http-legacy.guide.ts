import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';

export const guide: SourceGuide = {
  category: 'Custom',
  about:
    'Takes track events from senders that were made for the HTTP source of the first generation. For anything new take `http`.',
  setup: [
    'Post each event, one to a request, to {url}',
    'Body: `{"type": "track", "event": "shift.published", "userId": "mgr-3", "messageId": "sh-7781", "timestamp": "2026-05-04T09:45:00Z", "properties": {…}}`. `type` and `event` are required.',
    'Copies run again until you say otherwise: `npx signalbox settings set {key} --idempotency on` compares `messageId`.',
  ],
  eventType: { rule: 'The field `event` as sent, without a prefix.', examples: ['shift.published'] },
  key: '`messageId`, once idempotency is switched on',
  defaultMappings: [
    {
      about:
        'Starts a workflow for whom the event names. Describe recipients inline to make them users on the way: `recipients: { id: user_id, email: data.email }`.',
      mapping: {
        id: 'shift-published',
        event: 'shift.published',
        action: 'workflows_trigger',
        parameters: { key: 'shift-published', recipients: 'data.recipients', data: 'data' },
      },
    },
  ],
  behaviour: {
    retries: 'as the sender does. Right: 429, 5xx, and no answer',
    schedule: 'as the sender does. Right: with growing waits, for hours',
    drops: 'as the sender does. A 4xx stays one however often it is sent',
    timeout: 'as the sender does. Answers take milliseconds; 5 s is plenty',
    sendsAgainAfter: () => 'unknown',
  },
  pitfalls: [
    'An accepted event is answered 204 without a body; the header x-signalbox-event-id names it.',
    'Identify is not accepted: any type but track is answered 400, and so is an event without a name, and a list.',
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
