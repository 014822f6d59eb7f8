import { sharedHeader } from '../signatures/shared-header.ts';
import type { SourceGuide } from './guide.ts';
import { cdpIdentifyMapping, cdpSamples, cdpTriggerMapping } from './parts/cdp-guide.ts';
import {
  CdpPayload,
  cdpBatchWrapper,
  cdpData,
  cdpEventType,
  cdpNeverOfType,
  cdpOccurredAtMs,
  cdpPreprocess,
  cdpTypes,
} from './parts/cdp-payload.ts';
import { rudderstackBehaviour, rudderstackEnvelope, rudderstackHeaders } from './parts/rudderstack-sender.ts';
import { defineSource } from './source.ts';

/**
 * RudderStack, destination "Webhook": one event to a request, unmodified.
 * Payloads: https://www.rudderstack.com/docs/event-spec/standard-events/
 */
export const rudderstack = defineSource({
  id: 'rudderstack',
  title: 'RudderStack',
  docs: 'https://www.rudderstack.com/docs/destinations/webhooks/setup-guide/',
  // RudderStack signs nothing; a header with a secret can be added in the destination's settings.
  verifier: sharedHeader('x-webhook-secret'),
  // It drops for good what is answered 401, so a wrong secret would lose events.
  settings: { enforcement: 'off' },
  keptHeaders: ['x-rudder-instance-id'],
  payload: CdpPayload,
  eventType: cdpEventType,
  fixedTypes: cdpTypes,
  neverOfType: cdpNeverOfType,
  // The second is how some old clients spell it.
  idempotencyKeyPaths: ['body.messageId', 'body.message_id'],
  userId: ({ userId }) => userId,
  data: cdpData,
  preprocess: cdpPreprocess,
  occurredAtMs: cdpOccurredAtMs,
  batchWrapper: cdpBatchWrapper,
});

/** For people and tools: set-up, defaults, samples. */
export const guide = (): SourceGuide => ({
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
  samples: cdpSamples({
    headers: rudderstackHeaders,
    envelope: rudderstackEnvelope,
    mix: [
      { eventType: 'track/order_completed', weight: 70 },
      { eventType: 'page', weight: 20 },
      { eventType: 'track/product_viewed', weight: 10 },
    ],
  }),
});
