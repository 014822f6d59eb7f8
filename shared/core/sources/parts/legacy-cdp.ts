import { unsigned } from '../../signatures/unsigned.ts';
import type { SourceGuide } from '../guide.ts';
import type { FieldProblem } from '../source.ts';
import { cdpIdentifyMapping, cdpTriggerMapping } from './cdp-guide.ts';
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

/** What people need to know of all of them. */
export function legacyCdpGuide(): Pick<SourceGuide, 'eventType' | 'key' | 'defaultMappings' | 'pitfalls'> {
  return {
    eventType: {
      rule: 'the name as sent for a track event, without a prefix, else the type in lower case; a track event that is named like a type keeps `track/` in front.',
      examples: ['Order Completed', 'identify', 'page', 'track/identify'],
    },
    key: '`messageId`',
    defaultMappings: [
      {
        ...cdpIdentifyMapping,
        about:
          'Keeps the user current, once identify is switched on in the settings. Traits are read from `traits` alone.',
      },
      {
        ...cdpTriggerMapping(
          'Order Completed',
          'order-completed',
          'Starts the workflow for whoever completed the order.',
        ),
        optional: true,
      },
    ],
    pitfalls: [
      'Whoever knows the URL can send: keep it secret.',
      'Until identify is switched on, identify events are logged `identify_disabled` and change nobody.',
      'Until idempotency is switched on, an event that is delivered twice runs twice.',
      'Traits in `context.traits` alone are not read; copy them to `traits` before they are sent.',
      'An anonymous event has no user id: its trigger is skipped with `required_field_missing`.',
      'An alias is logged; no users are merged.',
    ],
  };
}
