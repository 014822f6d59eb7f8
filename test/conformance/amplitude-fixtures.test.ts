import { describePayloads } from './real-payloads.ts';

// Events as they are uploaded, which have an insert_id in place of the uuid that Amplitude gives them.
const tutorial = (user: string) => ({ type: 'watch_tutorial', user, at: '2014-04-01T19:42:58.123Z' });

describePayloads('amplitude', 'amplitude', {
  'cohort-14.json': {
    events: [{ type: 'cohort.entered', key: 'some-message-id:54', at: '2023-06-02T23:24:05.000Z' }],
  },
  'event-2.json': { events: [tutorial('datamonster@gmail.com')] },
  'event-3.json': { events: [{ type: 'watch_tutorial', user: '203201202' }] },
  'event-6.json': { events: [tutorial('12345')] },
  'event-7.json': { events: [tutorial('datamonster@gmail.com')] },
  'event-8.json': { events: [tutorial('203201202')] },
  'event-9.json': { events: [{ type: 'Button Clicked', user: 'b4ee5d78-e1b6-11ec-8fea-0242ac120002' }] },
  // Of templates made for another service: one names a device and no event, the other nobody at all.
  'template-16.json': { events: [{ type: '$identify', user: 'some user id', at: '2022-10-24T20:07:32.123Z' }] },
  'template-17.json': { events: [{ rejected: 'event_type_missing' }] },
});
