import type { SourceGuide } from './guide.ts';
import { cdpIdentifyMapping, cdpSamples, cdpTriggerMapping } from './parts/cdp.guide.ts';

export const guide: SourceGuide = {
  category: 'Customer data platform',
  about:
    'Sends what visitors and patients do, event by event, from a destination Webhooks; made for healthcare, HIPAA mode included.',
  setup: [
    'In Freshpaint, go to Destinations > Apps > Webhooks and click Configure.',
    'Add the URL: {url}',
    'Optional: add the header x-webhook-secret with the secret that you set with `npx signalbox secrets set {key}`.',
    'Under Options, enable identify events, and page events if you want them: they are not sent by default.',
  ],
  secret: { from: 'chosen', where: "the destination's headers: x-webhook-secret" },
  eventType: {
    rule: '`track/` and the name as sent for a track event, else the type in lower case.',
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
      ...cdpTriggerMapping('track/appointment_booked', 'appointment-booked', 'Starts the workflow for whoever booked.'),
      optional: true,
    },
  ],
  behaviour: {
    retries: 'nothing that it documents',
    schedule: 'assume that an event may come twice, and that a refused one never comes again',
    drops: 'what it does not document either; assume anything but 2xx',
    timeout: 'a time that it does not document',
    sendsAgainAfter: () => 'unknown',
  },
  pitfalls: [
    'Identify and page events are not sent until they are enabled under Options.',
    'In HIPAA mode properties have to be allowed one by one: expect few.',
    'The user id is often an email address; it is still the id, so `email` has to be a trait of its own.',
    'Freshpaint signs nothing, so the secret is not enforced until you say so.',
    'An anonymous event has no user id: its trigger is skipped with `required_field_missing`.',
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
