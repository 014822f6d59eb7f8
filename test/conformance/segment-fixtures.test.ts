import { describe, expect, test } from '@jest/globals';
import { splitEvents } from '../../shared/core/ingest/split-events.ts';
import { becomes, realPayloads } from './cdp-fixtures.ts';

/* What each real payload becomes, stated by hand, for Segment's kind of today and for the first generation's. */

const docsId = '022bb90c-bbac-11e4-8dfc-aa07a5b093db';
const expected: Record<string, { today: string[]; legacy?: string }> = {
  'actions-test-identify-1.json': { today: ['identify', '97980cfea0067', docsId] },
  'actions-test-identify-4.json': { today: ['identify', '97980cfea0067', docsId] },
  'actions-test-track-3.json': {
    today: ['track/Audience Existed', '2900', 'personas_2zKJ24JMRhVvIFJj4ukGOBKPeNo'],
    legacy: 'Audience Existed',
  },
  'actions-test-track-5.json': {
    today: ['track/Some Custom Event Name', 'user_id_1', 'test-message-id-contact'],
    legacy: 'Some Custom Event Name',
  },
  'actions-test-track-6.json': {
    today: ['track/Segment Test Event Name', 'test-user-a7ut2cf4kt', 'test-message-uqh4ymzl02a'],
    legacy: 'Segment Test Event Name',
  },
  'docs-group-1.json': { today: ['group', '97980cfea0067', docsId] },
  'docs-identify-1.json': { today: ['identify', '-', 'fb_leadads-MND7ItD0c2-254875448264245'] },
  'docs-identify-2.json': { today: ['identify', '97980cfea0067', docsId] },
  'docs-identify-3.json': { today: ['identify', '97980cfea0067', '-'] },
  'docs-screen-1.json': { today: ['screen', '97980cfea0067', docsId] },
  'docs-track-2.json': {
    today: ['track/Button Clicked', 'AiUGstSDIg', 'ajs-f8ca1e4de5024d9430b3928bd8ac6b96'],
    legacy: 'Button Clicked',
  },
  'docs-track-3.json': {
    today: ['track/<<YOUR CUSTOM EVENT NAME>>', 'test-user-67', 'personas_up0crko4htawmo2c9ziyq'],
    legacy: '<<YOUR CUSTOM EVENT NAME>>',
  },
  'docs-track-4.json': { today: ['track/Signed Up', '019mr8mf4r', '-'], legacy: 'Signed Up' },
};

const payloads = realPayloads('segment');

(payloads.size > 0 ? describe : describe.skip)('real Segment payloads', () => {
  test('each has its line in the table', () => {
    expect([...payloads.keys()]).toEqual(Object.keys(expected).sort());
  });

  test.each(Object.entries(expected))('%s', async (name, { today, legacy = today[0] }) => {
    const text = payloads.get(name) ?? '';
    expect(splitEvents(text, undefined)).toEqual({ kind: 'events', events: [{ text }] });
    expect(await becomes('segment', text)).toEqual(today);
    expect(await becomes('segment-legacy', text)).toEqual([legacy, ...today.slice(1)]);
  });
});
