import { unsigned } from '../../signatures/unsigned.ts';
import type { FieldProblem } from '../source.ts';
import { CdpPayload, cdpData, cdpEventType, cdpOccurredAtMs, cdpPreprocess, messageType } from './cdp-payload.ts';

const messageTypes = new Set(['track', 'identify', 'page', 'screen', 'group', 'alias']);

/**
 * A track event's name itself, any other type in lower case. A name that is the name of a type keeps `track/` in front:
 * whoever tracks an event `identify` must not overwrite a user's fields with its properties.
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

/** Why `legacyEventType` never gives a type: above all the prefix that the kinds of today have. */
export function legacyNeverOfType(eventType: string): string | undefined {
  const [start, ...rest] = eventType.split('/');
  const name = rest.join('/');
  if (start !== 'track' || rest.length === 0 || messageTypes.has(name)) return undefined;
  return `names have no prefix in a source of this kind; write ${name}`;
}

/**
 * What sources of the first generation have in common: nobody signs, names have no prefix, a person's traits are at the
 * top level alone, and what a source does besides starting workflows is switched on per environment.
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
