import { describe, expect, test } from '@jest/globals';
import { type ProcessorDeps, processBatch } from '../../functions/processor/process-batch.ts';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import type { RawEvent } from '../../shared/core/events/raw-event.ts';
import type { SampleMaker } from '../../shared/core/sources/guide.ts';
import { rudderstackLegacy } from '../../shared/core/sources/rudderstack-legacy.ts';
import { segment } from '../../shared/core/sources/segment.ts';
import { segmentLegacy } from '../../shared/core/sources/segment-legacy.ts';
import { sourceGuide } from '../../shared/operations/sources/source-guides.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import { eventRecord, rawEvent } from '../support/build.ts';
import { makeCountedMetrics, makeFakeActionsQueue, makeFakeClaimStore, makeFakeEventLog } from '../support/fakes.ts';
import { silentLog } from '../support/function-log.ts';
import { configurationOf } from '../support/sources.ts';

/* What all customer data platforms get wrong in the same way, and what sources of the first generation do otherwise. */

const startMs = Date.parse('2026-11-21T03:00:00Z');
const legacy = ['segment-legacy', 'rudderstack-legacy'];
const today = ['segment', 'rudderstack', 'jitsu', 'freshpaint'];

function makeProcessor(configuration: LiveConfiguration) {
  const clock = { nowMs: startMs };
  const eventLog = makeFakeEventLog();
  const actionsQueue = makeFakeActionsQueue();
  const deps: ProcessorDeps = {
    configuration: { current: async () => configuration, reload: async () => configuration },
    claims: makeFakeClaimStore(),
    eventLog,
    actionsQueue,
    receivedMessages: { handBack: async () => {} },
    seen: { note: async () => {} },
    preprocessor: makePreprocessor(() => clock.nowMs),
    metrics: makeCountedMetrics(),
    log: silentLog,
    nowMs: () => clock.nowMs,
    random: Math.random,
    maxReceiveCount: 10,
  };
  return {
    clock,
    /** Rows of the events, in their order, processed one after the other. */
    async rowsOf(...events: RawEvent[]) {
      for (const event of events) await processBatch([eventRecord(event)], deps, 35_000);
      return events.map(({ id }) => eventLog.rows.get(id));
    },
    invocations: () => actionsQueue.sent.flatMap(({ invocations }) => invocations),
  };
}

/** An event as every platform of the vocabulary sends it. */
const event = (source: string, change: Record<string, unknown>) =>
  rawEvent(
    {
      messageId: 'm-1',
      anonymousId: 'a-1',
      userId: 'u-1',
      timestamp: '2026-11-21T02:59:59.000Z',
      ...change,
    },
    { source, receivedAtMs: startMs },
  );

const trigger = (name: string, parameters: object = {}) => ({
  id: 'trigger',
  event: name,
  action: 'workflows_trigger',
  parameters: { key: 'k', recipients: 'user_id', ...parameters },
});
const typeOf = (source: string, name: string) => (legacy.includes(source) ? name : `track/${name}`);

describe.each([...today, ...legacy])('%s', (source) => {
  const type = typeOf(source, 'Order Completed');
  const track = { type: 'track', event: 'Order Completed', properties: { total: 5, email: 'p@x.example' } };
  const configured = (state: Record<string, unknown> = {}) =>
    configurationOf(source, { file: { mappings: [trigger(type, { data: 'data' })] }, state });

  test('an anonymous event has no user to start a workflow for, whatever else names a person', async () => {
    const { rowsOf, invocations } = makeProcessor(await configured());
    const anonymous = { ...track, userId: null, email: 'e@x.example', context: { traits: { id: 'u-9' } } };
    expect(await rowsOf(event(source, anonymous))).toMatchObject([{ status: 'processed', eventType: type }]);
    const [invocation] = invocations();
    expect(invocation?.payload).toEqual({ key: 'k', data: track.properties });
  });

  test('a numeric user id is the text of its digits, however many', async () => {
    const { rowsOf, invocations } = makeProcessor(await configured());
    await rowsOf(event(source, { ...track, userId: 4412 }));
    const text = JSON.stringify({ ...track, messageId: 'm-2', userId: 0 }).replace(
      '"userId":0',
      '"userId":9007199254740993',
    );
    await rowsOf(rawEvent(text, { source, receivedAtMs: startMs }));
    expect(invocations().map(({ payload }) => payload.recipients)).toEqual(['4412', '9007199254740993']);
  });

  test('an alias is logged and merges no users', async () => {
    const { rowsOf, invocations } = makeProcessor(await configurationOf(source, { state: { identify: true } }));
    const row = await rowsOf(event(source, { type: 'alias', previousId: 'a-1' }));
    expect(row).toMatchObject([
      { status: 'no_mapping', reason: 'no_mapping_for_type', eventType: 'alias', userId: 'u-1' },
    ]);
    expect(invocations()).toEqual([]);
  });

  test('traits that a track event carries along identify no user', async () => {
    const { rowsOf, invocations } = makeProcessor(await configurationOf(source, { state: { identify: true } }));
    await rowsOf(event(source, { type: 'track', event: 'x', context: { traits: { email: 'e@x.example' } } }));
    expect(invocations()).toEqual([]);
  });

  test('one messageId twice, as two destinations for one event send it, runs once where keys are checked', async () => {
    const { rowsOf, invocations } = makeProcessor(await configured({ idempotency: { enabled: true } }));
    expect(await rowsOf(event(source, track), event(source, track))).toMatchObject([
      { status: 'processed', key: 'm-1' },
      { status: 'idempotent', key: 'm-1' },
    ]);
    expect(invocations()).toHaveLength(1);
  });

  test('a recipient can be described inline, before its first identify', async () => {
    const inline = trigger(type, { recipients: { id: 'user_id', email: 'data.email' } });
    const { rowsOf, invocations } = makeProcessor(await configurationOf(source, { file: { mappings: [inline] } }));
    await rowsOf(event(source, track));
    expect(invocations()).toMatchObject([{ payload: { recipients: { id: 'u-1', email: 'p@x.example' } } }]);
  });

  test('samples are read as they say, and the identify sample runs the mapping of the guide', async () => {
    const guided = await sourceGuide(source);
    if (guided === undefined) throw new Error('no guide');
    const { samples, defaultMappings } = guided.guide;
    const user = { id: 'user_1', name: 'Ada Example', email: 'ada@example.com' };
    let count = 0;
    const make: SampleMaker = {
      uuid: () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`,
      int: (min) => min,
      nowMs: startMs,
    };
    const { rowsOf, invocations } = makeProcessor(
      await configurationOf(source, { state: { identify: true, idempotency: { enabled: true } } }),
    );
    const types = [
      ...defaultMappings.map(({ mapping }) => mapping.event),
      ...samples.mix.map(({ eventType }) => eventType),
      ...['page', 'screen', 'group', 'alias'],
    ];
    for (const eventType of new Set(types)) {
      const sample = samples.ofType(eventType, user, make);
      if (sample === undefined) throw new Error(`no sample of ${eventType}`);
      const { messageId, userId, body } = sample;
      expect(await rowsOf(rawEvent(body, { source, receivedAtMs: startMs }))).toMatchObject([
        { eventType, userId, key: messageId },
      ]);
    }
    expect(samples.ofType('', user, make)).toBeUndefined();
    const identified = samples.identify?.(user, make);
    await rowsOf(rawEvent(identified?.body, { source, receivedAtMs: startMs }));
    expect(invocations().at(-1)).toMatchObject({
      action: 'users_identify',
      payload: { id: user.id, name: user.name, email: user.email, properties: { plan: 'pro' } },
    });
  });
});

describe.each(today)('%s, with the settings it begins with', (source) => {
  test('checks keys', async () => {
    const { rowsOf } = makeProcessor(await configurationOf(source, { file: { mappings: [trigger('track/x')] } }));
    const x = { type: 'track', event: 'x' };
    expect(await rowsOf(event(source, x), event(source, x))).toMatchObject([
      { status: 'processed' },
      { status: 'idempotent' },
    ]);
  });

  test('runs the identify mapping', async () => {
    const { rowsOf, invocations } = makeProcessor(await configurationOf(source));
    await rowsOf(event(source, { type: 'identify', traits: { email: 'e@x.example', plan: 'a' } }));
    expect(invocations()).toMatchObject([
      { action: 'users_identify', payload: { id: 'u-1', email: 'e@x.example', properties: { plan: 'a' } } },
    ]);
  });
});

describe.each(legacy)('%s', (source) => {
  const identify = {
    type: 'identify',
    traits: { name: 'Ida', phone: '+15550000001', plan: 'a' },
    context: { traits: { email: 'old@x.example', logins: 3 } },
  };

  test('begins with identify off: an identify event is logged, says why, and changes no user', async () => {
    const { rowsOf, invocations } = makeProcessor(await configurationOf(source));
    expect(await rowsOf(event(source, identify))).toMatchObject([
      { status: 'no_mapping', reason: 'identify_disabled', eventType: 'identify', userId: 'u-1' },
    ]);
    expect(invocations()).toEqual([]);
  });

  test('with identify on: the user is made of the traits at the top level alone', async () => {
    const { rowsOf, invocations } = makeProcessor(await configurationOf(source, { state: { identify: true } }));
    expect(await rowsOf(event(source, identify))).toMatchObject([{ status: 'processed' }]);
    const payload = { id: 'u-1', name: 'Ida', phone_number: '+15550000001', properties: { plan: 'a' } };
    expect(invocations()).toMatchObject([{ action: 'users_identify', payload }]);
    expect(invocations()[0]?.payload).toEqual(payload);
  });

  test('begins with keys unchecked: a copy runs again', async () => {
    const configuration = await configurationOf(source, { file: { mappings: [trigger('x')] } });
    const { rowsOf, invocations } = makeProcessor(configuration);
    const x = { type: 'track', event: 'x' };
    expect(await rowsOf(event(source, x), event(source, x))).toMatchObject([
      { status: 'processed' },
      { status: 'processed' },
    ]);
    expect(invocations()).toHaveLength(2);
  });

  test('names have no prefix; a track event that is named like a type is not taken for one', async () => {
    const { rowsOf, invocations } = makeProcessor(await configurationOf(source, { state: { identify: true } }));
    const names = ['Order Completed', 'identify', 'page', 'track', 'Identify', 'track/x', 7, '', undefined];
    const rows = await rowsOf(...names.map((name) => event(source, { type: 'Track', event: name })));
    expect(rows.map((row) => row?.eventType)).toEqual([
      'Order Completed',
      'track/identify',
      'track/page',
      'track/track',
      'Identify',
      'track/x',
      '7',
      'track',
      'track',
    ]);
    expect(invocations().map(({ action }) => action)).toEqual(['workflows_trigger']);
  });
});

test('an anonymous sign-up from segment fails nothing: the mapping of the guide waits for a user id', async () => {
  const { rowsOf, invocations } = makeProcessor(await configurationOf('segment'));
  const signUp = { type: 'track', event: 'user-signed-up', properties: { email: 'p@x.example' } };
  expect(
    await rowsOf(
      event('segment', { ...signUp, messageId: 'm-1', userId: null }),
      event('segment', { ...signUp, messageId: 'm-2', userId: '' }),
      event('segment', { ...signUp, messageId: 'm-3' }),
    ),
  ).toMatchObject([
    { status: 'no_mapping', reason: 'conditions_not_met' },
    { status: 'no_mapping', reason: 'conditions_not_met' },
    { status: 'processed' },
  ]);
  expect(invocations()).toMatchObject([
    { payload: { key: 'user-signup', recipients: { id: 'u-1', email: 'p@x.example' } } },
  ]);
});

test('segment-legacy reads paths from the root of the event, rudderstack-legacy from its properties', async () => {
  const track = { type: 'track', event: 'comment', properties: { commenter: { id: 'u-5' }, userId: 'u-6' } };
  const read = async (source: string, recipients: unknown) => {
    const configuration = await configurationOf(source, { file: { mappings: [trigger('comment', { recipients })] } });
    const { rowsOf, invocations } = makeProcessor(configuration);
    await rowsOf(event(source, track));
    return invocations()[0]?.payload.recipients;
  };
  expect(await read('segment-legacy', ['properties.commenter.id', 'userId'])).toEqual(['u-5', 'u-1']);
  expect(await read('rudderstack-legacy', ['data.commenter.id', 'data.userId'])).toEqual(['u-5', 'u-6']);
});

test('a copy from jitsu counts as one for as long as jitsu tries again: after 10, 100 and 1,000 minutes', async () => {
  const { rowsOf, clock } = makeProcessor(await configurationOf('jitsu', { file: { mappings: [trigger('track/x')] } }));
  const x = event('jitsu', { type: 'track', event: 'x' });
  expect(await rowsOf(x)).toMatchObject([{ status: 'processed' }]);
  for (const minutes of [10, 100, 1000]) {
    clock.nowMs += minutes * 60_000;
    expect(await rowsOf(event('jitsu', { type: 'track', event: 'x' }))).toMatchObject([{ status: 'idempotent' }]);
  }
});

test('a mapping of the first generation that has the prefix of today is told so; names that keep it are not', () => {
  for (const kind of [segmentLegacy, rudderstackLegacy]) {
    expect(kind.neverOfType?.('track/Order Completed')).toMatch(/no prefix.*write Order Completed/);
    for (const eventType of ['Order Completed', 'identify', 'track', 'track/identify', 'Identify'])
      expect(kind.neverOfType?.(eventType)).toBeUndefined();
  }
  expect(segment.neverOfType?.('delete')).toBeUndefined();
  expect(segment.neverOfType?.('Order Completed')).toContain('track/Order Completed');
});
