import { PurgeQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readCurrent } from '../../../shared/adapters/dynamodb-configuration-table.ts';
import { SourceFile } from '../../../shared/core/configuration/schema.ts';
import { decodeRawEvent, type RawEvent } from '../../../shared/core/events/raw-event.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { discardIds } from '../../../shared/operations/discard/discard.ts';
import { heldSourceFindings } from '../../../shared/operations/doctor/held-sources.ts';
import { eventLogOf, listEvents } from '../../../shared/operations/events/events.ts';
import { holdSource, withoutHold } from '../../../shared/operations/holds/hold-source.ts';
import { carryOnSourceRelease, resumeSource } from '../../../shared/operations/holds/release-source.ts';
import type { JobProgress } from '../../../shared/operations/jobs/carry-on.ts';
import { carryOnJob } from '../../../shared/operations/jobs/carry-on-job.ts';
import { cancelJob, leaveJob, listJobs, readJob } from '../../../shared/operations/jobs/jobs.ts';
import { replayIds } from '../../../shared/operations/replay/replay-ids.ts';
import { changeState } from '../../../shared/operations/settings/change-state.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { readRows } from '../../../shared/operations/verify/read-rows.ts';
import { tellEvent } from '../../../shared/operations/why/why.ts';
import { eventEntry } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

const minute = 60_000;
const day = 86_400_000;
let environment: TestEnvironment;
/** When the pause began; events of a test come after it. */
let startMs = Date.now() - 20 * day;

beforeAll(async () => {
  environment = await startEnvironment();
  const live = liveConfiguration({ version: 1 });
  const census = SourceFile.parse({ kind: 'census', name: 'Census' });
  await environment.commit({ ...live, snapshot: { ...live.snapshot, sources: { ...live.snapshot.sources, census } } });
});
afterAll(() => environment.stop());
beforeEach(async () => {
  startMs += day;
  await forgetEarlierTests();
  const QueueUrl = environment.outputs.EventsQueueUrl;
  await environment.queueServer.client.send(new PurgeQueueCommand({ QueueUrl }));
});

async function forgetEarlierTests(): Promise<void> {
  const range = { sinceMs: startMs - day, untilMs: startMs };
  const rows = await listEvents(eventLogOf(environment), {
    ...range,
    sources: await known(),
    statuses: ['held'],
    limit: 500,
  });
  await environment.eventLog.writeEach(rows.map((row) => ({ ...row, status: 'processed' as const })));
  for (const { id } of await listJobs(environment.configuration))
    await cancelJob(environment.configuration, id, startMs);
  const change = { author: 'test', message: 'test', nowMs: startMs };
  await changeState(environment.configuration, (before) => withoutHold(before, 'rudderstack'), change);
}

const asked = (message?: string) => ({ author: 'Ana Sol', nowMs: startMs, message });
/** By then every function knows of the resumption. */
const later = { now: () => Date.now() + 10 * minute };
const known = async () => (await readSources(environment)).known;
const pause = (message?: string) => holdSource(environment, { source: 'rudderstack', ...asked(message) });
const resume = (perSecond?: number) =>
  resumeSource(environment, { source: 'rudderstack', ...asked(), nowMs: startMs + day / 2, perSecond });
const state = async () => (await readCurrent(environment.configuration)).state;

async function hold(...minutes: number[]): Promise<EventLogEntry[]> {
  const rows = minutes.map((at) =>
    eventEntry({
      receivedAtMs: startMs + at * minute,
      status: 'held',
      reason: 'source_paused',
      detail: 'its source was paused',
      actionsPlanned: 0,
      key: `key-${startMs}-${at}`,
    }),
  );
  for (const row of rows) {
    delete (row as Partial<EventLogEntry>).execution;
    expect(await environment.eventLog.writeHeld(row)).toBe(true);
  }
  return rows;
}

async function run(progress: AsyncIterable<JobProgress> | []): Promise<JobProgress[]> {
  const all: JobProgress[] = [];
  for await (const one of progress) all.push(one);
  return all;
}
async function release(perSecond?: number) {
  const resumed = await resume(perSecond);
  if (resumed.kind !== 'releasing') throw new Error(`it is ${resumed.kind}`);
  return resumed.job;
}
async function sent(): Promise<RawEvent[]> {
  const events: RawEvent[] = [];
  for (;;) {
    const { Messages = [] } = await environment.queueServer.client.send(
      new ReceiveMessageCommand({
        QueueUrl: environment.outputs.EventsQueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 60,
      }),
    );
    if (Messages.length === 0) return events;
    events.push(...Messages.map(({ Body }) => decodeRawEvent(Body ?? '')));
  }
}
const ids = (events: { id: string }[]) => events.map(({ id }) => id);
const doctor = async () => {
  const live = (await readSources(environment)).live;
  return heldSourceFindings(environment, live, { sinceMs: startMs, untilMs: startMs + day / 2 });
};

describe('a pause', () => {
  test('is in force with its reason, and a second one keeps the first', async () => {
    expect(await pause('wrong mapping')).toMatchObject({ kind: 'changed', keptDays: 30, held: { count: 0 } });
    expect(await holdSource(environment, { source: 'rudderstack', ...asked('other'), author: 'Bo' })).toMatchObject({
      kind: 'unchanged',
      hold: { by: 'Ana Sol', reason: 'wrong mapping', since: new Date(startMs).toISOString() },
    });
    expect((await state()).held_sources).toEqual({
      rudderstack: { since: new Date(startMs).toISOString(), by: 'Ana Sol', reason: 'wrong mapping' },
    });
  });

  test('of a source that does not exist names those that do', async () => {
    expect(await holdSource(environment, { source: 'nope', ...asked() })).toMatchObject({
      kind: 'unknown',
      name: 'nope',
    });
    expect(await resumeSource(environment, { source: 'nope', ...asked() })).toMatchObject({ kind: 'unknown' });
  });

  test('is refused where requests apply records themselves', async () => {
    await expect(holdSource(environment, { source: 'census', ...asked() })).rejects.toThrow('cannot be paused');
    expect((await state()).held_sources?.census).toBeUndefined();
  });

  test('shows what it holds to events, why, verify and doctor', async () => {
    await pause('wrong mapping');
    const [first, second] = (await hold(1, 2)) as [EventLogEntry, EventLogEntry];
    const wanted = { sinceMs: startMs, untilMs: startMs + day / 2, sources: await known(), limit: 10 };
    const listed = await listEvents(eventLogOf(environment), { ...wanted, statuses: ['held'] });
    expect(ids(listed)).toEqual([second.id, first.id]);
    const story = await tellEvent(environment, first.id, await known(), Date.now());
    expect(story?.now).toMatchObject({ state: 'waiting', text: expect.stringContaining('sources resume rudderstack') });
    const range = { sinceMs: startMs, untilMs: startMs + day / 2, periodSeconds: 60 };
    const { sources } = await readRows(environment, await known(), range, { units: 0, requests: 0 });
    const held = sources.flatMap(({ byPeriod }) => [...byPeriod.values()]).reduce((sum, row) => sum + row.held, 0);
    expect(held).toBe(2);
    expect(await doctor()).toEqual([
      expect.objectContaining({
        id: 'source_paused',
        severity: 'note',
        count: 2,
        example: first.id,
        cause: expect.stringMatching(/by Ana Sol, wrong mapping\): 2 events are held; the oldest ages out on 20/),
        next: 'npx signalbox sources resume rudderstack',
      }),
    ]);
  });

  test('warns three days before the first event ages out', async () => {
    const holdMs = startMs - 28 * day;
    await holdSource(environment, { source: 'rudderstack', author: 'Ana Sol', nowMs: holdMs });
    const [old] = (await hold(-28 * 1440 + 1)) as [EventLogEntry];
    const findings = await doctor();
    await environment.eventLog.writeEach([{ ...old, status: 'processed' }]);
    expect(findings).toMatchObject([
      { id: 'source_paused' },
      { id: 'held_events_expire', severity: 'warning', count: 1 },
    ]);
  });
});

describe('a resumption', () => {
  test('sends what is held, oldest first, as itself, and ends the pause', async () => {
    await pause();
    const held = await hold(3, 1, 2);
    const [discarded] = (await hold(4)) as [EventLogEntry];
    await discardIds(environment, [discarded.id], { ...asked(), reason: 'junk', dryRun: false });
    const job = await release();
    expect((await state()).held_sources).toBeUndefined();
    const progress = await run(carryOnSourceRelease(environment, job.id, later));
    expect(progress.at(-1)).toMatchObject({ state: 'done', counts: { released: 3, skipped: 0, failed: 0 } });
    const events = await sent();
    expect(ids(events)).toEqual(ids(held).sort());
    for (const { id, execution, replay, source } of events)
      expect({ execution, source, isReplay: replay !== undefined }).toEqual({
        execution: id,
        source: 'rudderstack',
        isReplay: true,
      });
  });

  test('left in the middle goes on, and what it sends again is the same', async () => {
    await pause();
    const held = await hold(...Array.from({ length: 40 }, (_, i) => i));
    const job = await release();
    const leaving = new AbortController();
    for await (const { done } of carryOnSourceRelease(environment, job.id, { ...later, signal: leaving.signal }))
      if (done >= 25) leaving.abort();
    expect(await readJob(environment.configuration, job.id)).toMatchObject({
      state: 'running',
      counts: { released: 25 },
    });
    const first = await sent();
    // None of the sent ones has run yet, so all are still held: these are sent again.
    await run(carryOnJob(environment, job, later));
    const second = await sent();
    expect(new Set([...ids(first), ...ids(second)])).toEqual(new Set(ids(held)));
    const originOf = new Map(first.map(({ id, replay }) => [id, replay]));
    for (const { id, replay } of second) expect(replay).toBe(originOf.get(id) ?? replay);
    expect(await readJob(environment.configuration, job.id)).toMatchObject({ state: 'done' });
  });

  test('finds events that a function held before it knew of it', async () => {
    await pause();
    await hold(10);
    const job = await release();
    let late: EventLogEntry[] = [];
    for await (const { done } of carryOnSourceRelease(environment, job.id, later))
      if (done === 1 && late.length === 0) late = await hold(5, 11);
    expect(ids(await sent())).toEqual(expect.arrayContaining(ids(late)));
  });

  test('whose process died before the pause ended is finished by the next one', async () => {
    await pause();
    const [event] = (await hold(1)) as [EventLogEntry];
    const job = await release();
    await pause();
    await leaveJob(environment.configuration, { id: job.id, worker: 'none' }, Date.now());
    // The second pause has cancelled it.
    await expect(run(carryOnSourceRelease(environment, job.id, later))).rejects.toThrow('is cancelled');
    expect(ids(await sent())).toEqual([]);
    await run(carryOnSourceRelease(environment, (await release()).id, later));
    expect(ids(await sent())).toEqual([event.id]);
    expect((await state()).held_sources).toBeUndefined();
  });

  test('is refused while another one is under way, and says which', async () => {
    await pause();
    await hold(1);
    const job = await release();
    expect(await resume()).toMatchObject({ kind: 'running', job: { id: job.id } });
  });

  test('of a source that is not paused and holds nothing changes nothing', async () => {
    const { version } = await readCurrent(environment.configuration);
    expect(await resume()).toEqual({ kind: 'unchanged', version });
  });

  test('takes up what is held though the source is not paused, which doctor finds', async () => {
    const [event] = (await hold(1)) as [EventLogEntry];
    expect(await doctor()).toMatchObject([
      { id: 'events_left_held', severity: 'warning', count: 1, next: 'npx signalbox sources resume rudderstack' },
    ]);
    await run(carryOnSourceRelease(environment, (await release()).id, later));
    expect(ids(await sent())).toEqual([event.id]);
  });
});

test('a replay runs one held event alone, while its source stays paused', async () => {
  await pause();
  const [first] = (await hold(1, 2)) as [EventLogEntry, EventLogEntry];
  const options = { known: await known(), force: false, author: 'Bo', nowMs: Date.now() };
  expect(await replayIds(environment, [first.id], options)).toMatchObject([{ outcome: 'replayed', sent: 'event' }]);
  expect(await sent()).toMatchObject([{ id: first.id, execution: first.id, replay: expect.any(String) }]);
  expect((await state()).held_sources).toMatchObject({ rudderstack: {} });
});
