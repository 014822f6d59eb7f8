import { sharedHeader } from '../signatures/shared-header.ts';
import {
  CdpPayload,
  cdpData,
  cdpEventType,
  cdpNeverOfType,
  cdpOccurredAtMs,
  cdpPreprocess,
  messageType,
} from './parts/cdp-payload.ts';
import { defineSource } from './source.ts';

/**
 * Freshpaint does not document where it sends traits. They are read key by key from every possible
 * place, the likelier one first.
 */
function withTraits(payload: CdpPayload): CdpPayload {
  const { traits, context, properties } = payload;
  switch (messageType(payload)) {
    case 'identify':
      return { ...payload, traits: { ...properties, ...context?.traits, ...traits } };
    case 'group':
      return { ...payload, traits: { ...properties, ...traits } };
    default:
      return payload;
  }
}

/** Freshpaint, destination "Webhooks": one event to a request, in the vocabulary of Segment. */
export const freshpaint = defineSource({
  id: 'freshpaint',
  title: 'Freshpaint',
  docs: 'https://documentation.freshpaint.io/integrations/destinations/apps/webhooks',
  // Freshpaint does not sign; the destination's settings can add a header with a secret.
  verifier: sharedHeader('x-webhook-secret'),
  // Its reaction to a 401 is not documented: a wrong secret could lose events.
  settings: { enforcement: 'off' },
  keptHeaders: [],
  payload: CdpPayload.transform(withTraits),
  eventType: cdpEventType,
  neverOfType: cdpNeverOfType,
  idempotencyKeyPaths: ['body.messageId'],
  userId: ({ userId }) => userId,
  data: cdpData,
  preprocess: cdpPreprocess,
  occurredAtMs: cdpOccurredAtMs,
});
