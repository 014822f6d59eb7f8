import { describePayloads } from './real-payloads.ts';

// Events of Hightouch Events: the vocabulary of customer data platforms.
const clicked = {
  type: 'track/Course Clicked',
  user: 'AiUGstSDIg',
  key: 'ajs-f8ca1e4de5024d9430b3928bd8ac6b96',
  at: '2015-12-12T19:11:01.249Z',
};

describePayloads('hightouch', 'hightouch', {
  'events-track-1.json': { events: [clicked] },
  'events-track-2.json': { events: [clicked] },
  'events-track-6.json': { events: [{ type: 'track/Foo' }] },
  'events-track-8.json': { events: [{ type: 'track/My Event', user: 'user-id' }] },
  'events-track-9.json': { events: [{ type: 'track/Fruit Basket' }] },
});
