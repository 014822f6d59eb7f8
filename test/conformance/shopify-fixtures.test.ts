import { expect, test } from '@jest/globals';
import { parseJson } from '../../shared/core/json/values.ts';
import { eventAs, longNumbers, normalizeAs, realPayloads } from '../support/real-payloads.ts';

/*
 * Bodies as Shopify posts them. The `request-…` files are what a transformer of RudderStack gets: the body is in them as
 * text, and the topic in the query, since the app that forwards it puts it there; Shopify itself sends it in a header, which
 * the table gives. Where the file has no topic, neither has the request here.
 */
const { describe, files, read } = realPayloads('shopify');

const nobody = undefined;
const received = undefined;
const expected: Record<
  string,
  [topic: string, userId: string | undefined, name: string | undefined, at: string | undefined] | 'event_type_missing'
> = {
  'object-1.json': ['customers/create', '5747017285820', 'Anuraj Guha', '2021-12-29T15:15:20+05:30'],
  'object-10.json': ['customers/update', '7188389789809', 'testuser dummy', received],
  // A fulfilment whose customer has no id.
  'object-2.json': ['fulfillments/create', nobody, 'Test Person', '2022-01-05T18:16:48+05:30'],
  'object-6.json': ['customers/update', '7358220173425', 'yodi waffles', '2024-11-05T21:54:49-05:00'],
  'request-identify-call-for-customers-create-event.json': [
    'customers/create',
    '5747017285820',
    'Anuraj Guha',
    '2021-12-29T15:15:20+05:30',
  ],
  'request-no-query-parameters-0.json': 'event_type_missing',
  'request-topic-not-found-0.json': 'event_type_missing',
  'request-track-call-carts-create-0.json': ['carts/create', nobody, undefined, '2023-02-10T12:16:07.251Z'],
  'request-track-call-fullfillments-updated-event-0.json': [
    'fulfillments/update',
    nobody,
    undefined,
    '2022-01-05T18:16:48+05:30',
  ],
  'request-unsupported-checkout-event-0.json': ['checkouts/delete', nobody, 'Test Person', '2022-01-05T18:16:48+05:30'],
  // A topic that nobody knows is a type like any other.
  'request-unsupported-event-type-0.json': ['random_event', nobody, undefined, received],
};

function bodyOf(name: string): string {
  const text = read(name);
  return name.startsWith('request-') ? JSON.parse(text).body : text;
}

describe('real Shopify payloads', () => {
  test('each has its row in the table', () => {
    expect(files.sort()).toEqual(Object.keys(expected).sort());
  });

  test.each(Object.entries(expected))('%s', async (name, row) => {
    const text = bodyOf(name);
    const headers = { 'x-shopify-webhook-id': 'b54557e4' };
    if (row === 'event_type_missing') {
      expect(await normalizeAs('shopify', text, headers)).toMatchObject({
        kind: 'rejected',
        reason: row,
        detail: expect.stringContaining('x-shopify-topic'),
      });
      return;
    }
    const [topic, userId, fullName, at] = row;
    const event = await eventAs('shopify', text, { ...headers, 'x-shopify-topic': topic });
    const body = parseJson(text);
    expect(event).toMatchObject({ eventType: topic, keyCandidate: 'b54557e4', body, data: body });
    expect(event.userId).toBe(userId);
    expect(event.preprocess).toEqual(fullName === undefined ? {} : { full_name: fullName });
    expect(event.occurredAtMs).toBe(at === received ? event.receivedAtMs : Date.parse(at));
    for (const digits of longNumbers(text)) expect(JSON.stringify(event.body)).toContain(`"${digits}"`);
  });
});
