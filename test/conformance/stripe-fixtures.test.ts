import { expect, test } from '@jest/globals';
import { eventAs, realPayloads } from '../support/real-payloads.ts';

const { describe, files, read } = realPayloads('stripe');

// None of them is about a customer: they are an account's own.
const expected: Record<string, { eventType: string; key: string }> = {
  'account-application-deauthorized-1.json': {
    eventType: 'account.application.deauthorized',
    key: 'evt_1Iu8ZfA3kq9o1aTcf3b7EknK',
  },
  'account-external-account-created-4.json': {
    eventType: 'account.external_account.created',
    key: 'evt_1IuKmFQveW0ONQsdEAB1O64Y',
  },
  'account-external-account-created-7.json': {
    eventType: 'account.external_account.created',
    key: 'evt_1IuIg0QveW0ONQsdDLp7otQC',
  },
  'account-external-account-updated-6.json': {
    eventType: 'account.external_account.updated',
    key: 'evt_1IuKmFQveW0ONQsdEAB1O64Y',
  },
  'account-updated-3.json': { eventType: 'account.updated', key: 'evt_1Itt6eB9wPxT0ovY3LLhi5bw' },
};

describe('real Stripe payloads', () => {
  test('each has its row in the table', () => {
    expect(files.sort()).toEqual(Object.keys(expected).sort());
  });

  test.each(Object.entries(expected))('%s', async (name, { eventType, key }) => {
    const body = JSON.parse(read(name));
    const event = await eventAs('stripe', read(name));
    expect(event).toMatchObject({ eventType, keyCandidate: key, body, data: body.data });
    expect(event.userId).toBeUndefined();
    expect(event.occurredAtMs).toBe(body.created * 1000);
  });
});
