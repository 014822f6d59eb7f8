import { expect, test } from '@jest/globals';
import { eventTypeRows } from '../../../shared/operations/sources/event-types.ts';
import { liveConfiguration } from '../../support/build.ts';

const at = Date.parse('2026-11-21T03:00:00Z');
const seen = (eventType: string, hoursAgo: number) => ({
  eventType,
  lastSeenAtMs: at - hoursAgo * 3_600_000,
  sampleEventId: `sample of ${eventType}`,
});
const mapping = (id: string, event: string) => ({ id, event, action: 'users_delete', parameters: { id: 'user_id' } });
const live = (state: Record<string, unknown> = {}) =>
  liveConfiguration({
    file: {
      mappings: [
        mapping('a', 'identify'),
        mapping('b', 'track/order_completed'),
        mapping('c', 'page'),
        mapping('d', 'page'),
        mapping('e', 'track/cart_left'),
      ],
    },
    state,
  });

test('types that were seen come newest first, with a sample and their mappings; then those that were mapped and never seen', () => {
  const types = [seen('page', 5), seen('identify', 1), seen('screen', 3)];
  expect(eventTypeRows('rudderstack', types, live({ inactive_mappings: ['d'] }))).toEqual([
    {
      type: 'identify',
      seen: true,
      last_seen_at: '2026-11-21T02:00:00.000Z',
      sample_event_id: 'sample of identify',
      mapped: true,
      mappings: ['a'],
      active_mappings: 1,
      inactive_mappings: 0,
      near: null,
    },
    expect.objectContaining({ type: 'screen', mapped: false, mappings: [], active_mappings: 0, inactive_mappings: 0 }),
    expect.objectContaining({ type: 'page', mappings: ['c', 'd'], active_mappings: 1, inactive_mappings: 1 }),
    expect.objectContaining({ type: 'track/order_completed', seen: false, last_seen_at: null, sample_event_id: null }),
    expect.objectContaining({ type: 'track/cart_left', seen: false, mapped: true }),
  ]);
});

test.each([
  ['identify is off', { identify: false }, [0, 1, 2]],
  ['the source is off', { enabled: false }, [0, 0, 0]],
  ['one is inactive', { inactive_mappings: ['a', 'c'] }, [0, 1, 1]],
])('mappings that run nothing because %s are counted as inactive', (_why, state, active) => {
  const types = [seen('identify', 1), seen('track/order_completed', 2), seen('page', 3)];
  const rows = eventTypeRows('rudderstack', types, live(state));
  expect(rows.slice(0, 3).map(({ active_mappings }) => active_mappings)).toEqual(active);
});

test.each([
  ['another spelling', 'track/Order Completed'],
  ['no prefix', 'order_completed'],
  ['a slip', 'track/order_complted'],
])('a type that is mapped in vain and the one that comes in with %s point at each other', (_what, came) => {
  const rows = eventTypeRows('rudderstack', [seen(came, 1)], live());
  const nearOf = (type: string) => rows.find((row) => row.type === type)?.near;
  expect([nearOf('track/order_completed'), nearOf(came)]).toEqual([came, 'track/order_completed']);
  expect(nearOf('track/cart_left')).toBeNull();
});

test('types that are mapped are no near miss of another, nor is anything that only looks a little alike', () => {
  const rows = eventTypeRows('rudderstack', [seen('page', 1), seen('track/invoice_paid', 2)], live());
  expect(rows.map(({ near }) => near)).toEqual(rows.map(() => null));
});

test('a source that is no longer configured still has the types that were seen', () => {
  expect(eventTypeRows('gone', [seen('page', 1)], live())).toMatchObject([{ type: 'page', mapped: false }]);
});
