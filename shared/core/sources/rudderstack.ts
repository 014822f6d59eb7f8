import { sharedHeader } from '../signatures/shared-header.ts';
import { CdpPayload, cdpData, cdpEventType, cdpOccurredAtMs, cdpPreprocess } from './parts/cdp-payload.ts';
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
  keptHeaders: ['x-rudder-instance-id'],
  payload: CdpPayload,
  eventType: cdpEventType,
  // The second is how some old clients spell it.
  idempotencyKeyPaths: ['body.messageId', 'body.message_id'],
  userId: ({ userId }) => userId,
  data: cdpData,
  preprocess: cdpPreprocess,
  occurredAtMs: cdpOccurredAtMs,
  // Not what the destination sends, but what a client of RudderStack's own HTTP API does (`/v1/batch`).
  batchWrapper: { list: 'batch', shared: ['context', 'integrations', 'sentAt'], unless: 'type' },
});
