import * as z from 'zod';
import { eventTimeMs } from '../event-time.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import { sharedHeader } from '../signatures/shared-header.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource } from './source.ts';

const json = z.custom<JsonValue>().optional();
const map = z.custom<JsonObject>(isJsonObject).optional().catch(undefined);

const EventMap = z.object({ event: json, distinct_id: json, properties: map, timestamp: json });

/**
 * The flat body of the template for services, or the body of the plain webhook: the whole event as
 * a map.
 */
const Payload = z
  .object({ event: json, userId: json, properties: map, timestamp: json })
  .transform(({ event, userId, properties, timestamp }) => {
    if (!isJsonObject(event)) return { event, userId, properties, timestamp };
    const inner = EventMap.parse(event);
    return { ...inner, userId: inner.distinct_id };
  });

/**
 * PostHog, real-time destination: one event to a request.
 * https://posthog.com/docs/cdp/destinations
 */
export const posthog = defineSource({
  id: 'posthog',
  title: 'PostHog',
  docs: 'https://posthog.com/docs/cdp/destinations',
  // PostHog does not sign; its webhook destinations can send any header.
  verifier: sharedHeader('x-webhook-secret'),
  settings: { enforcement: 'once_set' },
  keptHeaders: [],
  payload: Payload,
  eventType: ({ event }) => typeText('event', event),
  idempotencyKeyPaths: ['body.messageId', 'body.event.uuid'],
  userId: ({ userId }) => userId,
  data: ({ properties }) => properties,
  occurredAtMs: ({ timestamp }) => eventTimeMs(timestamp),
});
