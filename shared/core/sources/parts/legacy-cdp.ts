import { unsigned } from '../../signatures/unsigned.ts';
import type { FieldProblem } from '../source.ts';
import { CdpPayload, cdpData, cdpEventType, cdpOccurredAtMs, cdpPreprocess, messageType } from './cdp-payload.ts';

const messageTypes = new Set(['track', 'identify', 'page', 'screen', 'group', 'alias']);

/**
 * A track event's name, or any other type in lower case. A name that equals a type keeps the prefix
 * `track/`: an event called `identify` must not overwrite a user's fields with its properties.
 */
export function legacyEventType(payload: CdpPayload): string | FieldProblem | undefined {
  const eventType = cdpEventType(payload);
  const start = 'track/';
  if (messageType(payload) !== 'track' || typeof eventType !== 'string' || !eventType.startsWith(start)) {
    return eventType;
  }
  const name = eventType.slice(start.length);
  return messageTypes.has(name) ? eventType : name;
}

/** Why `legacyEventType` never gives a type, above all the prefix of today's kinds. */
export function legacyNeverOfType(eventType: string): string | undefined {
  const [start, ...rest] = eventType.split('/');
  const name = rest.join('/');
  if (start !== 'track' || rest.length === 0 || messageTypes.has(name)) return undefined;
  return `names have no prefix in a source of this kind; write ${name}`;
}

/**
 * The common part of sources of the first generation: requests are unsigned, names have no prefix,
 * and a person's traits are only at the top level. Everything except starting workflows is switched
 * on per environment.
 */
export const legacyCdp = {
  verifier: unsigned('sources of this kind are known by their URL alone; the kind without -legacy can check requests'),
  settings: { enforcement: 'off', identify: false, idempotency: false },
  // Without its context a person's traits are those at the top level.
  payload: CdpPayload.omit({ context: true }),
  eventType: legacyEventType,
  neverOfType: legacyNeverOfType,
  idempotencyKeyPaths: ['body.messageId'],
  userId: ({ userId }: CdpPayload) => userId,
  data: cdpData,
  preprocess: cdpPreprocess,
  occurredAtMs: cdpOccurredAtMs,
} as const;
