import { sharedHeader } from '../signatures/shared-header.ts';
import { afterServerFaults, type SourceGuide } from './guide.ts';
import { cdpIdentifyMapping, cdpSamples, cdpTriggerMapping } from './parts/cdp-guide.ts';
import {
  CdpPayload,
  cdpData,
  cdpEventType,
  cdpNeverOfType,
  cdpOccurredAtMs,
  cdpPreprocess,
  cdpTypes,
} from './parts/cdp-payload.ts';
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
  // Not what the destination sends, but what a client of RudderStack's own HTTP API does (`/v1/batch`).
  batchWrapper: { list: ['batch'], shared: ['context', 'integrations', 'sentAt'], unless: 'type' },
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
  behaviour: {
    retries: '408, 429, 5xx, and no answer within 10 s',
    schedule: 'after 10 s, doubling to 5 min, for at least 3 h (its open-source defaults)',
    drops: 'any other answer: the event is lost for good',
    timeout: '10 s',
    sendsAgainAfter: afterServerFaults,
  },
  pitfalls: [
    'RudderStack signs nothing and drops what is answered 401, so the secret is not enforced until you say so.',
    'An anonymous event has no user id: its trigger is skipped with `required_field_missing`.',
    'Identify often comes after the first track event of a new user; describe the recipient inline where that matters.',
  ],
  samples: cdpSamples({
    headers: { 'content-type': 'application/json', 'user-agent': 'RudderLabs' },
    envelope: (user, make) => ({
      channel: 'web',
      context: {
        app: { name: 'Shop', version: '2.4.0' },
        library: { name: 'RudderLabs JavaScript SDK', version: '3.11.10' },
        locale: 'en-GB',
        timezone: 'Europe/Berlin',
        ip: '203.0.113.7',
        userAgent:
          'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36',
        page: { path: '/checkout', title: 'Checkout', url: 'https://shop.example.com/checkout' },
        traits: { name: user.name, email: user.email },
      },
      integrations: { All: true },
      request_ip: '203.0.113.7',
      ...Object.fromEntries(
        ['originalTimestamp', 'sentAt', 'receivedAt'].map((name) => [name, new Date(make.nowMs).toISOString()]),
      ),
    }),
    mix: [
      { eventType: 'track/order_completed', weight: 70 },
      { eventType: 'page', weight: 20 },
      { eventType: 'track/product_viewed', weight: 10 },
    ],
  }),
});
