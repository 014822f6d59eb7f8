import { randomInt, randomUUID } from 'node:crypto';
import type { Sample, SampleSet, SampleUser } from './sample.ts';

/*
 * Events as a RudderStack webhook destination posts them: one JSON object per request.
 * https://www.rudderstack.com/docs/destinations/streaming-destinations/webhook/
 */

type Fields = Record<string, unknown>;

const library = { name: 'RudderLabs JavaScript SDK', version: '3.11.10' };
const userAgent =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36';

function sample(eventType: string, user: SampleUser, fields: Fields): Sample {
  const messageId = randomUUID();
  const now = new Date().toISOString();
  const body = {
    type: eventType.split('/', 1)[0],
    messageId,
    anonymousId: randomUUID(),
    userId: user.id,
    channel: 'web',
    ...fields,
    context: {
      app: { name: 'Shop', version: '2.4.0' },
      library,
      locale: 'en-GB',
      timezone: 'Europe/Berlin',
      ip: '203.0.113.7',
      userAgent,
      page: { path: '/checkout', title: 'Checkout', url: 'https://shop.example.com/checkout' },
      traits: { name: user.name, email: user.email },
    },
    integrations: { All: true },
    request_ip: '203.0.113.7',
    originalTimestamp: now,
    sentAt: now,
    receivedAt: now,
    timestamp: now,
  };
  return { eventType, messageId, userId: user.id, body: JSON.stringify(body) };
}

const products = [
  { product_id: 'SKU-1001', name: 'Enamel mug', category: 'Kitchen', price: 12.5 },
  { product_id: 'SKU-2040', name: 'Linen apron', category: 'Kitchen', price: 34 },
  { product_id: 'SKU-3177', name: 'Field notebook', category: 'Paper', price: 8.9 },
] as const;

const somethingToBuy = () => products[randomInt(products.length)] ?? products[0];

function order(): Fields {
  const product = somethingToBuy();
  const quantity = randomInt(1, 4);
  return {
    order_id: `ord_${randomUUID().slice(0, 8)}`,
    total: Math.round(product.price * quantity * 100) / 100,
    currency: 'EUR',
    products: [{ ...product, quantity }],
  };
}

function ofType(eventType: string, user: SampleUser): Sample | undefined {
  if (eventType.startsWith('track/')) {
    const event = eventType.slice('track/'.length);
    const properties = /order/i.test(event) ? order() : somethingToBuy();
    return sample(eventType, user, { event, properties });
  }
  switch (eventType) {
    case 'identify':
      return identify(user);
    case 'page':
      return sample(eventType, user, { name: 'Checkout', properties: { path: '/checkout', title: 'Checkout' } });
    case 'screen':
      return sample(eventType, user, { name: 'Checkout', properties: { name: 'Checkout' } });
    case 'group':
      return sample(eventType, user, { groupId: 'org_42', traits: { name: 'Example Ltd', plan: 'team' } });
    case 'alias':
      return sample(eventType, user, { previousId: `anon_${user.id}` });
    default:
      return undefined;
  }
}

function identify(user: SampleUser): Sample {
  return sample('identify', user, { traits: { name: user.name, email: user.email, plan: 'pro' } });
}

export const rudderstack: SampleSet = {
  headers: { 'content-type': 'application/json', 'user-agent': 'RudderLabs' },
  secretHeader: 'x-webhook-secret',
  identify,
  ofType,
  mix: [
    { eventType: 'track/order_completed', weight: 70 },
    { eventType: 'page', weight: 20 },
    { eventType: 'track/product_viewed', weight: 10 },
  ],
};
