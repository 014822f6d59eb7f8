import { describe, expect, test } from '@jest/globals';
import { SourceFile, SourceState } from '../../../shared/core/configuration/schema.ts';
import { decodeActionsMessage, encodeActionsMessage } from '../../../shared/core/plan/actions-message.ts';
import { actionsMessageOf } from '../../../shared/core/plan/actions-of.ts';
import { planEvent } from '../../../shared/core/plan/plan-event.ts';
import { guide } from '../../../shared/core/sources/amplitude.guide.ts';
import { normalizeEvent } from '../../../shared/core/sources/normalize.ts';
import { liveConfiguration, rawEvent } from '../../support/build.ts';
import { act, makeActionContext } from '../../support/directory-world.ts';

function eventOf(body: unknown) {
  const normalized = normalizeEvent(
    rawEvent(body),
    SourceFile.parse({ kind: 'amplitude', name: 'A' }),
    SourceState.parse({}),
  );
  if (normalized.kind === 'rejected') throw new Error(`${normalized.reason}: ${normalized.detail}`);
  return normalized.event;
}

const cohort = (change: Record<string, unknown> = {}) => ({
  cohort_name: 'Ready to upgrade',
  cohort_id: 'k3xq81zz',
  in_cohort: true,
  computed_time: '1777882800',
  message_id: 'm::enter::0',
  users: [{ user_id: 'u-1' }],
  ...change,
});

describe('the three streams', () => {
  test.each([
    ['an event', { event_type: 'a', user_id: 'u' }, 'a'],
    ['an event called like a cohort', { event_type: 'cohort.entered', user_id: 'u' }, 'cohort.entered'],
    ['an event about a cohort', { event_type: 'a', cohort_id: 'c' }, 'a'],
    ['an identify that comes as an event', { event_type: '$identify', user_id: 'u' }, '$identify'],
    ['a user', { user_id: 'u', user_properties: {} }, '$identify'],
    ['a device', { device_id: 'd', event_type: '' }, '$identify'],
    ['who entered', cohort(), 'cohort.entered'],
    ['who left', cohort({ in_cohort: false }), 'cohort.exited'],
    ['a cohort that does not say', cohort({ in_cohort: null }), 'cohort.exited'],
    ['a cohort with a type of its own', cohort({ event_type: 'a' }), 'cohort.entered'],
    ['nobody in a cohort', cohort({ users: [] }), 'cohort.entered'],
    ['a cohort without its list', { cohort_id: 'c', users: 'all', user_id: 'u' }, '$identify'],
  ])('%s', (_, body, type) => {
    expect(eventOf(body).eventType).toBe(type);
  });
});

describe('the key', () => {
  const key = (body: unknown) => eventOf(body).keyCandidate;

  test('is what each stream has: uuid, message_id, or user, time and a digest of what the update says', () => {
    expect(key({ event_type: 'a', uuid: 'id-1', user_id: 'u', event_time: 't' })).toBe('id-1');
    expect(key(cohort())).toBe('m::enter::0');
    expect(key({ user_id: 'u', device_id: 'd', event_time: 't' })).toMatch(/^u:t:[0-9a-f]{32}$/);
    expect(key({ device_id: 'd', event_time: 't' })).toMatch(/^d:t:[0-9a-f]{32}$/);
    expect(key({ event_type: '$identify', uuid: 'id-2', user_id: 'u', event_time: 't' })).toBe('id-2');
  });

  test('tells two updates of one millisecond apart, and a copy from itself, whatever the order of its fields', () => {
    const update = { user_id: 'u', event_time: 't', user_properties: { plan: 'pro' }, groups: { company: ['a'] } };
    const { groups, ...rest } = update;
    expect(key({ groups, ...rest })).toBe(key(update));
    const others = [
      { ...update, user_properties: { plan: 'free' } },
      { ...update, groups: { company: ['b'] } },
      { ...update, device_id: 'd' },
    ];
    expect(new Set([update, ...others].map(key)).size).toBe(4);
  });

  test('is missing rather than half, or too long', () => {
    expect(key({ event_type: 'a', user_id: 'u', event_time: 't' })).toBeUndefined();
    expect(key({ user_id: 'u' })).toBeUndefined();
    expect(key({ user_id: 'u', event_time: {} })).toBeUndefined();
    expect(key(cohort({ message_id: '' }))).toBeUndefined();
    expect(key({ user_id: 'u'.repeat(220), event_time: 't' })).toHaveLength(255);
    expect(key({ user_id: 'u'.repeat(221), event_time: 't' })).toBeUndefined();
  });
});

describe('a batch of a cohort', () => {
  test('of any number of members is one event, whose members are all added and removed', async () => {
    const ids = Array.from({ length: 2500 }, (_, i) => `0a9c7c1e-8d1c-4b9d-a57c-${String(i).padStart(12, '0')}`);
    const users = ids.map((user_id) => ({ user_id, user_properties: { city: 'Vigo' } }));
    const configuration = liveConfiguration({
      file: { kind: 'amplitude', mappings: guide.defaultMappings.map(({ mapping }) => mapping) },
    });
    const { context, audiences } = makeActionContext();
    const perform = async (body: unknown, seconds: number) => {
      const planned = planEvent(rawEvent(body), configuration);
      expect(planned.key).toBeDefined();
      // As it travels: the message of a batch fits the queue.
      const encoded = encodeActionsMessage(actionsMessageOf(planned, { execution: 'e', again: false, nowMs: 0 }));
      if (!('text' in encoded)) throw new Error('too large');
      const [invocation, ...more] = decodeActionsMessage(encoded.text).invocations;
      if (invocation === undefined || more.length > 0) throw new Error('wanted one action');
      expect(invocation.refused).toBeUndefined();
      return act(context, invocation.action, invocation.payload, { seconds });
    };
    const members = async () => {
      const found: string[] = [];
      let after: string | undefined;
      do {
        const page = await audiences.membersOf('amplitude-k3xq81zz', {
          limit: 1000,
          ...(after !== undefined && { after }),
        });
        found.push(...page.entries.map(({ userId }) => userId));
        after = page.next;
      } while (after !== undefined);
      return found.sort();
    };

    expect(await perform(cohort({ users }), 1)).toMatchObject({
      status: 'succeeded',
      result: { key: 'amplitude-k3xq81zz', added: 2500, members: 2500, missing_users: 2500 },
    });
    expect(await members()).toEqual(ids);

    const left = users.slice(0, 2400);
    expect(await perform(cohort({ users: left, in_cohort: false, message_id: 'm::exit::0' }), 2)).toMatchObject({
      status: 'succeeded',
      result: { removed: 2400 },
    });
    expect(await members()).toEqual(ids.slice(2400));
  });

  test('names each member once, and none without an id', () => {
    const users = [
      { user_id: 'a' },
      'b',
      { user_id: 7 },
      { user_id: 'a' },
      { user_id: '' },
      { user_id: ' ' },
      { user_id: 'undefined' },
      { user_id: null },
      { user_id: {} },
      { amplitude_id: 1 },
      null,
      5,
    ];
    expect(eventOf(cohort({ users })).preprocess.member_ids).toEqual(['a', 'b', '7', '5']);
    expect(eventOf({ event_type: 'a', user_id: 'u' }).preprocess).toEqual({});
  });

  test('hands no run a list of all members', () => {
    expect(eventOf(cohort()).data).toEqual({
      cohort_id: 'k3xq81zz',
      cohort_name: 'Ready to upgrade',
      in_cohort: true,
      computed_time: '1777882800',
    });
  });
});
