import { PurgeQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeRawEvent } from '../../../shared/core/events/raw-event.ts';
import { eventIdTimeMs } from '../../../shared/core/ids/event-id.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { decodeActionsMessage } from '../../../shared/core/plan/actions-message.ts';
import { searchEvents } from '../../../shared/operations/events/event-search.ts';
import { eventLogOf, readEvents } from '../../../shared/operations/events/events.ts';
import type { JobProgress } from '../../../shared/operations/jobs/carry-on.ts';
import { eventsOfJob, outcomesOfJob } from '../../../shared/operations/jobs/events-of-job.ts';
import { cancelJob, listJobs, readJob } from '../../../shared/operations/jobs/jobs.ts';
import type { BulkFilter } from '../../../shared/operations/replay/bulk-filter.ts';
import {
  BulkReplay,
  carryOnReplay,
  previewReplay,
  startReplay,
} from '../../../shared/operations/replay/bulk-replay.ts';
import { markForcedCopies } from '../../../shared/operations/replay/forced-copies.ts';
import type { ReplayPlan } from '../../../shared/operations/replay/plan-replay.ts';
import { replayIds } from '../../../shared/operations/replay/replay-ids.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { take } from '../../../shared/operations/tables/newest-first.ts';
import { pageOf } from '../../../shared/operations/tables/search.ts';
import { tellEvent } from '../../../shared/operations/why/why.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration, rawEvent, trackEvent } from '../../support/build.ts';

const minute = 60_000;
const day = 86_400_000;
let environment: TestEnvironment;
// Each test has a day of its own.
let start = Date.now() - 20 * day;

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration({ version: 1 }));
});
afterAll(() => environment.stop());
beforeEach(async () => {
  start += day / 2;
  const { EventsQueueUrl, ActionsQueueUrl } = environment.outputs;
  for (const QueueUrl of [EventsQueueUrl, ActionsQueueUrl])
    await environment.queueServer.client.send(new PurgeQueueCommand({ QueueUrl }));
});

const failed = (minutes: number, change: Partial<EventLogEntry> = {}) =>
  eventEntry({
    receivedAtMs: start + minutes * minute,
    status: 'failed',
    reason: 'retries_exhausted',
    actionsPlanned: 0,
    ...change,
  });
const write = (...rows: EventLogEntry[]) => environment.eventLog.writeEach(rows);

const request = (filter: Partial<BulkFilter> = {}, change: Partial<BulkReplay> = {}): BulkReplay => ({
  ...BulkReplay.parse({ filter: { statuses: ['failed'], sinceMs: start, untilMs: start + 100 * minute, ...filter } }),
  ...change,
});
async function begin(asked: BulkReplay) {
  const { events } = await previewReplay(environment, asked, { nowMs: start + day });
  const by = { author: 'ana', reason: 'the target is back', nowMs: start + 200 * minute };
  return startReplay(environment, asked, events, by);
}

const look = async (asked: BulkReplay) => (await previewReplay(environment, asked, { nowMs: start + day })).preview;

async function run(jobId: string, options = {}, here = environment): Promise<JobProgress[]> {
  const all: JobProgress[] = [];
  for await (const progress of carryOnReplay(here, jobId, options)) all.push(progress);
  return all;
}

async function received(QueueUrl: string): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await environment.queueServer.client.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 60 }),
    );
    if (Messages.length === 0) return bodies;
    bodies.push(...Messages.map(({ Body }) => Body ?? ''));
  }
}
const sentEvents = async () => (await received(environment.outputs.EventsQueueUrl)).map(decodeRawEvent);
const sentActions = async () => (await received(environment.outputs.ActionsQueueUrl)).map(decodeActionsMessage);

describe('what matches', () => {
  test('is what the filter says, at both ends of the range, oldest first', async () => {
    const rows = [0, 50, 100].map((minutes) => failed(minutes));
    await write(...rows, failed(-1), failed(101), eventEntry({ receivedAtMs: start + minute }));
    const job = await begin(request());
    expect(job).toMatchObject({ total: 3, state: 'running', author: 'ana', reason: 'the target is back' });
    const last = (await run(job.id)).at(-1);
    expect(last).toMatchObject({ state: 'done', counts: { replayed: 3, skipped: 0, failed: 0 } });
    expect((await sentEvents()).map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id).sort());
  });

  test('failed means events that were given up and events with a failed action', async () => {
    const parked = failed(1);
    const event = eventEntry({ receivedAtMs: start + 2 * minute });
    const refused = outcome(event.id, { status: 'failed', reason: 'target_refused' });
    await write(parked, event);
    await environment.actionLog.writeEach([actionEntry(event, [refused, outcome(event.id, { mapping: 'other' })])]);
    await run((await begin(request())).id);
    expect((await sentEvents()).map(({ id }) => id)).toEqual([parked.id]);
    expect((await sentActions()).map(({ eventId }) => eventId)).toEqual([event.id]);
  });

  test.each<[string, Partial<BulkFilter>, boolean]>([
    ['its workflow', { workflow: 'order-completed' }, true],
    ['another workflow', { workflow: 'other' }, false],
    ['its mapping', { mapping: 'order-completed' }, true],
    ['another mapping', { mapping: 'other' }, false],
    ['its reason', { reason: 'target_refused' }, true],
    ['another reason', { reason: 'target_missing' }, false],
    ['its recipient', { user: 'usr_8841' }, true],
    ['another user', { user: 'usr_1' }, false],
    ['its type', { type: 'track/order_completed' }, true],
    ['another type', { type: 'identify' }, false],
  ])('a failed action is found by %s: %j', async (_, filter, isFound) => {
    const event = eventEntry({ receivedAtMs: start + 2 * minute });
    const refused = outcome(event.id, { status: 'failed', reason: 'target_refused' });
    await write(event);
    await environment.actionLog.writeEach([actionEntry(event, [refused])]);
    const { matching } = await look(request(filter));
    expect(matching).toBe(isFound ? 1 : 0);
  });

  test('an unknown source is refused, not an empty match', async () => {
    await expect(previewReplay(environment, request({ source: 'nope' }), { nowMs: start + day })).rejects.toThrow(
      'there is no source "nope" here',
    );
  });
});

test('a preview says how many would run, why others would not, and sends nothing', async () => {
  const complete = eventEntry({ receivedAtMs: start + minute });
  await environment.actionLog.writeEach([actionEntry(complete, [outcome(complete.id)])]);
  await write(complete, failed(2), failed(3));
  const preview = await look(request({ statuses: ['failed', 'processed'] }));
  expect(preview).toMatchObject({
    matching: 3,
    looked_at: 3,
    would_replay: 2,
    skipped: [{ detail: 'is complete: every action has its outcome', count: 1, example: complete.id }],
    sample: [{ detail: expect.stringContaining('the whole event runs again') }, {}],
  });
  expect(await sentEvents()).toEqual([]);
  expect((await listJobs(environment.configuration)).map(({ total }) => total)).not.toContain(99);
});

describe('a job', () => {
  /** The environment of a process that dies when it records how far it came. */
  const dying = (): TestEnvironment => {
    let updates = 0;
    const client = dyingClient((command) => command === 'UpdateCommand' && ++updates === 2);
    return { ...environment, configuration: { ...environment.configuration, client } };
  };
  // Its lease has ended.
  const later = () => Date.now() + 31_000;

  test('whose process dies between sending and recording goes on, under the same ids and origins', async () => {
    await write(...Array.from({ length: 130 }, (_, i) => failed(i / 2)));
    const job = await begin(request());
    await expect(run(job.id, {}, dying())).rejects.toThrow('died');
    const first = await sentEvents();
    expect(first).toHaveLength(100);
    const last = (await run(job.id, { now: later })).at(-1);
    expect(last).toMatchObject({ state: 'done', counts: { replayed: 130 } });
    const second = await sentEvents();
    expect(second).toHaveLength(130);
    const bySent = new Map(second.map((raw) => [raw.id, raw]));
    for (const { id, execution, replay } of first) expect(bySent.get(id)).toMatchObject({ id, execution, replay });
    expect(await readJob(environment.configuration, job.id)).toMatchObject({ state: 'done' });
  });

  test('counts what a process sent before it died, though it has run since', async () => {
    const rows = Array.from({ length: 3 }, (_, i) => failed(i));
    await write(...rows);
    const job = await begin(request());
    await expect(run(job.id, {}, dying())).rejects.toThrow('died');
    await sentEvents();
    await write(
      ...rows.map((row) => ({ ...eventEntry({ receivedAtMs: row.receivedAtMs, actionsPlanned: 0 }), id: row.id })),
    );
    expect((await run(job.id, { now: later })).at(-1)).toMatchObject({ counts: { replayed: 3, skipped: 0 } });
    expect(await sentEvents()).toEqual([]);
  });

  test('has the events of its preview, though others match since', async () => {
    await write(failed(1), failed(3));
    const job = await begin(request());
    await write(failed(2));
    expect((await run(job.id)).at(-1)).toMatchObject({ done: 2, counts: { replayed: 2 } });
  });

  test('runs in one process at a time, and one that was left is free at once', async () => {
    await write(...Array.from({ length: 130 }, (_, i) => failed(i / 2)));
    const job = await begin(request());
    const stopping = new AbortController();
    const running = carryOnReplay(environment, job.id, { signal: stopping.signal });
    await running.next();
    await expect(run(job.id)).rejects.toThrow('is being run by another process');
    stopping.abort();
    expect((await running.next()).value).toMatchObject({ state: 'running', counts: { replayed: 100 } });
    await running.next();
    expect((await run(job.id)).at(-1)).toMatchObject({ state: 'done', counts: { replayed: 130 } });
    expect(await sentEvents()).toHaveLength(130);
  });

  test('whose process died is waited for, and taken when its time is over', async () => {
    await write(failed(1));
    const job = await begin(request());
    await expect(run(job.id, {}, dying())).rejects.toThrow('died');
    const beganMs = Date.now();
    const waits: number[] = [];
    // A clock that has passed the end of the lease at the second look.
    const now = () => (waits.length === 0 ? beganMs : later());
    const last = (await run(job.id, { now, onWait: (untilMs: number) => waits.push(untilMs) })).at(-1);
    expect(last).toMatchObject({ state: 'done', counts: { replayed: 1 } });
    expect(waits).toHaveLength(1);
  });

  test('whose process is alive is not waited for', async () => {
    await write(...Array.from({ length: 130 }, (_, i) => failed(i / 2)));
    const job = await begin(request());
    const running = carryOnReplay(environment, job.id);
    await running.next();
    const alive = () => void running.next();
    await expect(run(job.id, { onWait: alive })).rejects.toThrow('is being run by another process');
    await running.return(undefined);
  });

  test('that is cancelled elsewhere stops after the events that it is at, and stays so', async () => {
    await write(...Array.from({ length: 250 }, (_, i) => failed(i / 4)));
    const job = await begin(request());
    const running = carryOnReplay(environment, job.id);
    await running.next();
    expect(await cancelJob(environment.configuration, job.id, Date.now())).toBe(true);
    expect((await running.next()).value).toMatchObject({ state: 'cancelled' });
    expect((await sentEvents()).length).toBe(200);
    await expect(run(job.id)).rejects.toThrow('is cancelled: there is nothing to carry on');
    expect(await cancelJob(environment.configuration, job.id, Date.now())).toBe(false);
  });

  test('that does not exist is not found', async () => {
    await expect(run('nope')).rejects.toMatchObject({ kind: 'not_found' });
  });

  test('goes no faster than asked', async () => {
    await write(...Array.from({ length: 15 }, (_, i) => failed(i)));
    const job = await begin(request({}, { perSecond: 40 }));
    const startedMs = performance.now();
    await run(job.id);
    // Ten are sent, and a quarter of a second later the other five.
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(240);
  });
});

describe('afterwards', () => {
  const story = async (id: string) => tellEvent(environment, id, (await readSources(environment)).known, Date.now());

  test('an event tells which jobs it was in, by whom and why; one of the same time that was not, does not', async () => {
    const [first, between, last] = [failed(1), eventEntry({ receivedAtMs: start + 2 * minute }), failed(3)];
    await write(first, between, last);
    const job = await begin(request());
    expect((await story(last.id))?.jobs).toMatchObject([{ job: job.id, outcome: null }]);
    await run(job.id);
    const told = { job: job.id, kind: 'replay', author: 'ana', reason: 'the target is back', outcome: 'replayed' };
    for (const { id } of [first, last]) expect((await story(id))?.jobs).toMatchObject([{ ...told, sent: 'event' }]);
    expect((await story(between.id))?.jobs).toEqual([]);
  });

  test('a forced copy tells the job that made it', async () => {
    const event = eventEntry({ receivedAtMs: start + minute, actionsPlanned: 0 });
    await write(event);
    const job = await begin(request({ statuses: ['processed'] }, { force: true }));
    await run(job.id);
    const [raw] = await sentEvents();
    const copy = {
      ...eventEntry({ receivedAtMs: eventIdTimeMs(raw?.id ?? ''), actionsPlanned: 0 }),
      id: raw?.id ?? '',
    };
    await write({ ...copy, replayOf: event.id });
    expect((await story(copy.id))?.jobs).toMatchObject([{ job: job.id, outcome: 'replayed' }]);
  });

  test('a job lists its events with where they are now, in pages and counted', async () => {
    const rows = Array.from({ length: 130 }, (_, i) => failed(i / 2));
    const [rejected] = rows.splice(10, 1) as [EventLogEntry];
    await write(...rows, { ...rejected, status: 'idempotent', reason: 'duplicate' });
    const job = await begin(request({ statuses: ['failed', 'idempotent'] }));
    await run(job.id);
    const mended = { ...eventEntry({ receivedAtMs: start, actionsPlanned: 0 }), id: String(rows[0]?.id) };
    await write(mended);
    const listed = await take(eventsOfJob(environment, job.id), 1_000);
    expect(listed).toHaveLength(130);
    expect(listed[0]).toMatchObject({ event_id: mended.id, outcome: 'replayed', status: 'processed', now: 'done' });
    expect(listed[1]).toMatchObject({ outcome: 'replayed', status: 'failed', now: 'failed' });
    const behind = await take(eventsOfJob(environment, job.id, { after: String(listed[104]?.event_id) }), 1_000);
    expect(behind).toEqual(listed.slice(105));
    expect(await outcomesOfJob(environment, job.id)).toMatchObject([
      { outcome: 'replayed', count: 129 },
      { outcome: 'skipped', count: 1, example: rejected.id },
    ]);
  });

  test('a search finds the events of a job, newest first, with the other filters, page by page', async () => {
    const rows = Array.from({ length: 130 }, (_, i) => failed(i / 2));
    await write(...rows);
    const job = await begin(request({ untilMs: start + 60 * minute }));
    await run(job.id);
    const directory = await readSources(environment);
    const search = async (more: object = {}, limit = 1_000) => {
      const found = searchEvents(environment, directory, { job: job.id, ...more }, { nowMs: start + day, limit });
      const { rows: page, next } = await pageOf(found, limit);
      return { ids: page.map(({ entry }) => entry.id), next };
    };
    const ids = rows
      .slice(0, 121)
      .map(({ id }) => id)
      .reverse();
    expect((await search()).ids).toEqual(ids);
    const first = await search({}, 50);
    expect(first).toEqual({ ids: ids.slice(0, 50), next: ids[49] });
    expect((await search({ after: first.next })).ids).toEqual(ids.slice(50));
    expect((await search({ status: ['processed'] })).ids).toEqual([]);
    expect((await search({ since_ms: start + 30 * minute })).ids).toEqual(ids.slice(0, 61));
  });

  test('a replay of named events is a job too, and one that sends nothing is not', async () => {
    const [parked, done] = [failed(1), eventEntry({ receivedAtMs: start + minute, actionsPlanned: 0 })];
    await write(parked, done);
    const { known } = await readSources(environment);
    const asked = { known, force: false, nowMs: start + day, author: 'ben', reason: 'a ticket' };
    const before = (await listJobs(environment.configuration)).length;
    expect(await replayIds(environment, [done.id, 'nothing'], asked)).toMatchObject([
      { outcome: 'skipped' },
      { outcome: 'unknown' },
    ]);
    expect(await listJobs(environment.configuration)).toHaveLength(before);
    expect(await replayIds(environment, [parked.id, done.id, parked.id], asked)).toMatchObject([
      { id: parked.id, outcome: 'replayed', sent: 'event' },
      { id: done.id, outcome: 'skipped' },
      { id: parked.id, outcome: 'skipped', detail: 'is named twice; it is replayed once' },
    ]);
    expect(await sentEvents()).toHaveLength(1);
    expect((await story(parked.id))?.jobs).toMatchObject([{ author: 'ben', reason: 'a ticket', outcome: 'replayed' }]);
  });
});

describe('a forced replay', () => {
  const ids = async (event: EventLogEntry) => {
    const { known } = await readSources(environment);
    return (await readEvents(eventLogOf(environment), [event.id], known)).get(event.id)?.replays ?? [];
  };

  test('makes one new event of each, noted at the old one, however often its job is carried on', async () => {
    const event = eventEntry({ receivedAtMs: start + minute, actionsPlanned: 0 });
    await write(event);
    const asked = request({ statuses: ['processed'] }, { force: true });
    const job = await begin(asked);
    await run(job.id);
    const [copy, ...more] = await sentEvents();
    expect(more).toEqual([]);
    expect(copy).toMatchObject({ replayOf: event.id, source: event.source });
    expect(await ids(event)).toEqual([copy?.id]);
    // A second command would give its users their runs twice.
    expect((await run((await begin(asked)).id)).at(-1)).toMatchObject({ counts: { replayed: 0, skipped: 1 } });
    expect(await sentEvents()).toEqual([]);
    await run((await begin({ ...asked, again: true })).id);
    expect(await sentEvents()).toHaveLength(1);
    expect(await ids(event)).toHaveLength(2);
  });

  test('is previewed without an id, since its job makes another one', async () => {
    const event = failed(1);
    await write(event);
    const { sample } = await look(request({}, { force: true }));
    expect(sample).toEqual([{ event_id: event.id, detail: 'runs as a new event' }]);
  });

  test('of a failed event keeps the original from being replayed besides', async () => {
    await write(failed(1));
    await run((await begin(request({}, { force: true }))).id);
    expect(await sentEvents()).toHaveLength(1);
    const { would_replay, skipped } = await look(request());
    expect([would_replay, skipped]).toMatchObject([0, [{ detail: expect.stringContaining('was run as a new event') }]]);
  });

  test('of an event with a failed action keeps that from running besides', async () => {
    const event = eventEntry({ receivedAtMs: start + minute });
    await write(event);
    await environment.actionLog.writeEach([actionEntry(event, [outcome(event.id, { status: 'failed' })])]);
    expect(await look(request())).toMatchObject({ would_replay: 1 });
    await run((await begin(request({}, { force: true }))).id);
    expect(await sentEvents()).toHaveLength(1);
    expect(await look(request())).toMatchObject({ matching: 1, would_replay: 0 });
    await run((await begin(request())).id);
    expect(await sentActions()).toEqual([]);
  });

  test('asked for twice does not force the copies of the first time', async () => {
    const { id: replayOf } = eventEntry({ receivedAtMs: start - minute });
    await write(eventEntry({ receivedAtMs: start + minute, actionsPlanned: 0, replayOf }));
    const asked = request({ statuses: ['processed'] }, { force: true });
    expect(await look(asked)).toMatchObject({
      would_replay: 0,
      skipped: [{ detail: 'was itself run again from another event; --again runs it once more', count: 1 }],
    });
    expect(await look({ ...asked, again: true })).toMatchObject({ would_replay: 1 });
  });

  test('begun twice at once makes one new event', async () => {
    const event = eventEntry({ receivedAtMs: start + minute, actionsPlanned: 0 });
    await write(event);
    const { known } = await readSources(environment);
    const entry = (await readEvents(eventLogOf(environment), [event.id], known)).get(event.id);
    const planned = ['1', '2'].map((end) => {
      const id = `${event.id.slice(0, -2)}${end}0`;
      const raw = { ...rawEvent(trackEvent()), id, replayOf: event.id };
      return [{ entry, plan: { kind: 'event', raw, detail: '' } as ReplayPlan }];
    });
    const again = false;
    const plans = await Promise.all(planned.map((one) => markForcedCopies(environment, one, { again })));
    expect(plans.map(([one]) => one?.plan.kind).sort()).toEqual(['event', 'nothing']);
    expect(await ids(event)).toHaveLength(1);
    // The one that won is carried on after a crash.
    const won = planned[plans.findIndex(([one]) => one?.plan.kind === 'event')] ?? [];
    expect(await markForcedCopies(environment, won, { again })).toEqual(won);
  });

  test('that others were as well is one reason, not one each', async () => {
    await write(...[1, 2].map((minutes) => failed(minutes)));
    await run((await begin(request({}, { force: true }))).id);
    expect((await look(request())).skipped).toEqual([
      { detail: 'was run as a new event; replay that one', count: 2, example: expect.any(String) },
    ]);
  });
});

describe('a mapping that was added later', () => {
  const asked = () => request({ statuses: ['no_mapping', 'processed'] }, { retro: 'order-completed' });

  test('runs whole events that found no mapping, as the events that they are', async () => {
    const { execution: _, ...entry } = eventEntry({ receivedAtMs: start + minute, actionsPlanned: 0 });
    await write({ ...entry, status: 'no_mapping', reason: 'no_mapping_for_type' });
    await run((await begin(asked())).id);
    expect(await sentEvents()).toMatchObject([{ id: entry.id, execution: entry.id, replay: expect.any(String) }]);
  });

  test('is added to events that ran others, and no other runs again', async () => {
    const event = eventEntry({ receivedAtMs: start + minute });
    const other = outcome(event.id, { mapping: 'older', action: 'users_identify', status: 'failed' });
    await write(event);
    await environment.actionLog.writeEach([actionEntry(event, [other])]);
    await run((await begin(asked())).id);
    expect(await sentEvents()).toEqual([]);
    expect(await sentActions()).toMatchObject([
      { eventId: event.id, execution: event.id, again: true, invocations: [{ mapping: 'order-completed' }] },
    ]);
  });

  test('does not run again where it ran, wherever that ended', async () => {
    for (const status of ['succeeded', 'failed', 'skipped'] as const) {
      const event = eventEntry({ receivedAtMs: start + minute });
      await write(event);
      await environment.actionLog.writeEach([actionEntry(event, [outcome(event.id, { status })])]);
    }
    const { would_replay, skipped } = await look(asked());
    expect([would_replay, skipped.map(({ detail }) => detail).sort()]).toEqual([
      0,
      ['failed', 'skipped', 'succeeded'].map((status) => `ran order-completed before: ${status}`),
    ]);
  });

  test('runs for the copy of a forced event, and not for the original besides', async () => {
    const { id: replayOf } = eventEntry({ receivedAtMs: start });
    const [old, copy] = [
      eventEntry({ receivedAtMs: start + minute, replays: [replayOf] }),
      eventEntry({ receivedAtMs: start + 2 * minute, replayOf }),
    ];
    await write(old, copy);
    const others = [old, copy].map((event) => actionEntry(event, [outcome(event.id, { mapping: 'older' })]));
    await environment.actionLog.writeEach(others);
    expect(await look(asked())).toMatchObject({ would_replay: 1, sample: [{ event_id: copy.id }] });
  });

  test('and does not fit an event is not run for it', async () => {
    await write(
      eventEntry({ receivedAtMs: start + minute, status: 'no_mapping', body: { type: 'page', userId: 'u' } }),
    );
    const { skipped } = await look(asked());
    expect(skipped).toMatchObject([{ detail: 'does not run order-completed, under the live configuration' }]);
  });
});

/** Fails a call to the Configuration table instead of making it. */
function dyingClient(dies: (command: string) => boolean): TestEnvironment['documents'] {
  return new Proxy(environment.documents, {
    get(client, name) {
      if (name !== 'send') return Reflect.get(client, name);
      return (command: object) =>
        dies(command.constructor.name) ? Promise.reject(new Error('died')) : client.send(command as never);
    },
  });
}
