import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type ProcessorDeps, processBatch } from '../../functions/processor/process-batch.ts';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { payloadBytesMax, type RawEvent } from '../../shared/core/events/raw-event.ts';
import { invocationId } from '../../shared/core/ids/invocation-id.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import type { SeenEvent } from '../../shared/ports/seen-registry.ts';
import { eventRecord, liveConfiguration, rawEvent, sqsRecord, trackEvent } from '../support/build.ts';
import { dieAt } from '../support/die-at.ts';
import { makeCountedMetrics, makeFakeActionsQueue, makeFakeClaimStore, makeFakeEventLog } from '../support/fakes.ts';
import { makeKeptLog } from '../support/function-log.ts';

const leaseMs = 35_000;
const hourMs = 3_600_000;
const startMs = Date.parse('2026-11-21T03:00:00Z');

/** A processor over in-memory ports, with a clock that the test moves. */
function makeProcessor(configuration: LiveConfiguration = liveConfiguration()) {
  const clock = { nowMs: startMs };
  const claims = makeFakeClaimStore();
  const eventLog = makeFakeEventLog();
  const actionsQueue = makeFakeActionsQueue();
  const handedBack: number[] = [];
  const noted: SeenEvent[] = [];
  const metrics = makeCountedMetrics();
  const log = makeKeptLog();
  const deps: ProcessorDeps = {
    configuration: { current: async () => configuration, reload: async () => configuration },
    claims,
    eventLog,
    actionsQueue,
    receivedMessages: {
      async handBack(messages) {
        handedBack.push(...messages.map(({ visibleInSeconds }) => visibleInSeconds));
      },
    },
    seen: {
      async note(events) {
        noted.push(...events);
      },
    },
    preprocessor: makePreprocessor(() => clock.nowMs),
    metrics,
    log,
    nowMs: () => clock.nowMs,
    random: Math.random,
    maxReceiveCount: 10,
  };
  return {
    clock,
    claims,
    eventLog,
    actionsQueue,
    handedBack,
    noted,
    metrics,
    log,
    deps,
    /** Processes events as one batch; answers how many came back. */
    async process(
      events: RawEvent[],
      { receiveCount = 1, ...change }: { receiveCount?: number } & Partial<ProcessorDeps> = {},
    ) {
      const records = events.map((event) => eventRecord(event, receiveCount));
      const { batchItemFailures } = await processBatch(records, { ...deps, ...change }, leaseMs);
      return batchItemFailures.length;
    },
    row: (event: RawEvent) => eventLog.rows.get(event.id),
  };
}

const event = (change: Record<string, unknown> = {}, raw: Partial<RawEvent> = {}) =>
  rawEvent(trackEvent(change), { receivedAtMs: startMs, ...raw });

describe('an event with a mapping', () => {
  test('is claimed, handed on as one message, and logged with what explains it', async () => {
    const { process, row, claims, actionsQueue, noted } = makeProcessor();
    const raw = event();
    expect(await process([raw])).toBe(0);
    expect(actionsQueue.sent).toMatchObject([
      {
        eventId: raw.id,
        execution: raw.id,
        origin: raw.id,
        again: false,
        n: 1,
        configVersion: 7,
        userId: 'usr_8841',
        claim: { key: 'msg-1', source: 'rudderstack', eventType: 'track/order_completed' },
        invocations: [
          {
            id: invocationId(raw.id, 'order-completed'),
            action: 'workflows_trigger',
            mapping: 'order-completed',
            payload: { key: 'order-completed', recipients: 'usr_8841', data: { order_id: 'A-1', total: 42.5 } },
          },
        ],
      },
    ]);
    expect(row(raw)).toMatchObject({
      status: 'processed',
      eventType: 'track/order_completed',
      userId: 'usr_8841',
      key: 'msg-1',
      execution: raw.id,
      configVersion: 7,
      actionsPlanned: 1,
      verification: 'not_enforced:skipped',
      receivedAtMs: startMs,
      payload: raw.payload,
    });
    expect([...claims.items.values()]).toMatchObject([
      { owner: raw.id, execution: raw.id, expiresAtMs: startMs + 24 * hourMs, released: false },
    ]);
    expect(noted).toEqual([{ source: 'rudderstack', eventType: 'track/order_completed', eventId: raw.id }]);
  });

  test('is logged for as long as its source keeps rows, be it processed, rejected or unmapped', async () => {
    const { process, row } = makeProcessor(liveConfiguration({ state: { retention_days: 8 } }));
    const events = [event(), event({ event: 'unmapped' }), rawEvent('[1]', { receivedAtMs: startMs })];
    await process(events);
    expect(events.map((raw) => [row(raw)?.status, row(raw)?.retentionDays])).toEqual([
      ['processed', 8],
      ['no_mapping', 8],
      ['rejected', 8],
    ]);
  });

  test('that came in by an old URL is noted as such, whatever became of it', async () => {
    const { process, noted } = makeProcessor();
    await process([event({}, { oldCredentials: ['url'] }), event({ event: 'unmapped' }, { oldCredentials: ['key'] })]);
    expect(noted.map(({ oldCredentials }) => oldCredentials)).toEqual([['url'], ['key']]);
  });

  test('carries the event data along only when a trigger has no data of its own', async () => {
    const mapping = { id: 'm', event: 'track/order_completed', action: 'workflows_trigger', parameters: { key: 'k' } };
    const { process, actionsQueue } = makeProcessor(liveConfiguration({ file: { mappings: [mapping] } }));
    await process([event()]);
    expect(actionsQueue.sent[0]?.data).toEqual({ order_id: 'A-1', total: 42.5 });
    const other = makeProcessor();
    await other.process([event()]);
    expect(other.actionsQueue.sent[0]).not.toHaveProperty('data');
  });

  test('hands on the others when one action is too large for the queue', async () => {
    const large = {
      id: 'large',
      event: 'track/order_completed',
      action: 'workflows_trigger',
      parameters: { key: 'a', data: 'data' },
    };
    const small = {
      id: 'small',
      event: 'track/order_completed',
      action: 'workflows_trigger',
      parameters: { key: 'b', data: { total: 'data.total' } },
    };
    const { process, row, actionsQueue } = makeProcessor(liveConfiguration({ file: { mappings: [large, small] } }));
    const raw = event({ properties: { total: 1, noise: randomBytes(330 * 1024).toString('base64') } });
    expect(raw.payload.length).toBeLessThan(payloadBytesMax);
    expect(await process([raw])).toBe(0);
    expect(actionsQueue.sent[0]?.invocations).toMatchObject([
      { mapping: 'large', payload: {}, refused: { reason: 'parameters_too_large' } },
      { mapping: 'small', payload: { key: 'b', data: { total: 1 } } },
    ]);
    expect(actionsQueue.sent[0]?.invocations[1]).not.toHaveProperty('refused');
    expect(row(raw)?.status).toBe('processed');
  });
});

describe('an event without actions', () => {
  const cases: [string, LiveConfiguration, Record<string, unknown>, object][] = [
    [
      'no mapping for its type',
      liveConfiguration(),
      { event: 'page_liked' },
      { status: 'no_mapping', reason: 'no_mapping_for_type' },
    ],
    [
      'identify switched off',
      liveConfiguration({ state: { identify: false } }),
      { type: 'identify', traits: { email: 'a@b.example' } },
      { status: 'no_mapping', reason: 'identify_disabled' },
    ],
    [
      'its mapping switched off',
      liveConfiguration({ state: { inactive_mappings: ['order-completed'] } }),
      {},
      { status: 'no_mapping', reason: 'mapping_inactive' },
    ],
    [
      'a condition that does not hold',
      liveConfiguration({
        file: {
          mappings: [
            {
              id: 'm',
              event: 'track/order_completed',
              action: 'workflows_trigger',
              when: [{ path: 'data.total', gt: 100 }],
            },
          ],
        },
      }),
      {},
      { status: 'no_mapping', reason: 'conditions_not_met', detail: 'mapping m: data.total is 42.5, not gt 100' },
    ],
    [
      'its source switched off',
      liveConfiguration({ state: { enabled: false } }),
      {},
      { status: 'rejected', reason: 'source_disabled' },
    ],
    ['no type', liveConfiguration(), { type: undefined }, { status: 'rejected', reason: 'event_type_missing' }],
    [
      'a name that is not text',
      liveConfiguration(),
      { event: ['a'] },
      { status: 'rejected', reason: 'payload_invalid' },
    ],
  ];
  test.each(cases)(
    '(%s) is logged with the reason, and takes no claim',
    async (_name, configuration, change, expected) => {
      const { process, row, claims, actionsQueue } = makeProcessor(configuration);
      const raw = event(change);
      expect(await process([raw])).toBe(0);
      expect(row(raw)).toMatchObject({ ...expected, actionsPlanned: 0, configVersion: 7 });
      expect(claims.items.size).toBe(0);
      expect(actionsQueue.sent).toEqual([]);
    },
  );

  test('is logged when it is not an object, and when its source was removed after it was accepted', async () => {
    const { process, row } = makeProcessor();
    const scalar = rawEvent('42', { receivedAtMs: startMs, batchIndex: 3 });
    const orphan = rawEvent(trackEvent(), { receivedAtMs: startMs, source: 'gone' });
    expect(await process([scalar, orphan])).toBe(0);
    expect(row(scalar)).toMatchObject({ status: 'rejected', reason: 'not_an_object', batchIndex: 3 });
    expect(row(orphan)).toMatchObject({ status: 'rejected', reason: 'source_missing' });
  });

  test('runs once a mapping exists, for an unmapped event used up no key', async () => {
    const { process, row, actionsQueue, deps } = makeProcessor(liveConfiguration({ file: { mappings: [] } }));
    const first = event();
    await process([first]);
    expect(row(first)?.status).toBe('no_mapping');
    const mapped = liveConfiguration();
    const again = event();
    await process([again], { configuration: { ...deps.configuration, current: async () => mapped } });
    expect(row(again)?.status).toBe('processed');
    expect(actionsQueue.sent).toHaveLength(1);
  });
});

describe('a repeat', () => {
  test('within the window is logged idempotent, names the event that ran, and has no actions', async () => {
    const { process, row, actionsQueue, clock } = makeProcessor();
    const [first, second] = [event(), event()];
    await process([first]);
    clock.nowMs += 24 * hourMs - 1000;
    expect(await process([second])).toBe(0);
    expect(row(second)).toMatchObject({
      status: 'idempotent',
      reason: 'duplicate',
      execution: first.id,
      duplicateOf: first.id,
      actionsPlanned: 0,
    });
    expect(actionsQueue.sent).toHaveLength(1);
  });

  test('in the same batch is a duplicate too', async () => {
    const { process, row, actionsQueue } = makeProcessor();
    const events = [event(), event(), event()];
    expect(await process(events)).toBe(0);
    expect(events.map((raw) => row(raw)?.status)).toEqual(['processed', 'idempotent', 'idempotent']);
    expect(actionsQueue.sent).toHaveLength(1);
  });

  test('after the window runs again, with an execution of its own, though the claim is still in the table', async () => {
    const { process, row, actionsQueue, clock } = makeProcessor();
    const [first, second] = [event(), event()];
    await process([first]);
    clock.nowMs += 24 * hourMs + 1000;
    await process([second]);
    expect(row(second)).toMatchObject({ status: 'processed', execution: second.id });
    expect(actionsQueue.sent).toHaveLength(2);
  });

  test('honours the window that the environment sets', async () => {
    const { process, row, clock } = makeProcessor(
      liveConfiguration({ state: { idempotency: { enabled: true, window_hours: 1 } } }),
    );
    const [first, second, third] = [event(), event(), event()];
    await process([first]);
    clock.nowMs += hourMs - 1000;
    await process([second]);
    clock.nowMs += 2000;
    await process([third]);
    expect([second, third].map((raw) => row(raw)?.status)).toEqual(['idempotent', 'processed']);
  });

  test.each([
    ['another event type', { event: 'order_refunded' }],
    ['another key', { messageId: 'msg-2' }],
  ])('is none with %s', async (_name, change) => {
    const mappings = ['order_completed', 'order_refunded'].map((name) => ({
      id: name.replace('_', '-'),
      event: `track/${name}`,
      action: 'workflows_trigger',
      parameters: { key: 'k' },
    }));
    const { process, row } = makeProcessor(liveConfiguration({ file: { mappings } }));
    const [first, second] = [event(), event(change)];
    await process([first]);
    await process([second]);
    expect(row(second)).toMatchObject({ status: 'processed', execution: second.id });
  });

  test.each([
    ['a list', [42]],
    ['blanks', '  '],
    ['256 characters', 'k'.repeat(256)],
    ['missing', undefined],
    ['empty', ''],
  ])('is none when the key is %s: it is dropped, not shown, and every event runs', async (_name, messageId) => {
    const { process, row, claims } = makeProcessor();
    const events = [event({ messageId }), event({ messageId })];
    expect(await process(events)).toBe(0);
    for (const raw of events) {
      expect(row(raw)).toMatchObject({ status: 'processed', execution: raw.id });
      expect(row(raw)).not.toHaveProperty('key');
    }
    expect(claims.items.size).toBe(0);
  });

  test('is none when checks are off in this environment', async () => {
    const { process, row } = makeProcessor(liveConfiguration({ state: { idempotency: { enabled: false } } }));
    const events = [event(), event()];
    await process(events);
    expect(events.map((raw) => row(raw)?.status)).toEqual(['processed', 'processed']);
  });

  test('is found by the key path that the environment sets', async () => {
    const state = { idempotency: { enabled: true, path: 'data.order_id' } };
    const { process, row } = makeProcessor(liveConfiguration({ state }));
    const [first, second] = [event({ messageId: 'a' }), event({ messageId: 'b' })];
    await process([first]);
    await process([second]);
    expect(row(first)?.key).toBe('A-1');
    expect(row(second)?.status).toBe('idempotent');
  });

  test('waits while the first is at work, and comes back when that lease has ended', async () => {
    const { process, row, claims, handedBack } = makeProcessor();
    const [first, second] = [event(), event()];
    await claims.claim(claimOf(first), startMs);
    expect(await process([second])).toBe(1);
    expect(row(second)).toBeUndefined();
    expect(handedBack[0]).toBeGreaterThanOrEqual(leaseMs / 1000);
    expect(handedBack[0]).toBeLessThan(leaseMs / 1000 + 3);
  });

  test('takes over from a first that died, with the execution that may have had effects', async () => {
    const { process, row, claims, actionsQueue, clock } = makeProcessor();
    const [first, second] = [event(), event()];
    await claims.claim(claimOf(first), startMs);
    clock.nowMs += leaseMs;
    expect(await process([second])).toBe(0);
    expect(row(second)).toMatchObject({ status: 'processed', execution: first.id });
    expect(actionsQueue.sent).toMatchObject([
      { execution: first.id, eventId: second.id, origin: second.id, again: true },
    ]);
  });

  test('runs again after an action failed for good, since a failure uses up no key', async () => {
    const { process, row, claims, actionsQueue } = makeProcessor();
    const [first, second, third] = [event(), event(), event()];
    await process([first]);
    await claims.release(claimOf(first), first.id);
    await process([second]);
    expect(row(second)).toMatchObject({ status: 'processed', execution: first.id });
    expect(actionsQueue.sent[1]).toMatchObject({ execution: first.id, origin: second.id, again: true });
    expect([...claims.items.values()]).toMatchObject([
      { owner: second.id, released: false, expiresAtMs: startMs + 24 * hourMs },
    ]);
    // And a success of that run is a success for later copies.
    await process([third]);
    expect(row(third)).toMatchObject({ status: 'idempotent', duplicateOf: second.id });
  });

  test('is returned when another event takes the claim over first', async () => {
    const { process, claims, row } = makeProcessor();
    const [first, second] = [event(), event()];
    await process([first]);
    await claims.release(claimOf(first), first.id);
    expect(await process([second], { claims: { ...claims, takeOver: async () => false } })).toBe(1);
    expect(row(second)).toBeUndefined();
  });

  function claimOf(raw: RawEvent) {
    return {
      key: 'msg-1',
      source: 'rudderstack',
      eventType: 'track/order_completed',
      eventId: raw.id,
      leaseEndsAtMs: startMs + leaseMs,
      expiresAtMs: startMs + 24 * hourMs,
    };
  }
});

describe('a redelivery', () => {
  test('of a finished event changes nothing and emits nothing', async () => {
    const { process, actionsQueue, clock, eventLog } = makeProcessor();
    const raw = event();
    await process([raw]);
    const before = structuredClone(eventLog.rows.get(raw.id));
    clock.nowMs += 1000;
    expect(await process([raw], { receiveCount: 2 })).toBe(0);
    clock.nowMs += leaseMs;
    expect(await process([raw], { receiveCount: 3 })).toBe(0);
    expect(actionsQueue.sent).toHaveLength(1);
    expect(eventLog.rows.get(raw.id)).toEqual(before);
  });

  test('of a finished event does not wake it when another event has the claim by now', async () => {
    const { process, actionsQueue, clock, claims } = makeProcessor();
    const [first, second] = [event(), event()];
    await process([first]);
    clock.nowMs += 24 * hourMs + 1000;
    await process([second]);
    clock.nowMs += 24 * hourMs + 1000;
    expect(await process([first], { receiveCount: 2 })).toBe(0);
    expect(actionsQueue.sent).toHaveLength(2);
    expect([...claims.items.values()]).toMatchObject([{ owner: second.id }]);
  });

  test('keeps a claim released that was released: only a take-over clears it', async () => {
    const { process, clock, claims, eventLog } = makeProcessor();
    const raw = event();
    await process([raw]);
    await claims.release({ key: 'msg-1', source: 'rudderstack', eventType: 'track/order_completed' }, raw.id);
    clock.nowMs += leaseMs;
    eventLog.rows.delete(raw.id);
    await process([raw], { receiveCount: 2 });
    expect([...claims.items.values()]).toMatchObject([{ owner: raw.id, released: true }]);
  });

  test('of an event without a key says that it may have run before', async () => {
    const { process, actionsQueue } = makeProcessor();
    const raw = event({ messageId: undefined });
    await process([raw]);
    await process([raw], { receiveCount: 2 });
    expect(actionsQueue.sent.map(({ again, execution }) => [again, execution])).toEqual([
      [false, raw.id],
      [true, raw.id],
    ]);
  });
});

describe('a replay', () => {
  test('of a failed event re-enters its claim and runs under the execution it had', async () => {
    const { process, row, clock, eventLog, actionsQueue } = makeProcessor();
    const raw = event();
    await process([raw], {
      actionsQueue: { sendEach: async () => [{ sent: false, error: new RetryableError('down') }] },
      receiveCount: 10,
    });
    expect(row(raw)).toMatchObject({ status: 'failed', reason: 'retries_exhausted', detail: 'down' });
    clock.nowMs += leaseMs;
    expect(await process([{ ...raw, execution: raw.id, replay: 'nonce-1' }])).toBe(0);
    expect(eventLog.rows.get(raw.id)).toMatchObject({ status: 'processed', execution: raw.id });
    expect(actionsQueue.sent).toMatchObject([{ execution: raw.id, origin: 'nonce-1', again: true }]);
  });

  test('by force runs under its own execution, without a claim', async () => {
    const { process, row, actionsQueue } = makeProcessor();
    const first = event();
    await process([first]);
    const forced = event({}, { replayOf: first.id });
    await process([forced]);
    expect(row(forced)).toMatchObject({ status: 'processed', execution: forced.id, replayOf: first.id });
    expect(actionsQueue.sent).toHaveLength(2);
    expect(actionsQueue.sent[1]).toMatchObject({ execution: forced.id });
  });
});

describe('an event of a paused source', () => {
  const paused = liveConfiguration();
  paused.state.held_sources = {
    rudderstack: { since: '2026-11-21T02:00:00.000Z', by: 'Ana', reason: 'wrong mapping' },
  };

  test('is kept whole and acknowledged: no claim, no message, no second look', async () => {
    const { process, row, claims, actionsQueue, metrics, handedBack } = makeProcessor(paused);
    const raw = event();
    expect(await process([raw])).toBe(0);
    expect(row(raw)).toMatchObject({
      status: 'held',
      reason: 'source_paused',
      detail: 'its source was paused on 2026-11-21T02:00:00.000Z: wrong mapping',
      eventType: 'track/order_completed',
      key: 'msg-1',
      payload: raw.payload,
      actionsPlanned: 0,
    });
    expect([[...claims.items.values()], actionsQueue.sent, handedBack]).toEqual([[], [], []]);
    expect(metrics.counts.get('EventsHeld') ?? 0).toBe(1);
  });

  test('does not hold up those of other sources in its batch', async () => {
    const { process, row, actionsQueue } = makeProcessor({
      ...paused,
      snapshot: {
        ...paused.snapshot,
        sources: { ...paused.snapshot.sources, other: paused.snapshot.sources.rudderstack as never },
      },
    });
    const held = event();
    const other = event({ messageId: 'msg-2' }, { source: 'other' });
    await process([held, other]);
    expect([row(held)?.status, row(other)?.status]).toEqual(['held', 'processed']);
    expect(actionsQueue.sent.map(({ eventId }) => eventId)).toEqual([other.id]);
  });

  test('runs when it is released, once, also while others are held', async () => {
    const { process, row, actionsQueue } = makeProcessor(paused);
    const raw = event();
    await process([raw]);
    const released = { ...raw, execution: raw.id, replay: 'R1' };
    await process([released]);
    await process([released], { receiveCount: 2 });
    expect(row(raw)).toMatchObject({ status: 'processed', execution: raw.id });
    expect(actionsQueue.sent).toMatchObject([{ eventId: raw.id, execution: raw.id, again: true }]);
  });

  test('is not put back on hold by a late delivery once it has run', async () => {
    const { process, row } = makeProcessor(paused);
    const raw = event();
    await process([{ ...raw, execution: raw.id, replay: 'R1' }]);
    await process([raw], { receiveCount: 2 });
    expect(row(raw)?.status).toBe('processed');
  });

  test('comes back when its row cannot be written, and counts as held only once', async () => {
    const { process, deps, metrics, row } = makeProcessor(paused);
    const raw = event();
    const writeHeld = async () => Promise.reject(new RetryableError('throttled'));
    expect(await process([raw], { eventLog: { ...deps.eventLog, writeHeld } })).toBe(1);
    expect([row(raw), metrics.counts.get('EventsHeld') ?? 0]).toEqual([undefined, 0]);
    await process([raw], { receiveCount: 2 });
    await process([raw], { receiveCount: 3 });
    expect([row(raw)?.status, metrics.counts.get('EventsHeld') ?? 0]).toEqual(['held', 1]);
  });

  test('is failed, not held, when its release fails on every delivery', async () => {
    const { process, deps, row } = makeProcessor(paused);
    const raw = event();
    await process([raw]);
    const claims = { ...deps.claims, claim: async () => Promise.reject(new Error('claims are away')) };
    await process([{ ...raw, execution: raw.id, replay: 'R1' }], { claims, receiveCount: 10 });
    expect(row(raw)).toMatchObject({ status: 'failed', reason: 'retries_exhausted', detail: 'claims are away' });
  });
});

describe('a batch', () => {
  test('F14 fails only the record that failed, and does the others once', async () => {
    for (let bad = 0; bad < 10; bad++) {
      const { eventLog, deps } = makeProcessor();
      const events = Array.from({ length: 10 }, (_, i) => event({ messageId: `m-${i}` }));
      const badId = events[bad]?.id;
      const claims = {
        ...deps.claims,
        claim: (request: Parameters<typeof deps.claims.claim>[0], nowMs: number) =>
          request.eventId === badId
            ? Promise.reject(new RetryableError('throttled'))
            : deps.claims.claim(request, nowMs),
      };
      const records = events.map((raw) => eventRecord(raw));
      const { batchItemFailures } = await processBatch(records, { ...deps, claims }, leaseMs);
      expect(batchItemFailures).toEqual([{ itemIdentifier: records[bad]?.messageId }]);
      expect(eventLog.rows.size).toBe(9);
    }
  });

  test('keeps the row of an event that ran when it comes again without a mapping; a first delivery reads nothing', async () => {
    const { process, row, deps } = makeProcessor();
    const unmapped = {
      configuration: { ...deps.configuration, current: async () => liveConfiguration({ file: { mappings: [] } }) },
    };
    const ran = event();
    await process([ran]);
    expect(await process([ran], { ...unmapped, receiveCount: 2 })).toBe(0);
    expect(row(ran)).toMatchObject({ status: 'processed', execution: ran.id });
    const fresh = event({ messageId: 'msg-2' });
    const reads = { ...deps.eventLog, statusOf: async () => Promise.reject(new Error('a read')) };
    expect(await process([fresh], { ...unmapped, eventLog: reads })).toBe(0);
    expect(row(fresh)?.status).toBe('no_mapping');
  });

  test('calls no event a repeat of one that took the key, died, and found its mapping gone', async () => {
    const { process, row, deps, claims, actionsQueue, clock } = makeProcessor();
    const first = event();
    const dying = dieAt({ actionsQueue: deps.actionsQueue }, { at: 0, when: 'before' }).ports;
    expect(await process([first], dying)).toBe(1);
    const unmapped = liveConfiguration({ file: { mappings: [] } });
    await process([first], {
      receiveCount: 2,
      configuration: { ...deps.configuration, current: async () => unmapped },
    });
    expect(row(first)?.status).toBe('no_mapping');
    const copy = event();
    expect(await process([copy])).toBe(1);
    clock.nowMs += leaseMs;
    expect(await process([copy], { receiveCount: 2 })).toBe(0);
    expect(row(copy)).toMatchObject({ status: 'processed', execution: first.id });
    expect([...claims.items.values()]).toMatchObject([{ owner: copy.id }]);
    expect(actionsQueue.sent).toHaveLength(1);
  });

  test('F15 brings back a message that cannot be read, soon at first and later every time, and never throws', async () => {
    const { deps, handedBack, log } = makeProcessor();
    for (const [receiveCount, text] of [
      [1, 'not json'],
      [2, '{"v":1}'],
      [10, '{"v":99}'],
    ] as const) {
      const record = sqsRecord(text, receiveCount);
      expect(await processBatch([record], deps, leaseMs)).toEqual({
        batchItemFailures: [{ itemIdentifier: record.messageId }],
      });
    }
    expect(handedBack[0]).toBeGreaterThanOrEqual(5);
    expect(handedBack[1]).toBeGreaterThanOrEqual(10);
    expect(log.lines.map(({ level, message, delivery }) => [level, message, delivery])).toEqual([
      ['error', 'a record failed', 1],
      ['error', 'a record failed', 2],
      ['error', 'a record failed on its last delivery', 10],
    ]);
  });

  test('writes the reason of a record that fails on its last delivery, and not before', async () => {
    const { process, row, clock } = makeProcessor();
    const raw = event();
    const down = {
      actionsQueue: {
        sendEach: async () => [{ sent: false as const, error: new RetryableError('the queue is away') }],
      },
    };
    await process([raw], { ...down, receiveCount: 9 });
    expect(row(raw)).toBeUndefined();
    clock.nowMs += leaseMs;
    await process([raw], { ...down, receiveCount: 10 });
    expect(row(raw)).toMatchObject({
      status: 'failed',
      reason: 'retries_exhausted',
      detail: 'the queue is away',
      payload: raw.payload,
    });
  });

  test('counts an event as failed where its last delivery ends, unless another delivery finished it', async () => {
    const { process, metrics, clock } = makeProcessor();
    const broken = { actionsQueue: { sendEach: async () => Promise.reject(new RetryableError('the queue is away')) } };
    const raw = event();
    await process([raw], { ...broken, receiveCount: 9 });
    expect(metrics.counts.has('EventsFailed')).toBe(false);
    clock.nowMs += leaseMs;
    await process([raw], { ...broken, receiveCount: 10 });
    expect(metrics.counts.get('EventsFailed')).toBe(1);
    expect(metrics.counts.get('EventsFailed retries_exhausted')).toBe(1);
  });

  test('counts no failure of an event that another delivery finished', async () => {
    const { process, metrics, eventLog, row } = makeProcessor();
    const raw = event();
    await process([raw]);
    const away = async () => Promise.reject(new RetryableError('the table is away'));
    await process([raw], { receiveCount: 10, eventLog: { ...eventLog, statusOf: away, writeEach: away } });
    expect(row(raw)?.status).toBe('processed');
    expect(metrics.counts.has('EventsFailed')).toBe(false);
  });

  test('tells for how long a record has been coming back, since its first delivery', async () => {
    const { deps, metrics, clock } = makeProcessor();
    const record = eventRecord(event(), 4);
    record.attributes.ApproximateFirstReceiveTimestamp = String(startMs);
    clock.nowMs += 75_000;
    const broken = { ...deps, claims: { ...deps.claims, claim: () => Promise.reject(new RetryableError('away')) } };
    await processBatch([record], broken, leaseMs);
    expect(metrics.times.get('EventsReturnedMs')).toEqual([75_000]);
    await processBatch([eventRecord(event({ messageId: 'm-2' }))], deps, leaseMs);
    expect(metrics.times.get('EventsReturnedMs')).toHaveLength(1);
  });

  // SQS counts deliveries approximately: one that never reached a function may be counted, the tenth among them.
  test('takes any delivery from the tenth on for the last one', async () => {
    const { process, row } = makeProcessor();
    const raw = event();
    const down = {
      actionsQueue: {
        sendEach: async () => [{ sent: false as const, error: new RetryableError('the queue is away') }],
      },
    };
    await process([raw], { ...down, receiveCount: 12 });
    expect(row(raw)).toMatchObject({ status: 'failed', reason: 'retries_exhausted' });
  });

  test('needs no read on the happy path: one claim each, one send, one write of rows', async () => {
    const { deps } = makeProcessor();
    const { configuration: _configuration, claims, eventLog, actionsQueue } = deps;
    const counted = dieAt({ claims, eventLog, actionsQueue });
    const events = Array.from({ length: 10 }, (_, i) => event({ messageId: `m-${i}` }));
    await processBatch(
      events.map((raw) => eventRecord(raw)),
      { ...deps, ...counted.ports },
      leaseMs,
    );
    expect(counted.calls()).toBe(12);
  });

  test('counts what became of its events', async () => {
    const { process, metrics } = makeProcessor();
    await process([event(), event(), event({ event: 'other' })]);
    expect(Object.fromEntries(metrics.counts)).toEqual({
      EventsProcessed: 1,
      EventsDuplicate: 1,
      'EventsDuplicate duplicate': 1,
      EventsUnmapped: 1,
      'EventsUnmapped no_mapping_for_type': 1,
    });
  });

  test('is not held up by the registry of seen types', async () => {
    const { process, row, log } = makeProcessor();
    const raw = event();
    expect(await process([raw], { seen: { note: async () => Promise.reject(new Error('throttled')) } })).toBe(0);
    expect(row(raw)?.status).toBe('processed');
    expect(log.lines).toMatchObject([{ level: 'error', message: 'event types seen could not be noted' }]);
  });

  test('comes back whole while the configuration was never read', async () => {
    const { process } = makeProcessor();
    const configuration = {
      current: () => Promise.reject(new RetryableError('away')),
      reload: () => Promise.reject(new RetryableError('away')),
    };
    await expect(process([event()], { configuration })).rejects.toThrow('away');
  });
});

describe('a process that dies', () => {
  const portsOf = ({ claims, eventLog, actionsQueue }: ProcessorDeps) => ({ claims, eventLog, actionsQueue });

  /** What the workflow-trigger would have run: executions, each once. */
  const effects = (sent: { execution: string }[]) => new Set(sent.map(({ execution }) => execution)).size;

  test.each(['before', 'after'] as const)(
    'at any call, %s its effect, loses nothing and starts no second execution',
    async (when) => {
      const whole = makeProcessor();
      const counted = dieAt(portsOf(whole.deps));
      await whole.process([event()], counted.ports);
      for (let at = 0; at < counted.calls(); at++) {
        const { deps, process, row, clock, actionsQueue } = makeProcessor();
        const raw = event();
        const mortal = dieAt(portsOf(deps), { at, when });
        await process([raw], mortal.ports).catch(() => undefined);
        expect(mortal.died()).toBe(true);
        // Its messages come back after the lease, twice for good measure; a copy by the sender comes on top.
        clock.nowMs += 6 * 30_000;
        expect(await process([raw], { receiveCount: 2 })).toBe(0);
        expect(await process([raw], { receiveCount: 3 })).toBe(0);
        const copy = event();
        expect(await process([copy])).toBe(0);
        expect(row(raw)).toMatchObject({ status: 'processed', execution: raw.id });
        expect(row(copy)).toMatchObject({ status: 'idempotent', execution: raw.id });
        expect(effects(actionsQueue.sent)).toBe(1);
        // A second message only where the first was sent and its row was not.
        expect(actionsQueue.sent.slice(1).every(({ again }) => again)).toBe(true);
      }
    },
  );

  test('while a copy by the sender arrives first: the copy takes over the same execution, and the original is finished', async () => {
    for (let at = 0; at < 3; at++) {
      for (const when of ['before', 'after'] as const) {
        const { deps, process, row, clock, actionsQueue } = makeProcessor();
        const [raw, copy] = [event(), event()];
        await process([raw], dieAt(portsOf(deps), { at, when }).ports).catch(() => undefined);
        clock.nowMs += 60_000;
        expect(await process([copy])).toBe(0);
        clock.nowMs += 60_000;
        expect(await process([raw], { receiveCount: 2 })).toBe(0);
        expect(effects(actionsQueue.sent)).toBe(1);
        expect(new Set([row(raw)?.status, row(copy)?.status])).toEqual(new Set(['processed', 'idempotent']));
        expect(row(raw)?.execution).toBe(row(copy)?.execution);
      }
    }
  });
});

describe('two deliveries at the same moment', () => {
  test('emit once: one runs, the other finds the lease and comes back to a finished event', async () => {
    const { process, clock, actionsQueue, row } = makeProcessor();
    const raw = event();
    const failures = await Promise.all([process([raw]), process([raw])]);
    expect(failures.sort()).toEqual([0, 1]);
    clock.nowMs += leaseMs + 1000;
    expect(await process([raw], { receiveCount: 2 })).toBe(0);
    expect(actionsQueue.sent).toHaveLength(1);
    expect(row(raw)?.status).toBe('processed');
  });

  test('of two copies: one runs, the other ends idempotent', async () => {
    const { process, clock, actionsQueue, row } = makeProcessor();
    const [first, second] = [event(), event()];
    await Promise.all([process([first]), process([second])]);
    clock.nowMs += leaseMs + 1000;
    await process([first], { receiveCount: 2 });
    await process([second], { receiveCount: 2 });
    expect([row(first)?.status, row(second)?.status].sort()).toEqual(['idempotent', 'processed']);
    expect(actionsQueue.sent).toHaveLength(1);
  });
});
