import type { JsonObject } from '../json/values.ts';
import {
  afterAnyFault,
  type DefaultMapping,
  type Sample,
  type SampleMaker,
  type SampleUser,
  type SourceGuide,
} from './guide.ts';

export const guide: SourceGuide = {
  category: 'Webhook',
  about: 'Sends what happens in a shop: customers, carts, orders, fulfilments.',
  setup: [
    'For one shop: in its admin open Settings, Notifications, Webhooks, and create a webhook for each event that you want, in JSON.',
    'For an app: subscribe in shopify.app.toml or with GraphQL. The payloads are the same.',
    'URL: {url}',
    "Set the secret with `npx signalbox secrets set {key}`: the one that the page of webhooks shows, or the app's client secret.",
  ],
  secret: { from: 'vendor', where: "the shop's page of webhooks; of an app it is the client secret" },
  eventType: {
    rule: 'The event type is the header `x-shopify-topic` as sent (`shopify-topic` in newer API versions).',
    examples: ['customers/create', 'orders/create', 'orders/paid'],
  },
  key: 'the header `x-shopify-webhook-id` (or `shopify-webhook-id`), the same on every attempt',
  defaultMappings: [
    ...['create', 'update'].map((what) => ({
      about:
        'Keeps the user current. A name, e-mail or phone that the shop does not know (null or "") overwrites nothing.',
      mapping: {
        id: `customers-${what}`,
        event: `customers/${what}`,
        action: 'users_identify',
        parameters: {
          id: 'body.id',
          name: 'preprocess.full_name',
          email: { first: ['body.email'] },
          phone_number: { first: ['body.phone'] },
        },
      },
    })),
    {
      about:
        "Keeps the customer of an order current, before the workflow below starts. A guest's order has no customer and is skipped.",
      mapping: {
        id: 'orders-create-customer',
        event: 'orders/create',
        action: 'users_identify',
        parameters: {
          id: 'body.customer.id',
          name: 'preprocess.full_name',
          email: { first: ['body.customer.email'] },
          phone_number: { first: ['body.customer.phone'] },
        },
      },
    },
    triggerMapping('orders/create', 'order-confirmation', false),
    triggerMapping('orders/paid', 'order-paid', true),
    triggerMapping('orders/fulfilled', 'order-fulfilled', true),
    triggerMapping('orders/cancelled', 'order-cancelled', true),
    {
      about: 'Deletes the user with its subscriptions and memberships.',
      optional: true,
      mapping: {
        id: 'customers-delete',
        event: 'customers/delete',
        action: 'users_delete',
        parameters: { id: 'body.id' },
      },
    },
  ],
  behaviour: {
    timeout: 'Shopify waits 1 s for a connection and 5 s in all.',
    retries:
      'It sends again after any answer but 2xx and after no answer: 8 times over 4 hours, with the payload as it was first.',
    drops:
      'It drops an event that failed eight times in a row, and deletes the subscription if it was made through the API.',
    retryHours: 4,
    sendsAgainAfter: afterAnyFault,
  },
  pitfalls: [
    "A guest's order has no customer: its actions are skipped with `required_field_missing`.",
    'Ids are numbers; users are known by their digits.',
    'The signature covers the body alone, not the topic, the id or the time. An event whose topic does not fit its body is rejected: `customers/delete` over a whole customer, for one. Someone who has seen a request can still send its body again under another id.',
    'Shops of one app share its secret. `headers.x-shopify-shop-domain` tells them apart.',
    'For up to an hour after the secret was replaced, Shopify may sign with the old one: `npx signalbox secrets rotate {key}` keeps both active.',
    'Events may arrive in any order, and an old one may come late.',
    'Public apps have to take the privacy topics as well (`customers/data_request`, `customers/redact`, `shop/redact`).',
  ],
  samples: {
    headers: { 'content-type': 'application/json', 'user-agent': 'Shopify-Captain-Hook' },
    identify: (user, make) => sample('customers/create', user, make, customer(user, make)),
    ofType(eventType, user, make) {
      switch (eventType) {
        case 'customers/create':
        case 'customers/update':
          return sample(eventType, user, make, customer(user, make));
        case 'customers/delete':
          return sample(eventType, user, make, { id: customerId(user) });
        case 'orders/create':
        case 'orders/updated':
        case 'orders/paid':
        case 'orders/fulfilled':
        case 'orders/cancelled':
          return sample(eventType, user, make, order(user, make, eventType));
        default:
          return undefined;
      }
    },
    mix: [
      { eventType: 'orders/create', weight: 50 },
      { eventType: 'orders/paid', weight: 30 },
      { eventType: 'orders/fulfilled', weight: 15 },
      { eventType: 'customers/update', weight: 5 },
    ],
  },
};

function triggerMapping(event: string, workflow: string, optional: boolean): DefaultMapping {
  return {
    about: 'Starts the workflow for the customer who ordered.',
    ...(optional && { optional }),
    mapping: {
      id: workflow,
      event,
      action: 'workflows_trigger',
      parameters: { key: workflow, recipients: 'body.customer.id', data: 'body' },
    },
  };
}

/**
 * Shopify's ids are numbers: the same one for every event of a sample user. One beyond 2^53 has to
 * be text here.
 */
function customerId({ id }: SampleUser): number | string {
  if (/^[1-9]\d{0,18}$/.test(id)) return Number.isSafeInteger(Number(id)) ? Number(id) : id;
  return [...id].reduce((hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 1e12, 0) + 7e12;
}

const now = ({ nowMs }: SampleMaker) => new Date(nowMs).toISOString();

function sample(topic: string, user: SampleUser, make: SampleMaker, body: JsonObject): Sample {
  const messageId = make.uuid();
  return {
    eventType: topic,
    messageId,
    userId: String(customerId(user)),
    body,
    headers: {
      'x-shopify-topic': topic,
      'x-shopify-webhook-id': messageId,
      'x-shopify-event-id': make.uuid(),
      'x-shopify-shop-domain': 'example.myshopify.com',
      'x-shopify-api-version': '2026-04',
      'x-shopify-triggered-at': now(make),
    },
  };
}

function customer(user: SampleUser, make: SampleMaker): JsonObject {
  const [first = user.name, last = null] = user.name.split(' ');
  return {
    id: customerId(user),
    created_at: now(make),
    updated_at: now(make),
    first_name: first,
    last_name: last,
    email: user.email,
    phone: null,
    state: 'enabled',
    tags: '',
    currency: 'EUR',
    admin_graphql_api_id: `gid://shopify/Customer/${customerId(user)}`,
  };
}

function order(user: SampleUser, make: SampleMaker, topic: string): JsonObject {
  const quantity = make.int(1, 4);
  const total = (quantity * 14.5).toFixed(2);
  const id = make.int(5e12, 6e12);
  return {
    id,
    admin_graphql_api_id: `gid://shopify/Order/${id}`,
    name: `#${make.int(1000, 10_000)}`,
    email: user.email,
    created_at: now(make),
    updated_at: now(make),
    cancelled_at: topic === 'orders/cancelled' ? now(make) : null,
    currency: 'EUR',
    financial_status: topic === 'orders/create' ? 'pending' : 'paid',
    fulfillment_status: topic === 'orders/fulfilled' ? 'fulfilled' : null,
    total_price: total,
    line_items: [{ id: make.int(1e12, 2e12), title: 'Mug', quantity, price: '14.50', sku: 'MUG-BLUE-1' }],
    customer: customer(user, make),
  };
}
