import { sharedHeader } from '../signatures/shared-header.ts';
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
 * Jitsu, destination "Webhook": one event to a request, in the vocabulary of Segment.
 * https://github.com/jitsucom/jitsu/blob/newjitsu/libs/core-functions/src/functions/webhook-destination.ts
 */
export const jitsu = defineSource({
  id: 'jitsu',
  title: 'Jitsu',
  docs: 'https://docs.jitsu.com/',
  // Jitsu does not sign; the destination's settings can add a header with a secret.
  verifier: sharedHeader('x-webhook-secret'),
  // It retries after 10, 100 and 1,000 minutes, less than a day in all; its operator can extend
  // that by a day.
  settings: { enforcement: 'off', windowHours: 48 },
  keptHeaders: [],
  payload: CdpPayload,
  eventType: cdpEventType,
  neverOfType: cdpNeverOfType,
  idempotencyKeyPaths: ['body.messageId'],
  userId: ({ userId }) => userId,
  data: cdpData,
  preprocess: cdpPreprocess,
  occurredAtMs: cdpOccurredAtMs,
});
