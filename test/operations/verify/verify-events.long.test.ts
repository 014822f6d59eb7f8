import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PurgeQueueCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventIdTimeMs, makeEventId } from '../../../shared/core/ids/event-id.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { testRunType } from '../../../shared/core/runs/test-run.ts';
import { cancelJob, createJob } from '../../../shared/operations/jobs/jobs.ts';
import { countsLateMs, type QueueDepth } from '../../../shared/operations/queues/queue-depths.ts';
import type { KnownSource } from '../../../shared/operations/sources/known-sources.ts';
import { type AcceptedCounts, makeAcceptedCounts } from '../../../shared/operations/verify/accepted-counts.ts';
import { looksOf, type VerifyOptions, verifyEvents } from '../../../shared/operations/verify/verify-events.ts';
import { metricPeriodSeconds, verifyRange } from '../../../shared/operations/verify/verify-range.ts';
import { verifyRow } from '../../../shared/operations/verify/verify-row.ts';
import { waitUntilIdle } from '../../../shared/operations/verify/wait-until-idle.ts';
import { whatWaits } from '../../../shared/operations/verify/what-waits.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { lateCounts } from '../../support/sqs-as-it-is.ts';

const known: KnownSource[] = [
  { key: 'rudderstack', shards: 3 },
  { key: 'segment', shards: 1 },
];
// The range of each test is a day of its own, so that they share the tables.
let start = Date.parse('2026-05-01T23:58:00Z');
let environment: TestEnvironment;
let counts: AcceptedCounts;

beforeAll(async () => {
  environment = await startEnvironment();
});
afterAll(() => environment.stop());
beforeEach(async () => {
  start += 3 * 86_400_000;
  counts = makeAcceptedCounts(await environment.metrics(), environment.name);
});
afterEach(async () => {
  const { EventsQueueUrl, ActionsQueueUrl, EventsDeadLetterQueueUrl } = environment.outputs;
  for (const url of [EventsQueueUrl, ActionsQueueUrl, EventsDeadLetterQueueUrl]) await empty(url);
});

async function empty(QueueUrl: string): Promise<void> {
  await environment.queueServer.client.send(new PurgeQueueCommand({ QueueUrl }));
}

const verify = (change: Partial<VerifyOptions> = {}) =>
  verifyEvents(environment, counts, {
    known,
    range: { sinceMs: start, untilMs: start + 240_000, periodSeconds: 60 },
    all: true,
    looks: 1,
    nowMs: () => start + 300_000,
    ...change,
  });

/** What ingest prints when it has accepted so many. */
function count(atMs: number, events: number, { source = 'rudderstack', name = 'EventsAccepted' } = {}): void {
  const of = { name, unit: 'Count', timeMs: atMs, values: [events] };
  environment.history.add([
    { ...of, dimensions: { environment: environment.name, source } },
    { ...of, dimensions: { environment: environment.name } },
  ]);
}

/** A row of an event received at `atMs`, without actions unless it says so. */
function row(atMs: number, change: Partial<EventLogEntry> & { shard?: number } = {}): EventLogEntry {
  const { shard = 0, ...rest } = change;
  const source = rest.source ?? 'rudderstack';
  return eventEntry({ actionsPlanned: 0, ...rest, id: makeEventId(source, shard, atMs, randomBytes(12)) });
}

async function write(...rows: EventLogEntry[]): Promise<void> {
  expect(await environment.eventLog.writeEach(rows)).toEqual(rows.map(() => undefined));
}

async function accepted(...rows: EventLogEntry[]): Promise<void> {
  for (const { id, source } of rows) count(eventIdTimeMs(id), 1, { source });
  await write(...rows);
}

async function enqueue(QueueUrl: string, messages: number): Promise<void> {
  for (let i = 0; i < messages; i++)
    await environment.queueServer.client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'waits' }));
}

describe('what was accepted', () => {
  test('is accounted for by rows of every final state, over sources, shards and midnight', async () => {
    await accepted(
      row(start),
      row(start + 119_999, { shard: 2 }),
      row(start + 120_000, { shard: 1, status: 'no_mapping', reason: 'no_mapping_for_type' }),
      row(start + 130_000, { status: 'idempotent', reason: 'duplicate' }),
      row(start + 140_000, { status: 'rejected', reason: 'payload_invalid' }),
      row(start + 239_999, { status: 'failed', reason: 'retries_exhausted', source: 'segment' }),
    );
    const { sources, balanced, events, differences } = await verify();
    expect(sources).toMatchObject([
      { source: 'rudderstack', accepted: 5, missing: 0, surplus: 0 },
      { source: 'segment', accepted: 1, missing: 0, surplus: 0 },
    ]);
    expect(sources[0]?.rows).toMatchObject({ processed: 2, no_mapping: 1, idempotent: 1, rejected: 1, failed: 0 });
    expect(sources[1]?.rows.failed).toBe(1);
    expect([balanced, events.lost, differences]).toEqual([true, 0, []]);
  });

  test('and left no row while no queue holds it is lost, and told by source and minute', async () => {
    await accepted(row(start), row(start + 61_000, { source: 'segment' }));
    count(start + 62_000, 2, { source: 'segment' });
    const verification = await verify();
    expect(verification).toMatchObject({ balanced: false, events: { missing: 2, waiting: 0, lost: 2, surplus: 0 } });
    expect(verification.differences).toEqual([
      { source: 'segment', periodMs: start + 60_000, accepted: 3, unansweredMax: 0, rows: 1 },
    ]);
  });

  test('and waits in the queue or in its dead-letter queue is not lost; one message fewer, and it is', async () => {
    count(start, 2);
    await enqueue(environment.outputs.EventsQueueUrl, 1);
    await enqueue(environment.outputs.EventsDeadLetterQueueUrl, 1);
    expect(await verify()).toMatchObject({ balanced: true, events: { missing: 2, waiting: 2, lost: 0 } });
    // In flight counts as well.
    const QueueUrl = environment.outputs.EventsQueueUrl;
    await environment.queueServer.client.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 30 }));
    expect(await verify()).toMatchObject({ balanced: true, events: { waiting: 2 } });
    await empty(environment.outputs.EventsDeadLetterQueueUrl);
    expect(await verify()).toMatchObject({ balanced: false, events: { missing: 2, waiting: 1, lost: 1 } });
  });

  test('is not made up for by rows of another minute or another source', async () => {
    count(start, 1);
    await write(row(start + 60_000), row(start, { source: 'segment' }));
    expect(await verify()).toMatchObject({ balanced: false, events: { lost: 1, surplus: 2 } });
  });

  test('for a source that is no longer known is missed by the count of the environment', async () => {
    await accepted(row(start));
    count(start, 3, { source: 'removed' });
    expect(await verify()).toMatchObject({ balanced: false, unknownAccepted: 3, events: { lost: 3 } });
    // Of one source alone, the others are no matter.
    expect(await verify({ all: false })).toMatchObject({ balanced: true, unknownAccepted: 0 });
  });
});

describe('rows that ingest did not count as accepted', () => {
  test('are accounted for as far as their requests were answered 503, and no further', async () => {
    await write(row(start), row(start + 1), row(start + 2));
    count(start, 2, { name: 'EventsUnanswered' });
    expect(await verify()).toMatchObject({
      balanced: false,
      sources: [{ unanswered: 2, surplus: 1 }, { unanswered: 0 }],
    });
    count(start, 5, { name: 'EventsUnanswered' });
    expect(await verify()).toMatchObject({ balanced: true, sources: [{ unanswered: 3, surplus: 0 }, {}] });
  });

  test('are told apart when they are of forced replays, and balance nothing', async () => {
    count(start, 1);
    await write(row(start, { replayOf: makeEventId('rudderstack', 0, start, randomBytes(12)) }));
    expect(await verify()).toMatchObject({
      balanced: false,
      events: { lost: 1, surplus: 0 },
      sources: [{ replays: 1 }, {}],
    });
  });
});

describe('rows of test runs', () => {
  const known = [{ key: 'api', shards: 1 }];
  const ofTest = { eventType: testRunType };

  test('are told apart from calls of the API, which never counted them', async () => {
    await write(row(start, { ...ofTest, source: 'api' }));
    expect(await verify({ known, all: false })).toMatchObject({
      balanced: true,
      sources: [{ surplus: 0, replays: 1 }],
    });
    await write(row(start, { eventType: 'workflows.trigger', source: 'api' }));
    expect(await verify({ known, all: false })).toMatchObject({
      balanced: false,
      sources: [{ surplus: 1, replays: 1 }],
    });
  });

  test('are only those of the API: an event of a sender may have any type, and is counted', async () => {
    await write(row(start, ofTest));
    expect(await verify()).toMatchObject({ balanced: false, sources: [{ surplus: 1, replays: 0 }, {}] });
  });
});

describe('the edges of the range', () => {
  test('divide rows and counts at the same moment', async () => {
    await accepted(row(start - 1), row(start), row(start + 239_999), row(start + 240_000));
    expect(await verify()).toMatchObject({ balanced: true, sources: [{ accepted: 2, rows: { processed: 2 } }, {}] });
  });

  test('end before the first minute in which counts moved while rows were read', async () => {
    await accepted(row(start), row(start + 60_000));
    const moving: AcceptedCounts = {
      ...counts,
      async read(sources, range) {
        const answer = await counts.read(sources, range);
        // Accepted and processed between the first look at the counts and the rows.
        await accepted(row(start + 61_000));
        return answer;
      },
    };
    expect(
      await verifyEvents(environment, moving, {
        known,
        range: { sinceMs: start, untilMs: start + 240_000, periodSeconds: 60 },
        all: true,
        looks: 1,
      }),
    ).toMatchObject({
      balanced: true,
      cutAtMs: start + 60_000,
      range: { untilMs: start + 60_000 },
      sources: [{ accepted: 1, rows: { processed: 1 } }, {}],
    });
  });

  test('a difference is believed only when it stays', async () => {
    count(start, 1);
    const late = setTimeout(() => void write(row(start)), 50);
    expect(await verify({ looks: 40, pauseMs: 25 })).toMatchObject({ balanced: true });
    clearTimeout(late);
  });
});

describe('actions of processed events', () => {
  const processed = (atMs: number, change: Parameters<typeof row>[1] = {}) => {
    const event = row(atMs, { actionsPlanned: 1, ...change });
    return { ...event, execution: change.execution ?? event.id };
  };

  test('are over when their row says so, or wait for their next try, and the event is named', async () => {
    const [done, tried, pending] = [processed(start), processed(start + 1, { shard: 2 }), processed(start + 2)];
    await accepted(done, tried, pending);
    await environment.actionLog.writeEach([
      actionEntry(done, [outcome(done.id)]),
      actionEntry(tried, [outcome(tried.id, { attempts: 2 })], { next: 2 }),
      actionEntry(pending, [outcome(pending.id), outcome(pending.id, { mapping: 'b', status: 'pending' })], {
        next: 2,
      }),
    ]);
    const { balanced, actions } = await verify();
    expect([balanced, actions]).toEqual([
      true,
      {
        expected: 3,
        pending: [{ execution: pending.id, eventId: pending.id, source: 'rudderstack', reason: 'continues' }],
        cancelled: [],
        waiting: [],
        lost: 0,
      },
    ]);
  });

  test('without a row wait while the queue holds as many messages, and are lost when it does not', async () => {
    const [first, second] = [processed(start), processed(start + 1)];
    await accepted(first, second);
    await enqueue(environment.outputs.ActionsQueueUrl, 2);
    expect((await verify()).actions).toMatchObject({ waiting: [{}, {}], lost: 0 });
    await empty(environment.outputs.ActionsQueueUrl);
    const { balanced, actions } = await verify();
    expect([balanced, actions.lost]).toEqual([false, 2]);
    expect(new Set(actions.waiting.map(({ eventId }) => eventId))).toEqual(new Set([first.id, second.id]));
  });

  test('of a resend are found in the row of the execution that it took over, however old', async () => {
    const earlier = processed(start - 86_400_000);
    const resend = processed(start, { execution: earlier.id });
    await accepted(resend);
    await environment.actionLog.writeEach([actionEntry(earlier, [outcome(earlier.id)])]);
    expect(await verify()).toMatchObject({ balanced: true, actions: { expected: 1, waiting: [], lost: 0 } });
  });

  test('are not asked for where an event has none of its own', async () => {
    await accepted(row(start, { status: 'idempotent', reason: 'duplicate', actionsPlanned: 0 }), row(start + 1));
    expect((await verify()).actions.expected).toBe(0);
  });
});

describe('what waits, and what only seems to', () => {
  const triggered = (atMs: number) => {
    const event = row(atMs, { actionsPlanned: 1 });
    return { ...event, execution: event.id };
  };

  test('is told by the reason of its row: a delayed run, a held one, a retry, a cancelled run', async () => {
    const [delayed, later, failing, held, cancelled, cancels] = [0, 1, 2, 3, 4, 5].map((i) => triggered(start + i));
    const events = [delayed, later, failing, held, cancelled, cancels] as EventLogEntry[];
    await accepted(...events);
    const waits = (event: EventLogEntry, change: Parameters<typeof outcome>[1]) =>
      actionEntry(event, [outcome(event.id, { status: 'pending', ...change })], { next: 2 });
    await environment.actionLog.writeEach([
      waits(delayed as EventLogEntry, { reason: 'delayed', detail: '1 of 1 run waits', retryAtMs: start + 90_000 }),
      waits(later as EventLogEntry, { reason: 'delayed', detail: 'of another', retryAtMs: start + 60_000 }),
      waits(failing as EventLogEntry, { reason: 'target_unavailable', detail: 'answered 500' }),
      waits(held as EventLogEntry, { reason: 'held', detail: 'the workflow is paused' }),
      actionEntry(cancelled as EventLogEntry, [outcome(cancelled?.id ?? '', { result: { runs: 0, cancelled: 1 } })], {
        next: 2,
      }),
      // Its own work is done; others' runs are cancelled.
      actionEntry(
        cancels as EventLogEntry,
        [outcome(cancels?.id ?? '', { action: 'workflows_cancel', result: { cancelled: 1, too_late: 0 } })],
        { next: 2 },
      ),
    ]);
    const verification = await verify();
    expect(verification.balanced).toBe(true);
    expect(verification.actions.cancelled.map(({ eventId }) => eventId)).toEqual([cancelled?.id]);
    expect(verification.sources[0]?.executions).toEqual({ pending: 4, succeeded: 2 });
    expect(verifyRow(verification).waits).toEqual([
      {
        reason: 'delayed',
        executions: 2,
        detail: '1 of 1 run waits',
        next_try_at: new Date(start + 60_000).toISOString(),
        event_ids: [delayed?.id, later?.id],
      },
      {
        reason: 'held',
        executions: 1,
        detail: 'the workflow is paused',
        next_try_at: null,
        event_ids: [held?.id],
      },
      {
        reason: 'target_unavailable',
        executions: 1,
        detail: 'answered 500',
        next_try_at: null,
        event_ids: [failing?.id],
      },
    ]);
  });

  test('is a job of an operator only while it goes on', async () => {
    const job = { kind: 'replay', author: 'ada', request: {}, total: 10 } as const;
    const { id } = await createJob(environment.configuration, job, start);
    expect((await verify()).jobs).toMatchObject([{ id, state: 'running', total: 10 }]);
    await cancelJob(environment.configuration, id, start);
    expect((await verify()).jobs).toEqual([]);
  });

  test('executions are counted by their worst action', async () => {
    const [failed, skipped, fine] = [0, 1, 2].map((i) => triggered(start + i)) as EventLogEntry[];
    await accepted(failed as EventLogEntry, skipped as EventLogEntry, fine as EventLogEntry);
    const two = (event: EventLogEntry | undefined, status: 'failed' | 'skipped' | 'succeeded') => {
      const of = event as EventLogEntry;
      return actionEntry(of, [outcome(of.id), outcome(of.id, { mapping: 'b', status })]);
    };
    await environment.actionLog.writeEach([two(failed, 'failed'), two(skipped, 'skipped'), two(fine, 'succeeded')]);
    expect((await verify()).sources[0]?.executions).toEqual({ failed: 1, skipped: 1, succeeded: 1 });
  });
});

describe('what does not add up is named', () => {
  test('as the rows of the minute, when ingest counted fewer', async () => {
    const [counted, another, elsewhere] = [row(start), row(start + 1, { shard: 1 }), row(start + 60_000)];
    await accepted(counted, elsewhere);
    await write(another);
    const replayed = row(start + 2, { replayOf: counted.id });
    await write(replayed);
    expect((await verify()).unexplained).toEqual([
      {
        what: 'rows_not_counted',
        source: 'rudderstack',
        period: { sinceMs: start, untilMs: start + 60_000 },
        count: 1,
        eventIds: [counted.id, another.id].sort(),
        isCut: false,
      },
    ]);
  });

  test('as the events whose actions are lost', async () => {
    const event = row(start, { actionsPlanned: 1 });
    await accepted({ ...event, execution: event.id });
    expect((await verify()).unexplained).toEqual([
      { what: 'actions_lost', source: 'rudderstack', count: 1, eventIds: [event.id], isCut: false },
    ]);
  });

  test('and of a lost event its source and minute, since nothing else is left', async () => {
    count(start + 60_000, 2);
    expect((await verify()).unexplained).toEqual([
      {
        what: 'events_lost',
        source: 'rudderstack',
        period: { sinceMs: start + 60_000, untilMs: start + 120_000 },
        count: 2,
        eventIds: [],
        isCut: false,
      },
    ]);
  });

  test('and nothing is, where all adds up', async () => {
    await accepted(row(start));
    count(start, 1);
    await enqueue(environment.outputs.EventsQueueUrl, 1);
    expect(await verify()).toMatchObject({ balanced: true, events: { missing: 1, waiting: 1 }, unexplained: [] });
  });
});

test('reading costs queries alone, and says how much', async () => {
  await accepted(...Array.from({ length: 300 }, (_, i) => row(start + i)));
  const { read } = await verify();
  // Two days × (4 partitions of events, 3 of actions), each one page.
  expect(read.requests).toBe(14);
  expect(read.units).toBeGreaterThan(0);
  expect(read.metrics).toBe(12);
});

describe('counts of SQS that are late', () => {
  const lateMs = 300;
  /** The environment with queues whose counts are behind, as SQS's are by up to a minute. */
  const late = () => {
    const client = lateCounts(environment.queueServer.client, lateMs);
    return { ...environment, queues: async () => client };
  };
  const verifyLate = (looks: number) =>
    verifyEvents(late(), counts, {
      known,
      range: { sinceMs: start, untilMs: start + 240_000, periodSeconds: 60 },
      all: true,
      nowMs: () => start + 300_000,
      looks,
      pauseMs: lateMs / 2,
    });

  test('make no loss of what waits, since a loss has to show for longer than they are late', async () => {
    count(start, 2);
    await enqueue(environment.outputs.EventsQueueUrl, 2);
    expect(await verifyLate(4)).toMatchObject({ balanced: true, events: { waiting: 2, lost: 0 } });
    // One look would have called it lost: the counts do say zero.
    expect(await verifyLate(1)).toMatchObject({ balanced: false, events: { waiting: 0, lost: 2 } });
  });

  test('make no loss of actions that wait', async () => {
    const event = row(start, { actionsPlanned: 1 });
    await accepted({ ...event, execution: event.id });
    await enqueue(environment.outputs.ActionsQueueUrl, 1);
    expect(await verifyLate(4)).toMatchObject({ balanced: true, actions: { waiting: [{}], lost: 0 } });
  });

  test('hide no loss', async () => {
    count(start, 1);
    expect(await verifyLate(4)).toMatchObject({ balanced: false, events: { lost: 1 } });
  });

  test('are outlasted by the looks that are made by default, here and on AWS', () => {
    for (const local of [true, false]) {
      const { looks, pauseMs } = looksOf({ local });
      expect((looks - 1) * pauseMs).toBeGreaterThan(countsLateMs({ local }));
    }
    expect(countsLateMs({ local: false })).toBe(60_000);
  });

  test('do not end a wait for idle queues: a zero has to stay for as long as it may be late', async () => {
    const QueueUrl = environment.outputs.EventsQueueUrl;
    await enqueue(QueueUrl, 1);
    const waited = waitUntilIdle(late(), 60_000, { lateMs, pauseMs: 20 });
    let isOver = false;
    void waited.then(() => {
      isOver = true;
    });
    // By now a wait that believed the first zero would have ended.
    await sleep(2 * lateMs);
    expect(isOver).toBe(false);
    await empty(QueueUrl);
    const emptiedAtMs = Date.now();
    expect(await waited).toBe(true);
    expect(Date.now() - emptiedAtMs).toBeGreaterThanOrEqual(lateMs);
  });

  test('a wait that is shorter than they are late cannot know, and says no', async () => {
    expect(await waitUntilIdle(late(), 50, { lateMs, pauseMs: 20 })).toBe(false);
    expect(await waitUntilIdle(environment, 0)).toBe(true);
  });
});

describe('what is older than the queues keep messages', () => {
  const day = 86_400_000;
  const depth = (queue: string, ready: number, days: number): QueueDepth => {
    return { queue, ready, in_flight: 0, delayed: 0, retention_seconds: days * 86_400 };
  };
  const nowMs = 100 * day;
  const waits = (missing: [count: number, daysOld: number][], inQueue: number, inDeadLetters: number) =>
    whatWaits(
      missing.map(([events, daysOld]) => ({ count: events, sentUntilMs: nowMs - daysOld * day })),
      { queue: depth('events', inQueue, 4), deadLetters: depth('events dead-letter', inDeadLetters, 14) },
      nowMs,
    );

  test.each<[what: string, missing: [number, number][], queue: number, dead: number, waiting: number, expired: number]>(
    [
      ['young events are in either queue', [[3, 1]], 2, 1, 3, 0],
      ['too many young events are lost, not expired', [[3, 1]], 1, 1, 2, 0],
      ['a full queue holds nothing that is older than four days', [[3, 5]], 1000, 0, 0, 3],
      ['its dead letters may, for fourteen', [[3, 5]], 1000, 2, 2, 1],
      ['and no longer', [[3, 15]], 1000, 1000, 0, 3],
      [
        'a dead letter explains one event, the old one first',
        [
          [1, 1],
          [1, 5],
        ],
        0,
        1,
        1,
        0,
      ],
      [
        'each age has its own',
        [
          [2, 1],
          [2, 5],
          [2, 15],
        ],
        2,
        2,
        4,
        2,
      ],
      ['nothing is missing', [], 5, 5, 0, 0],
    ],
  )('%s', (_, missing, queue, dead, waiting, expired) => {
    expect(waits(missing, queue, dead)).toEqual({ waiting, expired });
  });

  test('is lost, and said to be, however many newer messages wait', async () => {
    count(start, 2);
    await enqueue(environment.outputs.EventsQueueUrl, 5);
    const at = (days: number) => verify({ nowMs: () => start + days * day });
    expect(await at(3.9)).toMatchObject({ balanced: true, events: { waiting: 2, lost: 0, expired: 0 } });
    expect(await at(4.1)).toMatchObject({ balanced: false, events: { waiting: 0, lost: 2, expired: 2 } });
  });

  test('counts for actions from the latest time at which their message can have been sent', async () => {
    const event = row(start, { actionsPlanned: 1 });
    await accepted({ ...event, execution: event.id });
    await enqueue(environment.outputs.ActionsQueueUrl, 5);
    const at = (days: number) => verify({ nowMs: () => start + days * day });
    expect(await at(7.9)).toMatchObject({ balanced: true, actions: { lost: 0 } });
    expect(await at(8.1)).toMatchObject({ balanced: false, actions: { lost: 1 } });
  });
});

describe('the range that is compared', () => {
  const nowMs = Date.parse('2026-05-04T12:00:30Z');
  const at = { nowMs, local: true, retentionDays: 14 };
  const text = ({ sinceMs, untilMs }: { sinceMs: number; untilMs: number }) => [
    new Date(sinceMs).toISOString().slice(11, 19),
    new Date(untilMs).toISOString().slice(11, 19),
  ];

  test('is widened to whole minutes', () => {
    const range = verifyRange({ since: nowMs - 90_500, until: nowMs - 10_000 }, at);
    expect(text(range)).toEqual(['11:58:00', '12:01:00']);
  });

  test('ends with the running minute here, and three minutes ago on AWS, where counts arrive later', () => {
    expect(text(verifyRange({ since: nowMs - 600_000 }, at))[1]).toBe('12:01:00');
    expect(text(verifyRange({ since: nowMs - 600_000 }, { ...at, local: false }))[1]).toBe('11:57:00');
    expect(() => verifyRange({ since: nowMs - 60_000 }, { ...at, local: false })).toThrow('on their way');
    expect(text(verifyRange({ since: nowMs - 60_000, until: nowMs }, { ...at, local: false }))[1]).toBe('12:01:00');
  });

  test('ends for a statement with the last whole minute, into which no later event can fall', () => {
    const over = { ...at, isOver: true };
    expect(text(verifyRange({ since: nowMs - 600_000 }, over))[1]).toBe('12:00:00');
    expect(text(verifyRange({ since: nowMs - 600_000, until: nowMs }, over))[1]).toBe('12:00:00');
    expect(text(verifyRange({ since: nowMs - 600_000, until: nowMs - 120_000 }, over))[1]).toBe('11:59:00');
    expect(() => verifyRange({ since: nowMs - 10_000 }, over)).toThrow('the window is not over');
  });

  test('is refused when rows of it may have aged out, when it is empty, and when it has not begun', () => {
    const day = 86_400_000;
    expect(() => verifyRange({ since: nowMs - 14 * day - 60_000 }, at)).toThrow('kept for 14 days');
    expect(() => verifyRange({ since: nowMs - 13 * day }, at)).not.toThrow();
    expect(() => verifyRange({ since: nowMs - 60_000, until: nowMs - 120_000 }, at)).toThrow('is not after --since');
    expect(text(verifyRange({ since: nowMs - 60_000, until: Date.parse('9999-01-01') }, at))[1]).toBe('12:01:00');
    expect(() => verifyRange({ since: nowMs + 60_000 }, at)).toThrow('in the future');
  });

  test('is as fine as CloudWatch keeps metrics of its age', () => {
    const days = (count: number) => count * 86_400_000;
    expect([1, 14.9, 15, 62, 63, 90].map((age) => metricPeriodSeconds(days(age)))).toEqual([
      60, 60, 300, 300, 3600, 3600,
    ]);
    const old = verifyRange({ since: nowMs - days(20) }, { ...at, retentionDays: 90 });
    expect(old.sinceMs % 300_000).toBe(0);
    expect(old.untilMs % 300_000).toBe(0);
  });
});
