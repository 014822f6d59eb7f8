import { afterAnyFault, type SourceGuide } from './guide.ts';
import { cdpIdentifyMapping, cdpSamples, cdpTriggerMapping } from './parts/cdp.guide.ts';

export const guide: SourceGuide = {
  category: 'Customer data platform',
  about: 'Sends what users of your site, app or servers do, event by event, from a destination Webhook.',
  setup: [
    'In Jitsu, add a destination Webhook, and connect it to the source whose events you want.',
    'URL: {url}',
    'Method: POST.',
    'To have requests checked, choose a secret, set it with `npx signalbox secrets set {key}`, and add the header `x-webhook-secret` with the same value; it must hold no colon, because Jitsu cuts a header off at the second one. Then switch the check on: `npx signalbox settings set {key} --enforce on`.',
  ],
  secret: { from: 'chosen', where: "the destination's headers, as `x-webhook-secret`" },
  eventType: {
    rule: 'A track event has the type `track/` and its name as sent; any other event has its type in lower case.',
    examples: ['track/invite_sent', 'identify', 'page'],
  },
  key: '`messageId`',
  defaultMappings: [
    cdpIdentifyMapping,
    {
      ...cdpTriggerMapping(
        'track/order_completed',
        'order-completed',
        'Starts the workflow for the user who completed the order.',
      ),
      optional: true,
    },
  ],
  behaviour: {
    timeout: 'Jitsu does not say how long it waits for an answer.',
    retries:
      'It sends again after any answer but 2xx, 4xx included, and after connection errors: after 10, 100 and 1,000 min by its open-source defaults.',
    drops: 'After its last attempt the event goes to its dead letters.',
    retryHours: 18.5,
    sendsAgainAfter: afterAnyFault,
  },
  pitfalls: [
    'Jitsu signs nothing, so the secret is not enforced until you say so.',
    'A refused request comes again for most of a day, so there is time to correct what was wrong.',
    'An anonymous event has no user id. What needs one is skipped with `required_field_missing`.',
    'Functions in Jitsu may rename or drop fields before the webhook. Look at a real event first.',
    'An alias is logged. It merges no users.',
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
