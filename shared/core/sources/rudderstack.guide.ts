import type { SourceGuide } from './guide.ts';
import { cdpIdentifyMapping, cdpSamples, cdpTriggerMapping } from './parts/cdp.guide.ts';
import { rudderstackBehaviour, rudderstackEnvelope, rudderstackHeaders } from './parts/rudderstack.guide.ts';

export const guide: SourceGuide = {
  category: 'Customer data platform',
  about: 'Sends what users of your site, app or servers do, event by event, from a destination of type Webhook.',
  setup: [
    'In the RudderStack dashboard, open the source whose events you want and add a destination of type Webhook.',
    'Webhook URL: {url}',
    'URL method: POST. Connection mode: cloud.',
    'Optional: add the header x-webhook-secret with the secret that you set with `npx signalbox secrets set {key}`.',
  ],
  secret: { from: 'chosen', where: "the destination's connection settings, Headers: x-webhook-secret" },
  eventType: {
    rule: '`track/` and the name as sent for a track event, else the type in lower case.',
    examples: ['track/order_completed', 'identify', 'page'],
  },
  key: '`messageId` (or `message_id`)',
  defaultMappings: [
    cdpIdentifyMapping,
    cdpTriggerMapping(
      'track/order_completed',
      'order-completed',
      'Starts the workflow for whoever completed the order. A recipient who was never identified gets no run; to create the user on the way, map a recipient object: `recipients: { id: user_id, email: data.email }`.',
    ),
  ],
  behaviour: rudderstackBehaviour,
  pitfalls: [
    'RudderStack signs nothing and drops what is answered 401, so the secret is not enforced until you say so.',
    'An anonymous event has no user id: its trigger is skipped with `required_field_missing`.',
    'Identify often comes after the first track event of a new user; describe the recipient inline where that matters.',
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
