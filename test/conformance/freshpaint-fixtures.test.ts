import { describe, expect, test } from '@jest/globals';
import { becomes, realPayloads } from './cdp-fixtures.ts';

/*
 * The public payloads are requests to Freshpaint's own HTTP API, not what its webhooks send: they have no `type`, so each is
 * accepted and explained by its row instead of being guessed at.
 */

const expected: Record<string, string[]> = {
  'send-a-page-event.json': ['event_type_missing'],
  'track-a-custom-event.json': ['event_type_missing'],
};

const payloads = realPayloads('freshpaint');

(payloads.size > 0 ? describe : describe.skip)('real Freshpaint payloads', () => {
  test('each has its line in the table', () => {
    expect([...payloads.keys()]).toEqual(Object.keys(expected).sort());
  });

  test.each(Object.entries(expected))('%s', async (name, line) => {
    expect(await becomes('freshpaint', payloads.get(name) ?? '')).toEqual(line);
  });
});
