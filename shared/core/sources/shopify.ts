import * as z from 'zod';
import { eventTimeMs } from '../event-time.ts';
import { isJsonObject, type JsonObject } from '../json/values.ts';
import { hmac } from '../signatures/hmac.ts';
import { oneWord } from '../signatures/verifier.ts';
import { fullName } from './parts/full-name.ts';
import { defineSource, type SourceRequest } from './source.ts';

const topicHeader = 'x-shopify-topic';

/**
 * Shopify webhooks: the resource as it is now; what happened to it is in the headers.
 * Payloads: https://shopify.dev/docs/api/webhooks
 */
export const shopify = defineSource({
  id: 'shopify',
  title: 'Shopify',
  docs: 'https://shopify.dev/docs/apps/build/webhooks',
  // Covers the body alone, neither its time nor the headers. https://shopify.dev/docs/apps/build/webhooks/subscribe/https
  verifier: hmac({
    algorithm: 'sha256',
    encoding: 'base64',
    header: 'x-shopify-hmac-sha256',
    format: { kind: 'whole' },
    content: '{body}',
    key: 'text',
    secretProblem: oneWord,
  }),
  signs: true,
  // Its type and key belong to the request, so a list would be one event and its copies.
  single: true,
  // Shopify tries again for four hours.
  settings: { enforcement: 'on', windowHours: 24 },
  keptHeaders: [
    topicHeader,
    'x-shopify-shop-domain',
    'x-shopify-webhook-id',
    'x-shopify-event-id',
    'x-shopify-api-version',
    'x-shopify-triggered-at',
  ],
  payload: z.custom<JsonObject>(isJsonObject),
  eventType: (_, { headers }) => headers[topicHeader],
  eventTypeWanted: `the header ${topicHeader}, such as orders/create, which Shopify sends with every webhook`,
  idempotencyKeyPaths: ['headers.x-shopify-webhook-id'],
  // Who bought it. A guest's order has no customer.
  userId: (body, request) => customerOf(body, request)?.id,
  data: (body) => body,
  preprocess(body, request) {
    const customer = customerOf(body, request);
    const name = fullName(customer?.first_name, customer?.last_name);
    return { ...(name !== undefined && { full_name: name }) };
  },
  occurredAtMs: ({ updated_at, created_at }, { headers }) =>
    eventTimeMs(headers['x-shopify-triggered-at']) ?? eventTimeMs(updated_at) ?? eventTimeMs(created_at),
});

/** The customer that the body belongs to, else the body itself where it is one: a privacy request only names its customer. */
function customerOf(body: JsonObject, { headers }: SourceRequest): JsonObject | undefined {
  if (isJsonObject(body.customer)) return body.customer;
  return headers[topicHeader]?.startsWith('customers/') ? body : undefined;
}
