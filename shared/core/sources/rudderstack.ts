import { sharedHeader } from '../signatures/shared-header.ts';
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
import { defineSource } from './source.ts';

/**
 * RudderStack, destination "Webhook": one event to a request, unmodified.
 * Payloads: https://www.rudderstack.com/docs/event-spec/standard-events/
 */
export const rudderstack = defineSource({
  id: 'rudderstack',
  title: 'RudderStack',
  docs: 'https://www.rudderstack.com/docs/destinations/webhooks/setup-guide/',
  // RudderStack does not sign; the destination's settings can add a header with a secret.
  verifier: sharedHeader('x-webhook-secret'),
  // It drops an event for good after a 401, so a wrong secret would lose events.
  settings: { enforcement: 'off' },
  keptHeaders: ['x-rudder-instance-id'],
  payload: CdpPayload,
  eventType: cdpEventType,
  fixedTypes: cdpTypes,
  neverOfType: cdpNeverOfType,
  // Some old clients use the second spelling.
  idempotencyKeyPaths: ['body.messageId', 'body.message_id'],
  userId: ({ userId }) => userId,
  data: cdpData,
  preprocess: cdpPreprocess,
  occurredAtMs: cdpOccurredAtMs,
  batchWrapper: cdpBatchWrapper,
});
