import * as z from 'zod';
import { eventTimeMs } from '../event-time.ts';
import { isJsonObject, type JsonObject } from '../json/values.ts';
import { hmac } from '../signatures/hmac.ts';
import { oneWord } from '../signatures/verifier.ts';
import { fullName } from './parts/full-name.ts';
import { isPresent } from './parts/present.ts';
import { defineSource, type FieldProblem, type SourceRequest } from './source.ts';

/** Headers of every webhook. Newer API versions write them without `x-`. */
const headerNames = ['topic', 'shop-domain', 'webhook-id', 'event-id', 'api-version', 'triggered-at'].map(
  (name) => `shopify-${name}`,
);

const headerOf = (headers: Record<string, string>, name: string) => headers[`x-${name}`] ?? headers[name];

/**
 * Shopify webhooks: the body is the resource as it is now; headers say what happened to it.
 * Payloads: https://shopify.dev/docs/api/webhooks
 */
export const shopify = defineSource({
  id: 'shopify',
  title: 'Shopify',
  docs: 'https://shopify.dev/docs/apps/build/webhooks',
  // Covers only the body, neither time nor headers.
  // https://shopify.dev/docs/apps/build/webhooks/subscribe/https
  verifier: hmac({
    algorithm: 'sha256',
    encoding: 'base64',
    header: 'x-shopify-hmac-sha256',
    otherHeaders: ['shopify-hmac-sha256'],
    format: { kind: 'whole' },
    content: '{body}',
    key: 'text',
    secretProblem: oneWord,
  }),
  signs: true,
  // Type and key belong to the request, so a list would count as one event and its copies.
  single: true,
  // Shopify retries for four hours.
  settings: { enforcement: 'on', windowHours: 24 },
  keptHeaders: headerNames.flatMap((name) => [`x-${name}`, name]),
  payload: z.custom<JsonObject>(isJsonObject),
  eventType(body, { headers }) {
    const topic = headerOf(headers, 'shopify-topic');
    return topic === undefined ? undefined : (topicProblem(topic, body, headers) ?? topic);
  },
  eventTypeWanted: 'the header x-shopify-topic, such as orders/create, which Shopify sends with every webhook',
  idempotencyKeyPaths: ['headers.x-shopify-webhook-id', 'headers.shopify-webhook-id'],
  // The buyer. A guest's order has no customer.
  userId: (body, request) => customerOf(body, request)?.id,
  data: (body) => body,
  preprocess(body, request) {
    const customer = customerOf(body, request);
    const name = fullName(customer?.first_name, customer?.last_name);
    return { ...(name !== undefined && { full_name: name }) };
  },
  // Signed values come first: with a header's time, an old body that is sent again would overwrite
  // newer data.
  occurredAtMs: ({ updated_at, created_at }, { headers }) =>
    eventTimeMs(updated_at) ?? eventTimeMs(created_at) ?? eventTimeMs(headerOf(headers, 'shopify-triggered-at')),
});

/**
 * The body's customer, else the body itself if it is a customer: a privacy request only names its
 * customer.
 */
function customerOf(body: JsonObject, { headers }: SourceRequest): JsonObject | undefined {
  if (isJsonObject(body.customer)) return body.customer;
  return headerOf(headers, 'shopify-topic')?.startsWith('customers/') ? body : undefined;
}

// After a deletion Shopify only sends the id of these.
const deletions: ReadonlySet<string> = new Set([
  'customers/delete',
  'orders/delete',
  'products/delete',
  'draft_orders/delete',
]);
const knowledge = [
  'created_at',
  'updated_at',
  'email',
  'first_name',
  'last_name',
  'state',
  'name',
  'title',
  'total_price',
];

/**
 * Why a topic cannot belong to the body. The signature does not cover the topic, so an observer of
 * a signed `customers/update` could send it again as `customers/delete`. Decision:
 * docs/decisions/0023-unsigned-topics.md
 */
function topicProblem(topic: string, body: JsonObject, headers: Record<string, string>): FieldProblem | undefined {
  const problem = (got: string, wanted: string) => ({ field: 'headers.x-shopify-topic', got, wanted });
  const other = headers['shopify-topic'];
  if (other !== undefined && other !== topic)
    return problem('two topics that differ', 'the same in both of its headers');
  const known = deletions.has(topic) ? knowledge.find((name) => isPresent(body[name])) : undefined;
  if (known !== undefined)
    return problem(
      `${topic} over a body with "${known}"`,
      'a topic that fits the signed body: a deletion has an id alone',
    );
  if (topic.endsWith('/redact') && !isPresent(body.shop_id) && !isPresent(body.shop_domain))
    return problem(
      `${topic} over a body without a shop`,
      'a topic that fits the signed body: a redaction names its shop',
    );
  if (topic === 'orders/cancelled' && !isPresent(body.cancelled_at))
    return problem(`${topic} over an order without cancelled_at`, 'a topic that fits the signed body');
  return undefined;
}
