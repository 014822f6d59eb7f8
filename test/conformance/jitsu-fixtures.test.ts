import { describe, expect, test } from '@jest/globals';
import { becomes, realPayloads } from './cdp-fixtures.ts';

/* What each real payload becomes, stated by hand. */

const expected: Record<string, string[]> = {
  'group-7.json': ['group', '-', '17dnlr6evs61jakjuz1xt6'],
  'identify-2.json': ['identify', 'userId2', 'a6c09b16-c2bc-4193-990f-5e2b694ae610'],
  'page-11.json': ['page', 'user1', '2'],
  'page-4.json': ['page', 'userId2', 'd0c6abf6-97f7-487a-a197-8f236c728fa8'],
  'page-9.json': ['page', 'user1', '4'],
  'track-14.json': ['track', '-', '-'],
  'track-6.json': ['track/testEvent', 'user@example.com', 'd0c6abf6-97f7-487a-a197-8f236c728fa8'],
};

const payloads = realPayloads('jitsu');

(payloads.size > 0 ? describe : describe.skip)('real Jitsu payloads', () => {
  test('each has its line in the table', () => {
    expect([...payloads.keys()]).toEqual(Object.keys(expected).sort());
  });

  test.each(Object.entries(expected))('%s', async (name, line) => {
    expect(await becomes('jitsu', payloads.get(name) ?? '')).toEqual(line);
  });
});
