import * as z from 'zod';
import { eventTimeMs } from '../../event-time.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import { type BatchWrapper, type FieldProblem, typeName } from '../source.ts';
import { createdAtOf } from './created-at.ts';
import { isPresent } from './present.ts';

// Loose clients send odd values in optional fields; the event is worth more than the field.
const json = z.custom<JsonValue>().optional();
const map = z.custom<JsonObject>(isJsonObject).optional().catch(undefined);

/**
 * The payloads of customer data platforms: the vocabulary of the Segment spec, which RudderStack
 * and others share. https://segment.com/docs/connections/spec/common/
 */
export const CdpPayload = z.object({
  type: json,
  event: json,
  userId: json,
  anonymousId: json,
  properties: map,
  traits: map,
  context: z.object({ traits: map }).optional().catch(undefined),
  timestamp: json,
  originalTimestamp: json,
});
export type CdpPayload = z.infer<typeof CdpPayload>;

/**
 * Clients of these platforms' HTTP APIs (`/v1/batch`) send it; their webhook destinations do not.
 */
export const cdpBatchWrapper: BatchWrapper = {
  list: ['batch'],
  shared: ['context', 'integrations', 'sentAt'],
  unless: 'type',
};

/**
 * `track`, `identify` and so on, in lower case, since some clients send `Identify`; undefined
 * without text.
 */
export function messageType({ type }: Pick<CdpPayload, 'type'>): string | undefined {
  return typeof type === 'string' ? type.toLowerCase() : undefined;
}

/**
 * `track/<event>` with the exact name, in which case and spaces count; any other type in lower
 * case. A track without a name is `track`.
 */
export function cdpEventType({ type, event }: CdpPayload): string | FieldProblem | undefined {
  if (type === undefined || type === null) return undefined;
  if (typeof type !== 'string') {
    return { field: 'type', got: typeName(type), wanted: 'text such as track or identify' };
  }
  const kind = type.toLowerCase();
  if (kind !== 'track' || event === undefined || event === null || isBlank(event)) return kind;
  if (typeof event === 'object') return { field: 'event', got: typeName(event), wanted: 'text, the name of the event' };
  return `track/${event}`;
}

const isBlank = (value: JsonValue) => typeof value === 'string' && value.trim() === '';

/** Types of the vocabulary except track, whose events have names. */
export const cdpTypes = ['identify', 'page', 'screen', 'group', 'alias'];

/**
 * Why `cdpEventType` never gives a type. Such a mistake would otherwise only show as events without
 * a mapping.
 */
export function cdpNeverOfType(eventType: string): string | undefined {
  if (eventType === 'track') return 'matches only track events without a name; name one: track/order_completed';
  if (eventType.startsWith('track/') || cdpTypes.includes(eventType)) return undefined;
  const lower = eventType.toLowerCase();
  if (cdpTypes.includes(lower) || lower.startsWith('track/'))
    return `"${eventType}" never matches: types are in lower case; the name after track/ is as sent`;
  return `"${eventType}" never matches: a track event has the type track/${eventType}`;
}

/**
 * The person's traits. SDKs send them in `context.traits`, in `traits`, or in both; the outer ones
 * are newer.
 */
export function mergedTraits({ traits, context }: CdpPayload): JsonObject {
  return { ...context?.traits, ...traits };
}

/** `properties` of an event, the person's traits of an identify, the group's traits of a group. */
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

/** Traits that the default mapping reads separately, as fields of a user. */
const fieldTraits: readonly string[] = ['name', 'email', 'phone', 'avatar', 'locale', 'timezone'];
/** Whether a trait repeats the event's user id, as SDKs do. */
function repeatsAnId(name: string, value: JsonValue, { userId, anonymousId }: CdpPayload): boolean {
  if (name !== 'id' && name !== 'userId' && name !== 'anonymousId') return false;
  return !isPresent(value) || String(value) === String(name === 'anonymousId' ? anonymousId : userId);
}

/**
 * For identify: `custom_traits`, all traits without a field, so that none is lost; and
 * `created_at`, if `created_at` or `createdAt` is a time in a usual form. A program sends null on
 * purpose, so a null trait empties the field or property that it names. The directory does both
 * when the trait is among the properties. docs/decisions/0021-what-empty-values-mean.md
 */
export function cdpPreprocess(payload: CdpPayload): JsonObject {
  if (messageType(payload) !== 'identify') return {};
  const traits = mergedTraits(payload);
  const createdAt = createdAtOf(traits);
  const isTaken = (name: string, value: JsonValue) =>
    (fieldTraits.includes(name) && value !== null) || name === createdAt?.name || repeatsAnId(name, value, payload);
  return {
    custom_traits: Object.fromEntries(Object.entries(traits).filter(([name, value]) => !isTaken(name, value))),
    ...(createdAt && { created_at: createdAt.text }),
  };
}

/**
 * `timestamp` is corrected for the client's clock; `originalTimestamp` is that clock. Numbers count
 * too: if they were ignored, a backfill with numbers would count as new and overwrite newer data.
 */
export function cdpOccurredAtMs({ timestamp, originalTimestamp }: CdpPayload): number | undefined {
  return eventTimeMs(timestamp) ?? eventTimeMs(originalTimestamp);
}
