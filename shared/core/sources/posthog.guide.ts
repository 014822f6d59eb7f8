import type { JsonObject } from '../json/values.ts';
import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';

const identify = (id: string, event: string) => ({
  about: 'Keeps the user current with what was set on the person. Other properties of the event describe the device.',
  mapping: {
    id,
    event,
    action: 'users_identify',
    parameters: {
      id: 'user_id',
      name: { first: ['data.name', 'data.$set.name'] },
      email: { first: ['data.email', 'data.$set.email'] },
      phone_number: { first: ['data.$set.phone'] },
      properties: 'data.$set',
    },
  },
});

export const guide: SourceGuide = {
  category: 'Webhook',
  about: 'Sends the events and person updates that PostHog captures, one by one, from a destination.',
  setup: [
    'In PostHog, add a destination of type Webhook (or Knock) that sends the events you want.',
    'URL: {url}',
    'Method: POST.',
    'Add the header `x-webhook-secret` with the secret as its value. `sources add` makes the secret and shows it once; `npx signalbox secrets set {key} --generate` makes another. The Knock destination has no field for headers: add it in the source of its function.',
    'To identify people, let it send `$identify` and `$set`, and include all properties.',
  ],
  secret: { from: 'generated', where: "the destination's headers, as `x-webhook-secret`" },
  eventType: {
    rule: 'The event type is the name of the event as sent, without a prefix.',
    examples: ['$identify', '$set', '$pageview', 'order_completed'],
  },
  key: '`messageId`, or `event.uuid` of the plain webhook: the uuid that PostHog gave the event',
  defaultMappings: [identify('identify', '$identify'), identify('set', '$set')],
  behaviour: {
    timeout: 'PostHog does not say how long it waits for an answer; assume 10 s.',
    retries:
      'It sends again after 408, 429, 500, 502, 503, 504 and no answer: 3 tries in all, from 1 s doubling to 30 s.',
    drops: 'After any other 4xx the event is lost for good.',
    retryHours: 0.1,
    sendsAgainAfter: (status) => [408, 429, 500, 502, 503, 504].includes(status),
  },
  pitfalls: [
    'PostHog drops what is answered 401, and a secret is enforced as soon as it is set. `sources add` sets one, so put it into the header before you enable the destination.',
    'The user id is what the destination sends: choose the distinct id. The id of the person is a UUID of PostHog, which makes a second user.',
    '`type` is always `track`, for `$identify` too. The event type is in `event`.',
    'Without "include all properties" there is no `$set`, and only the mapped attributes arrive.',
  ],
  samples: {
    headers: { 'content-type': 'application/json' },
    identify: (user, make) => sample('$identify', user, make, personOf(user)),
    ofType(eventType, user, make) {
      if (eventType === '') return undefined;
      const isPerson = eventType === '$identify' || eventType === '$set';
      return sample(
        eventType,
        user,
        make,
        isPerson ? personOf(user) : { $current_url: 'https://shop.example.com/cart' },
      );
    },
    mix: [
      { eventType: '$pageview', weight: 70 },
      { eventType: 'order_completed', weight: 20 },
      { eventType: '$set', weight: 10 },
    ],
  },
};

function sample(event: string, user: SampleUser, make: SampleMaker, properties: JsonObject): Sample {
  const messageId = make.uuid();
  const body = {
    type: 'track',
    event,
    userId: user.id,
    properties: { ...properties, $browser: 'Firefox', $device_type: 'Desktop', $lib: 'web' },
    messageId,
    timestamp: new Date(make.nowMs).toISOString(),
  };
  return { eventType: event, messageId, userId: user.id, body };
}

function personOf({ name, email }: SampleUser): JsonObject {
  return { name, email, $set: { name, email, plan: 'pro' } };
}
