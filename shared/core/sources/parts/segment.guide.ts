import type { JsonObject } from '../../json/values.ts';
import { afterServerFaults, type SampleMaker, type SampleUser, type SenderBehaviour } from '../guide.ts';

/** https://www.twilio.com/docs/segment/connections/destinations#retries */
export const segmentBehaviour: SenderBehaviour = {
  timeout: 'Segment waits 10 s for an answer (5 s with the older destination Webhooks).',
  retries:
    'It sends again after 429, 5xx, connection errors and no answer: for 4 h, with growing and random pauses. A batch may be put together differently each time.',
  drops: 'After 400, 401, 403 and other refusals the events are lost for good.',
  retryHours: 4,
  sendsAgainAfter: afterServerFaults,
};

/** Headers of every post of Segment's destination Webhooks (Actions). */
export const segmentHeaders = { 'content-type': 'application/json', 'user-agent': 'Segment (Actions)' };

/** What analytics.js and Segment add to an event of a visitor. */
export function segmentEnvelope(_user: SampleUser, make: SampleMaker): JsonObject {
  const time = new Date(make.nowMs).toISOString();
  return {
    context: {
      library: { name: 'analytics.js', version: 'next-1.80.0' },
      locale: 'en-GB',
      timezone: 'Europe/Berlin',
      ip: '203.0.113.7',
      userAgent:
        'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36',
      page: { path: '/signup', title: 'Sign up', url: 'https://shop.example.com/signup' },
    },
    integrations: {},
    originalTimestamp: time,
    sentAt: time,
    receivedAt: time,
    version: 2,
  };
}
