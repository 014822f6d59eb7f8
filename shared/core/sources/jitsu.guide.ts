import { afterAnyFault, type SourceGuide } from './guide.ts';
import { cdpIdentifyMapping, cdpSamples, cdpTriggerMapping } from './parts/cdp.guide.ts';

export const guide: SourceGuide = {
  category: 'Customer data platform',
  about: 'Sends what users of your site, app or servers do, event by event, from a destination Webhook.',
  setup: [
    'In Jitsu, add a destination Webhook and connect it to the source whose events you want.',
    'URL: {url}',
    'Method: POST.',
    'Optional: add the header `x-webhook-secret: SECRET` with the secret that you set with `npx signalbox secrets set {key}`. It must hold no colon: Jitsu cuts a header off at the second one.',
  ],
  secret: { from: 'chosen', where: "the destination's headers: x-webhook-secret" },
  eventType: {
    rule: '`track/` and the name as sent for a track event, else the type in lower case.',
    examples: ['track/invite_sent', 'identify', 'page'],
  },
  key: '`messageId`',
  defaultMappings: [
    cdpIdentifyMapping,
    {
      ...cdpTriggerMapping(
        'track/order_completed',
        'order-completed',
        'Starts the workflow for whoever completed the order.',
      ),
      optional: true,
    },
  ],
  behaviour: {
    retries: 'any answer but 2xx, 4xx included, and connection errors',
    schedule: 'after 10, 100 and 1,000 min (its open-source defaults)',
    drops: 'nothing before its last attempt; then the event goes to its dead letters',
    timeout: 'a time that it does not document',
    sendsAgainAfter: afterAnyFault,
  },
  pitfalls: [
    'Jitsu signs nothing, so the secret is not enforced until you say so.',
    'A request that is refused comes back for most of a day; what was wrong can be put right meanwhile.',
    'An anonymous event has no user id: its trigger is skipped with `required_field_missing`.',
    'Functions in Jitsu may rename or drop fields before the webhook: look at a real event first.',
    'An alias is logged; no users are merged.',
  ],
  samples: cdpSamples({
    headers: { 'content-type': 'application/json' },
    envelope: (user, make) => {
      const time = new Date(make.nowMs).toISOString();
      return {
        context: {
          library: { name: '@jitsu/js', version: '2.0.0', env: 'browser' },
          ip: '203.0.113.7',
          locale: 'en-GB',
          page: { path: '/checkout', title: 'Checkout', url: 'https://shop.example.com/checkout' },
          traits: { email: user.email },
        },
        requestIp: '203.0.113.7',
        sentAt: time,
        receivedAt: time,
        writeKey: 'js.example:***',
      };
    },
    mix: [
      { eventType: 'track/order_completed', weight: 60 },
      { eventType: 'page', weight: 30 },
      { eventType: 'track/product_viewed', weight: 10 },
    ],
  }),
};
