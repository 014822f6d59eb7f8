import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * A RudderStack track event as its JavaScript SDK makes them and its webhook destination posts them, about 1.5 KB: ids
 * and numbers differ from event to event, the rest is what a site's events have in common.
 */
export function orderCompleted(change: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...small(), context: { ...browser, campaign, sessionId: Date.now() }, ...change };
}

/** The same with less context, about 1 KB. */
export function smallOrderCompleted(change: Record<string, unknown> = {}): Record<string, unknown> {
  const { app, library, page, locale } = browser;
  return { ...small(), context: { app, library, page, locale }, ...change };
}

function small() {
  const at = new Date().toISOString();
  const order = randomBytes(4).toString('hex').toUpperCase();
  return {
    type: 'track',
    event: 'order_completed',
    messageId: randomUUID(),
    userId: 'usr_8841',
    anonymousId: randomUUID(),
    channel: 'web',
    properties: {
      order_id: order,
      total: (Number.parseInt(order.slice(0, 4), 16) % 50_000) / 100,
      currency: 'EUR',
      coupon: 'SPRING-10',
      products: [
        { product_id: `P-${order.slice(0, 4)}`, sku: 'MUG-BLUE-1', name: 'Blue mug', price: 14.5, quantity: 2 },
        { product_id: `P-${order.slice(4)}`, sku: 'TEA-ASSAM-3', name: 'Assam, 250 g', price: 33.4, quantity: 1 },
      ],
    },
    originalTimestamp: at,
    sentAt: at,
    timestamp: at,
    receivedAt: at,
    request_ip: '203.0.113.9',
    rudderId: randomUUID(),
    integrations: { All: true },
  };
}

const browser = {
  app: { name: 'RudderLabs JavaScript SDK', namespace: 'com.rudderlabs.javascript', version: '3.7.1' },
  library: { name: 'RudderLabs JavaScript SDK', version: '3.7.1' },
  locale: 'en-GB',
  page: {
    path: '/checkout/done',
    referrer: 'https://shop.example/checkout',
    url: 'https://shop.example/checkout/done',
  },
  screen: { density: 2, height: 900, innerHeight: 789, innerWidth: 1440, width: 1440 },
  timezone: 'GMT+0200',
  userAgent:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
};

const campaign = {
  name: 'spring-sale',
  source: 'newsletter',
  medium: 'email',
  content: 'hero-banner',
  term: 'mugs and teas for spring',
  id: 'cmp_20260504',
};

export function identify(userId: string): Record<string, unknown> {
  const at = new Date().toISOString();
  return {
    type: 'identify',
    messageId: randomUUID(),
    userId,
    anonymousId: randomUUID(),
    channel: 'web',
    context: { ...browser, traits: { email: `${userId}@orchard.example`, name: 'Lena Orchard', plan: 'pro' } },
    originalTimestamp: at,
    sentAt: at,
    timestamp: at,
  };
}

/** Headers that RudderStack's webhook destination sends. */
export const requestHeaders = { 'content-type': 'application/json', 'user-agent': 'RudderLabs' };

/** Payloads in RudderStack's real shape, of this repository. */
export function rudderstackFixtures(): string[] {
  const folder = new URL('../fixtures/sources/rudderstack/', import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json') && !name.endsWith('.expected.json'))
    .map((name) => JSON.stringify(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))));
}
