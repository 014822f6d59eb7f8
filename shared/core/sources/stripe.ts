import * as z from 'zod';
import { eventTimeMs } from '../event-time.ts';
import { isJsonObject, type JsonValue } from '../json/values.ts';
import { hmac } from '../signatures/hmac.ts';
import { looseField, looseMap, typeInField } from './parts/loose-fields.ts';
import { defineSource } from './source.ts';

/**
 * Stripe, a webhook endpoint: one event per request, with the object as it was at that time, or a
 * thin event that only names it. Payloads: https://docs.stripe.com/api/events/object
 */
export const stripe = defineSource({
  id: 'stripe',
  title: 'Stripe',
  docs: 'https://docs.stripe.com/webhooks',
  // The key is the secret's whole text, whsec_ included. https://docs.stripe.com/webhooks#verify-manually
  verifier: hmac({
    algorithm: 'sha256',
    encoding: 'hex',
    header: 'stripe-signature',
    format: { kind: 'elements', signature: 'v1', timestamp: 't' },
    content: '{timestamp}.{body}',
    timestamp: { unit: 'seconds', toleranceSeconds: 300 },
    key: 'text',
    secretProblem: stripeSecretProblem,
  }),
  signs: true,
  single: true,
  // Stripe retries for three days.
  settings: { enforcement: 'on', windowHours: 96 },
  keptHeaders: [],
  payload: z.object({ type: looseField, created: looseField, data: looseMap }),
  eventType: ({ type }) => typeInField('type', type, 'invoice.paid'),
  eventTypeWanted: 'text in the field "type", such as invoice.paid',
  idempotencyKeyPaths: ['body.id'],
  userId: ({ data }) => customerIn(data?.object),
  data: ({ data }) => data,
  occurredAtMs: ({ created }) => eventTimeMs(created),
});

/**
 * The signing secret of an endpoint, in its documented form. Its text, `whsec_` included, is the
 * key.
 */
function stripeSecretProblem(secret: string): string | undefined {
  if (/^(sk|pk|rk)_(test|live)_/.test(secret))
    return 'is an API key of Stripe; the signing secret of the endpoint begins with whsec_';
  return /^whsec_[A-Za-z0-9_+/=-]{4,}$/.test(secret)
    ? undefined
    : 'must be the signing secret of the endpoint, which begins with whsec_; copy it whole';
}

/** The customer that an object is or belongs to; it may be expanded. A thin event has no object. */
function customerIn(object: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(object)) return undefined;
  if (object.object === 'customer') return object.id;
  return isJsonObject(object.customer) ? object.customer.id : object.customer;
}
