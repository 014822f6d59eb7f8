import * as z from 'zod';
import { isoTimeMs } from '../../iso-time.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import { type BatchWrapper, type FieldProblem, typeName } from '../source.ts';

// Odd values of optional fields are what loose clients send; the event is worth more than the field.
const json = z.custom<JsonValue>().optional();
const map = z.custom<JsonObject>(isJsonObject).optional().catch(undefined);

/**
 * What customer data platforms send: the vocabulary of the Segment spec, which RudderStack and others share.
 * https://segment.com/docs/connections/spec/common/
 */
export const CdpPayload = z.object({
  type: json,
  event: json,
  userId: json,
  properties: map,
  traits: map,
  context: z.object({ traits: map }).optional().catch(undefined),
  timestamp: json,
  originalTimestamp: json,
});
export type CdpPayload = z.infer<typeof CdpPayload>;

/** What a client of these platforms' own HTTP APIs sends (`/v1/batch`), not what their webhook destinations do. */
export const cdpBatchWrapper: BatchWrapper = {
  list: ['batch'],
  shared: ['context', 'integrations', 'sentAt'],
  unless: 'type',
};

/** `track`, `identify` and so on, in lower case, since some clients send `Identify`; undefined where there is no text. */
export function messageType({ type }: Pick<CdpPayload, 'type'>): string | undefined {
  return typeof type === 'string' ? type.toLowerCase() : undefined;
}

/**
 * `track/<event>` with the name as sent, since names are free text in which case and spaces count; any other type in
 * lower case. A track without a name is `track`.
 */
export function cdpEventType({ type, event }: CdpPayload): string | FieldProblem | undefined {
  if (type === undefined || type === null) return undefined;
  if (typeof type !== 'string') {
    return { field: 'type', got: typeName(type), wanted: 'text such as track or identify' };
  }
  const kind = type.toLowerCase();
  if (kind !== 'track' || event === undefined || event === null || event === '') return kind;
  if (typeof event === 'object') return { field: 'event', got: typeName(event), wanted: 'text, the name of the event' };
  return `track/${event}`;
}

/** Types of the vocabulary but track, whose events have names. */
export const cdpTypes = ['identify', 'page', 'screen', 'group', 'alias'];

/** Why `cdpEventType` never gives a type: slips that would otherwise only show as events without a mapping. */
export function cdpNeverOfType(eventType: string): string | undefined {
  if (eventType === 'track') return 'matches only track events without a name; name one: track/order_completed';
  if (eventType.startsWith('track/') || cdpTypes.includes(eventType)) return undefined;
  const lower = eventType.toLowerCase();
  if (cdpTypes.includes(lower) || lower.startsWith('track/'))
    return `"${eventType}" never matches: types are in lower case; the name after track/ is as sent`;
  return `"${eventType}" never matches: a track event has the type track/${eventType}`;
}

/** The person's traits: SDKs send them in `context.traits`, in `traits`, or some in each; the outer ones are newer. */
export function mergedTraits({ traits, context }: CdpPayload): JsonObject {
  return { ...context?.traits, ...traits };
}

/** `properties` of what somebody did, the person's traits of an identify, the group's of a group. */
export function cdpData(payload: CdpPayload): JsonObject | undefined {
  switch (messageType(payload)) {
    case 'identify':
      return mergedTraits(payload);
    case 'group':
      return payload.traits;
    default:
      return payload.properties;
  }
}

// Fields of a user that a mapping names one by one, and identifiers, which are no properties of a person.
const reservedTraits = new Set([
  ...['name', 'email', 'phone', 'avatar', 'locale', 'timezone'],
  ...['id', 'userId', 'anonymousId', 'createdAt', 'created_at'],
]);

/**
 * For identify: `custom_traits`, all traits that have no field of their own, and `created_at`, when the sender's is an
 * ISO 8601 date-time.
 */
export function cdpPreprocess(payload: CdpPayload): JsonObject {
  if (messageType(payload) !== 'identify') return {};
  const traits = mergedTraits(payload);
  const createdAt = [traits.createdAt, traits.created_at].find((value) => isoTimeMs(value) !== undefined);
  return {
    custom_traits: Object.fromEntries(Object.entries(traits).filter(([name]) => !reservedTraits.has(name))),
    ...(createdAt !== undefined && { created_at: createdAt }),
  };
}

/** `timestamp` is corrected for the client's clock; `originalTimestamp` is that clock. */
export function cdpOccurredAtMs({ timestamp, originalTimestamp }: CdpPayload): number | undefined {
  return isoTimeMs(timestamp) ?? isoTimeMs(originalTimestamp);
}
