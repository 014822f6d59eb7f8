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
 * Under which name Freshpaint sends traits is not documented: they are read from every place they could be in, key by key,
 * the likelier place first.
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
  // Freshpaint signs nothing; a header with a secret can be added in the destination's settings.
  verifier: sharedHeader('x-webhook-secret'),
  // What it does after a 401 is not documented: a wrong secret could lose events.
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
