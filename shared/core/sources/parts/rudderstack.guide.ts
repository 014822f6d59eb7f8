import type { JsonObject } from '../../json/values.ts';
import { afterServerFaults, type SampleMaker, type SampleUser, type SenderBehaviour } from '../guide.ts';

/** https://github.com/rudderlabs/rudder-server, its router's defaults. */
export const rudderstackBehaviour: SenderBehaviour = {
  timeout: 'RudderStack waits 10 s for an answer.',
  retries:
    'It sends again after 408, 429, 5xx and no answer: after 10 s, doubling to 5 min, for at least 3 h by its open-source defaults.',
  drops: 'After any other answer the event is lost for good.',
  retryHours: 3,
  sendsAgainAfter: afterServerFaults,
};

/** Headers of every post of RudderStack's destination Webhook. */
export const rudderstackHeaders = { 'content-type': 'application/json', 'user-agent': 'RudderLabs' };

/** What the JavaScript SDK and RudderStack add to an event of a visitor. */
export function rudderstackEnvelope(user: SampleUser, make: SampleMaker): JsonObject {
  const time = new Date(make.nowMs).toISOString();
  return {
    channel: 'web',
    context: {
      app: { name: 'Shop', version: '2.4.0' },
      library: { name: 'RudderLabs JavaScript SDK', version: '3.11.10' },
      locale: 'en-GB',
      timezone: 'Europe/Berlin',
      ip: '203.0.113.7',
      userAgent:
        'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36',
      page: { path: '/checkout', title: 'Checkout', url: 'https://shop.example.com/checkout' },
      traits: { name: user.name, email: user.email },
    },
    integrations: { All: true },
    request_ip: '203.0.113.7',
    originalTimestamp: time,
    sentAt: time,
    receivedAt: time,
  };
}
