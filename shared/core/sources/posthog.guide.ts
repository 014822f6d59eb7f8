import type { JsonObject } from '../json/values.ts';
import type { Sample, SampleMaker, SampleUser, SourceGuide } from './guide.ts';

const identify = (id: string, event: string) => ({
  about: 'Keeps the user current with what was set on the person; other properties of the event tell of the device.',
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
    'URL: {url}. Method: POST.',
    'Header: x-webhook-secret, with the value that you set with `npx signalbox secrets set sources/{key}`. The Knock destination has no field for it: add it to the headers in the source of its function.',
    'To identify people, let it send $identify and $set, and include all properties.',
  ],
  secret: { from: 'generated', where: "the destination's headers: x-webhook-secret" },
  eventType: {
    rule: 'The name of the event as sent, without a prefix.',
    examples: ['$identify', '$set', '$pageview', 'order_completed'],
  },
  key: '`messageId`, or `event.uuid` of the plain webhook: the uuid that PostHog gave the event',
  defaultMappings: [identify('identify', '$identify'), identify('set', '$set')],
  behaviour: {
    retries: '408, 429, 500, 502, 503, 504, and no answer',
    schedule: '3 tries in all, from 1 s doubling to 30 s',
    drops: 'any other 4xx: the event is lost for good',
    timeout: 'not documented by PostHog; assume 10 s',
    sendsAgainAfter: (status) => [408, 429, 500, 502, 503, 504].includes(status),
  },
  pitfalls: [
    'PostHog drops what is answered 401. The secret is enforced as soon as it is set, so put it into the header first.',
    'The id of the user is what the destination sends: choose the distinct id. The id of the person is a UUID of PostHog, which makes a second user.',
    '`type` is always `track`, for $identify too; the event type is in `event`.',
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
