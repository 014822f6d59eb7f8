import { describe, expect, test } from '@jest/globals';
import { processBatch } from '../../functions/processor/process-batch.ts';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import type { RawEvent } from '../../shared/core/events/raw-event.ts';
import { eventRecord, liveConfiguration, rawEvent } from '../support/build.ts';
import { makeCountedMetrics, makeFakeActionsQueue, makeFakeClaimStore, makeFakeEventLog } from '../support/fakes.ts';
import { makeKeptLog } from '../support/function-log.ts';

/* A source's own expression on its way through the processor: what it makes is there for everything that a path can say. */

const leaseMs = 35_000;
const nowMs = Date.parse('2026-11-21T03:00:00Z');

async function processed(file: Record<string, unknown>, events: RawEvent[]) {
  const configuration = liveConfiguration({ file: { kind: 'http', mappings: [], ...file } });
  const eventLog = makeFakeEventLog();
  const actionsQueue = makeFakeActionsQueue();
  const metrics = makeCountedMetrics();
  const seen: (string | undefined)[] = [];
  // A clock that ticks by a millisecond when the expression begins and when it ends.
  let ticks = 0;
  const log = makeKeptLog();
  const { batchItemFailures } = await processBatch(
    events.map((event) => eventRecord(event)),
    {
      configuration: { current: async () => configuration, reload: async () => configuration },
      claims: makeFakeClaimStore(),
      eventLog,
      actionsQueue,
      receivedMessages: { handBack: async () => undefined },
      seen: { note: async (types) => void seen.push(...types.map(({ eventType }) => eventType)) },
      preprocessor: makePreprocessor(() => ticks++),
      metrics,
      log,
      nowMs: () => nowMs,
      random: Math.random,
      maxReceiveCount: 10,
    },
    leaseMs,
  );
  expect(batchItemFailures).toEqual([]);
  expect(log.lines).toEqual([]);
  const rows = events.map(({ id }) => eventLog.rows.get(id));
  return { rows, row: rows[0], sent: actionsQueue.sent, metrics, seen };
}

const event = (body: unknown) => rawEvent(body, { receivedAtMs: nowMs });

const expression = `{
  "type": body.resource & "." & body.verb,
  "key": body.delivery & ":" & body.attempt_of,
  "owners": body.people[role = "owner"].id[],
  "is_urgent": body.priority > 3,
  "who": body.people[0].id,
  "at": $millis() - 60000
}`;
const file = {
  preprocess: { jsonata: expression },
  event_type_path: 'preprocess.type',
  idempotency_key_path: 'preprocess.key',
  user_id_path: 'preprocess.who',
  timestamp_path: 'preprocess.at',
  mappings: [
    {
      id: 'urgent',
      event: 'ticket.opened',
      action: 'workflows_trigger',
      parameters: { key: 'order-completed', recipients: 'preprocess.owners', data: { title: 'body.title' } },
      when: [{ path: 'preprocess.is_urgent', is: true }],
    },
    {
      id: 'calm',
      event: 'ticket.opened',
      action: 'users_identify',
      parameters: { id: 'preprocess.who' },
      when: [{ path: 'preprocess.is_urgent', is: false }],
    },
  ],
};
const ticket = {
  resource: 'ticket',
  verb: 'opened',
  delivery: 'd-1',
  attempt_of: 7,
  priority: 5,
  title: 'Leak',
  people: [
    { id: 'u-1', role: 'owner' },
    { id: 'u-2', role: 'watcher' },
    { id: 'u-3', role: 'owner' },
  ],
};

describe('what an expression makes', () => {
  test('is the event type, the key, the user, the time, parameters and conditions', async () => {
    const { row, sent, seen } = await processed(file, [event(ticket)]);
    expect(row).toMatchObject({
      status: 'processed',
      eventType: 'ticket.opened',
      key: 'd-1:7',
      userId: 'u-1',
      actionsPlanned: 1,
      preprocessMs: 1,
    });
    expect(row).not.toHaveProperty('preprocessError');
    expect(seen).toEqual(['ticket.opened']);
    expect(sent).toMatchObject([
      {
        eventType: 'ticket.opened',
        userId: 'u-1',
        occurredAtMs: nowMs - 60_000,
        invocations: [
          {
            mapping: 'urgent',
            payload: { key: 'order-completed', recipients: ['u-1', 'u-3'], data: { title: 'Leak' } },
          },
        ],
      },
    ]);
  });

  test('tells copies apart by the key that it makes, and other events from them', async () => {
    const events = [event(ticket), event(ticket), event({ ...ticket, attempt_of: 8 })];
    const { rows, sent } = await processed(file, events);
    expect(rows.map((row) => row?.status)).toEqual(['processed', 'idempotent', 'processed']);
    expect(rows[1]).toMatchObject({ duplicateOf: events[0]?.id, preprocessMs: 1 });
    expect(sent).toHaveLength(2);
  });

  test('decides conditions both ways', async () => {
    const { sent } = await processed(file, [event({ ...ticket, priority: 1 })]);
    expect(sent).toMatchObject([{ invocations: [{ mapping: 'calm', payload: { id: 'u-1' } }] }]);
  });

  test('stands beside what the kind computes, and wins over it', async () => {
    const { sent } = await processed(
      {
        kind: 'polytomic',
        preprocess: { jsonata: '{"seen": preprocess.custom_columns.plan, "created_at": "own"}' },
        mappings: [
          {
            id: 'm',
            event: 'sync.records',
            action: 'users_identify',
            parameters: {
              id: 'user_id',
              created_at: 'preprocess.created_at',
              properties: { seen: 'preprocess.seen', kind: 'preprocess.custom_columns.plan' },
            },
          },
        ],
      },
      [event({ event: 'sync.records', fields: { id: 5, created_at: '2026-05-04', plan: 'pro' } })],
    );
    expect(sent).toMatchObject([
      { invocations: [{ payload: { id: '5', created_at: 'own', properties: { seen: 'pro', kind: 'pro' } } }] },
    ]);
  });
});

describe('an expression that fails', () => {
  const failing = { jsonata: '{"a": $sum(body.text), "secret": body.text}' };
  const mappings = [
    { id: 'm', event: 'note', action: 'users_identify', parameters: { id: 'user_id', name: 'preprocess.a' } },
  ];

  test('costs the event what it would have made, and nothing else; the row says why and how long it took', async () => {
    const { row, sent, metrics } = await processed({ preprocess: failing, mappings }, [
      event({ type: 'note', user_id: 'u', text: 'x' }),
    ]);
    expect(row).toMatchObject({
      status: 'processed',
      eventType: 'note',
      preprocessMs: 1,
      preprocessError: expect.stringContaining('"sum"'),
    });
    expect(sent).toMatchObject([{ invocations: [{ payload: { id: 'u' } }] }]);
    expect(sent[0]?.invocations[0]?.payload).not.toHaveProperty('name');
    expect(metrics.counts.get('EventsProcessed')).toBe(1);
  });

  test('leaves what the kind computes', async () => {
    const { sent } = await processed(
      {
        kind: 'supabase',
        preprocess: failing,
        mappings: [
          {
            id: 'm',
            event: 'public.t:INSERT',
            action: 'users_identify',
            parameters: { id: 'preprocess.record.id' },
          },
        ],
      },
      [event({ type: 'INSERT', table: 't', record: { id: 'r' }, text: 'x' })],
    );
    expect(sent).toMatchObject([{ invocations: [{ payload: { id: 'r' } }] }]);
  });

  test('is what an event is rejected for whose type it should have made', async () => {
    const { row, sent, metrics } = await processed(
      { preprocess: failing, event_type_path: 'preprocess.type', mappings },
      [event({ type: 'note', text: 'x' })],
    );
    expect(row).toMatchObject({
      status: 'rejected',
      reason: 'preprocess_failed',
      detail: expect.stringMatching(/no type at "preprocess\.type".*expression failed.*"sum"/),
      preprocessMs: 1,
      preprocessError: expect.stringContaining('"sum"'),
    });
    expect(row).not.toHaveProperty('eventType');
    expect(sent).toEqual([]);
    expect(metrics.counts.get('EventsRejected preprocess_failed')).toBe(1);
  });

  test('is not blamed where it went well and made no type', async () => {
    const { row } = await processed({ preprocess: { jsonata: '{"a": 1}' }, event_type_path: 'preprocess.type' }, [
      event({ type: 'note' }),
    ]);
    expect(row).toMatchObject({ status: 'rejected', reason: 'event_type_missing', preprocessMs: 1 });
    expect(row).not.toHaveProperty('preprocessError');
  });

  test('never quotes an event at length in its row', async () => {
    const text = 'S3CRET'.repeat(1000);
    const { row } = await processed({ preprocess: { jsonata: '{"a": $number(body.text)}' } }, [
      event({ type: 'note', text }),
    ]);
    expect(row?.preprocessError?.length).toBeLessThanOrEqual(300);
  });

  test('that has no end costs its neighbours in the batch nothing but time', async () => {
    const { rows } = await processed(
      {
        preprocess: { jsonata: '($f := function($n) { $f($n + 1) }; body.loop ? {"a": $f(0)} : {"a": 1})' },
        mappings,
      },
      [event({ type: 'note', loop: true, user_id: 'a' }), event({ type: 'note', user_id: 'b' })],
    );
    expect(rows).toMatchObject([
      { status: 'processed', preprocessError: expect.stringContaining('timeout') },
      { status: 'processed', preprocessMs: 1 },
    ]);
    expect(rows[1]).not.toHaveProperty('preprocessError');
  });

  test('that no longer parses, in a configuration that was pushed before, is an error of each event and not of the batch', async () => {
    const { rows } = await processed({ preprocess: { jsonata: '{"a": $eval("1")}' }, mappings }, [
      event({ type: 'note', user_id: 'a' }),
      event('[1]'),
    ]);
    expect(rows).toMatchObject([
      { status: 'processed', preprocessError: expect.stringContaining('$eval is not allowed') },
      { status: 'rejected', reason: 'not_an_object' },
    ]);
  });
});
