import type { JsonObject } from '../../json/values.ts';
import { afterServerFaults, type SampleMaker, type SampleUser, type SenderBehaviour } from '../guide.ts';

/** https://www.twilio.com/docs/segment/connections/destinations#retries */
export const segmentBehaviour: SenderBehaviour = {
  retries: '429, 5xx, connection errors, and no answer within the timeout',
  schedule: 'for 4 h, with growing and random pauses; a batch may be put together differently each time',
  drops: '400, 401, 403 and other refusals: the events are lost for good',
  timeout: '10 s (5 s for the older destination Webhooks)',
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
