import { hmac } from '../signatures/hmac.ts';
import {
  CdpPayload,
  cdpData,
  cdpEventType,
  cdpNeverOfType,
  cdpOccurredAtMs,
  cdpPreprocess,
} from './parts/cdp-payload.ts';
import { defineSource } from './source.ts';

/**
 * Segment, destination "Webhooks (Actions)": one event to a request, or a list of up to 4,000.
 * Signature: https://github.com/segmentio/action-destinations/blob/main/packages/destination-actions/src/destinations/webhook/index.ts
 */
export const segment = defineSource({
  id: 'segment',
  title: 'Segment',
  docs: 'https://www.twilio.com/docs/segment/connections/destinations/catalog/actions-webhook',
  verifier: hmac({
    algorithm: 'sha1',
    encoding: 'hex',
    header: 'x-signature',
    format: { kind: 'whole' },
    content: '{body}',
    key: 'text',
    secretIsChosen: true,
    signsFirstOfList: true,
  }),
  signs: true,
  // A Shared Secret is optional in Segment: without one it does not sign.
  settings: { enforcement: 'once_set' },
  keptHeaders: [],
  payload: CdpPayload,
  eventType: cdpEventType,
  // Segment sends a requested deletion as a separate type.
  neverOfType: (eventType) => (eventType === 'delete' ? undefined : cdpNeverOfType(eventType)),
  idempotencyKeyPaths: ['body.messageId'],
  userId: ({ userId }) => userId,
  data: cdpData,
  preprocess: cdpPreprocess,
  occurredAtMs: cdpOccurredAtMs,
});
