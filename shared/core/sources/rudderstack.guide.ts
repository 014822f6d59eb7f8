import type { SourceGuide } from './guide.ts';
import { cdpIdentifyMapping, cdpSamples, cdpTriggerMapping } from './parts/cdp.guide.ts';
import { rudderstackBehaviour, rudderstackEnvelope, rudderstackHeaders } from './parts/rudderstack.guide.ts';

export const guide: SourceGuide = {
  category: 'Customer data platform',
  about: 'Sends what users of your site, app or servers do, event by event, from a destination of type Webhook.',
  setup: [
    'In the RudderStack dashboard, open the source whose events you want, and add a destination of type Webhook.',
    'Webhook URL: {url}',
    'URL method: POST. Connection mode: cloud.',
    'To have requests checked, choose a secret, set it with `npx signalbox secrets set {key}`, and add the header `x-webhook-secret` with the same value. Then switch the check on: `npx signalbox settings set {key} --enforce on`.',
  ],
  secret: { from: 'chosen', where: "the destination's connection settings, under Headers, as `x-webhook-secret`" },
  eventType: {
    rule: 'A track event has the type `track/` and its name as sent; any other event has its type in lower case.',
    examples: ['track/order_completed', 'identify', 'page'],
  },
  key: '`messageId` (or `message_id`)',
  defaultMappings: [
    cdpIdentifyMapping,
    cdpTriggerMapping(
      'track/order_completed',
      'order-completed',
      'Starts the workflow for the user who completed the order. A recipient who was never identified gets no run. To create the user on the way, map a recipient object: `recipients: { id: user_id, email: data.email }`.',
    ),
  ],
  behaviour: rudderstackBehaviour,
  pitfalls: [
    'RudderStack signs nothing and drops what is answered 401, so the secret is not enforced until you say so.',
    'An anonymous event has no user id. What needs one is skipped with `required_field_missing`.',
    'The first identify of a new user often comes after their first track event. Describe the recipient inline where that matters.',
    'A trait of null empties what it names, fields as well as properties.',
  ],
  inDepth: { page: 'rudderstack.md', title: 'RudderStack in depth' },
  samples: cdpSamples({
    headers: rudderstackHeaders,
    envelope: rudderstackEnvelope,
    mix: [
      { eventType: 'track/order_completed', weight: 70 },
      { eventType: 'page', weight: 20 },
      { eventType: 'track/product_viewed', weight: 10 },
    ],
  }),
};
