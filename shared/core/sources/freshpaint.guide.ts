import type { SourceGuide } from './guide.ts';
import { cdpIdentifyMapping, cdpSamples, cdpTriggerMapping } from './parts/cdp.guide.ts';

export const guide: SourceGuide = {
  category: 'Customer data platform',
  about:
    'Sends what visitors and patients do, event by event, from a destination Webhooks. It is made for healthcare, HIPAA mode included.',
  setup: [
    'In Freshpaint, go to Destinations > Apps > Webhooks and click Configure.',
    'URL: {url}',
    'Under Options, enable identify events, and page events if you want them. They are not sent by default.',
    'To have requests checked, choose a secret, set it with `npx signalbox secrets set {key}`, and add the header `x-webhook-secret` with the same value. Then switch the check on: `npx signalbox settings set {key} --enforce on`.',
  ],
  secret: { from: 'chosen', where: "the destination's headers, as `x-webhook-secret`" },
  eventType: {
    rule: 'A track event has the type `track/` and its name as sent; any other event has its type in lower case.',
    examples: ['track/appointment_booked', 'identify', 'page'],
  },
  key: '`messageId`',
  defaultMappings: [
    {
      ...cdpIdentifyMapping,
      about:
        'Keeps the user current. Traits are read from `traits`, then `context.traits`, then `properties`, key by key.',
    },
    {
      ...cdpTriggerMapping(
        'track/appointment_booked',
        'appointment-booked',
        'Starts the workflow for the user who booked.',
      ),
      optional: true,
    },
  ],
  behaviour: {
    timeout: 'Freshpaint does not say how long it waits for an answer.',
    retries:
      'It does not say whether it sends anything again. Be ready for both: the same event twice, and a refused event that never comes again.',
    drops: 'Assume that it drops an event after any answer but 2xx.',
    sendsAgainAfter: () => 'unknown',
  },
  pitfalls: [
    'Identify and page events are not sent until they are enabled under Options.',
    'In HIPAA mode, properties have to be allowed one by one, so expect few.',
    'The user id is often an email address. It is still only the id: `email` has to be a trait of its own.',
    'Freshpaint signs nothing, so the secret is not enforced until you say so.',
    'An anonymous event has no user id. What needs one is skipped with `required_field_missing`.',
  ],
  samples: cdpSamples({
    // It sets no Content-Type of its own.
    headers: {},
    messageId: (make) => Buffer.from(make.uuid().replaceAll('-', ''), 'hex').toString('base64'),
    envelope: (_user, make) => ({
      timestamp: `${new Date(make.nowMs).toISOString().slice(0, 19)}Z`,
      context: {
        library: { name: 'freshpaint.js' },
        page: { path: '/book', title: 'Book', url: 'https://clinic.example/book' },
      },
    }),
    properties: (event, _user, make) =>
      /appointment/i.test(event) ? { location_id: `L${make.int(1, 9)}`, specialty: 'dermatology' } : undefined,
    mix: [
      { eventType: 'track/appointment_booked', weight: 60 },
      { eventType: 'page', weight: 30 },
      { eventType: 'track/provider_viewed', weight: 10 },
    ],
  }),
};
