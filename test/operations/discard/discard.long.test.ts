import { PurgeQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { actionItemKey } from '../../../shared/adapters/dynamodb-action-log.ts';
import { eventItemKey } from '../../../shared/adapters/dynamodb-event-log.ts';
import type { ActionOutcome, ActionStatus } from '../../../shared/core/logs/action-log-entry.ts';
import type { EventLogEntry, EventStatus } from '../../../shared/core/logs/event-log-entry.ts';
import { decodeActionsMessage } from '../../../shared/core/plan/actions-message.ts';
import { actionLogOf, listActions } from '../../../shared/operations/actions/actions.ts';
import {
  carryOnDiscard,
  discardIds,
  discardMatched,
  previewDiscard,
  startDiscard,
  startDiscardMatching,
} from '../../../shared/operations/discard/discard.ts';
import { DiscardRequest } from '../../../shared/operations/discard/targets.ts';
import { troubledActions, troubledEvents } from '../../../shared/operations/doctor/problems.ts';
import { eventLogOf, listEvents } from '../../../shared/operations/events/events.ts';
import type { JobProgress } from '../../../shared/operations/jobs/carry-on.ts';
import { carryOnJob } from '../../../shared/operations/jobs/carry-on-job.ts';
import { cancelJob, listJobs } from '../../../shared/operations/jobs/jobs.ts';
import { previewIds, replayIds } from '../../../shared/operations/replay/replay-ids.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { readRows } from '../../../shared/operations/verify/read-rows.ts';
import { tellEvent } from '../../../shared/operations/why/why.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

const minute = 60_000;
const day = 86_400_000;
let environment: TestEnvironment;
// Each test has a day of its own.
let start = Date.now() - 13 * day;

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration({ version: 1 }));
});
afterAll(() => environment.stop());
beforeEach(async () => {
  start += day / 3;
  const { EventsQueueUrl, ActionsQueueUrl } = environment.outputs;
  for (const QueueUrl of [EventsQueueUrl, ActionsQueueUrl])
    await environment.queueServer.client.send(new PurgeQueueCommand({ QueueUrl }));
});

const asked = { author: 'Ana Sol', reason: 'sent by a test', nowMs: Date.UTC(2026, 10, 21, 3) };
const range = () => ({ sinceMs: start, untilMs: start + 100 * minute });
const known = async () => (await readSources(environment)).known;
const close = (ids: string[], dryRun = false) => discardIds(environment, ids, { ...asked, dryRun });

async function writeEvent(minutes: number, change: Partial<EventLogEntry> = {}): Promise<EventLogEntry> {
  const event = eventEntry({ receivedAtMs: start + minutes * minute, key: `key-${start}-${minutes}`, ...change });
  await environment.eventLog.writeEach([event]);
  return event;
}
const writeFailed = (minutes: number, change: Partial<EventLogEntry> = {}) =>
  writeEvent(minutes, { status: 'failed', reason: 'retries_exhausted', actionsPlanned: 0, ...change });

/** A processed event with one action per status. */
async function writeActions(minutes: number, changes: Partial<ActionOutcome>[]): Promise<EventLogEntry> {
  const event = await writeEvent(minutes);
  const actions = changes.map((change, i) =>
    outcome(event.id, {
      mapping: `m${i}`,
      ...(change.status === 'failed' && { reason: 'target_refused' as const }),
      ...(change.status === 'skipped' && { reason: 'required_field_missing' as const }),
      ...change,
    }),
  );
  await environment.actionLog.writeEach([actionEntry(event, actions)]);
  return event;
}

const eventsWith = async (...statuses: EventStatus[]) => {
  const wanted = { ...range(), sources: await known(), statuses, limit: 100 };
  return (await listEvents(eventLogOf(environment), wanted)).map(({ id }) => id);
};
const actionsWith = async (...statuses: ActionStatus[]) => {
  const found = await listActions(actionLogOf(environment), { ...range(), shards: 1, statuses, limit: 100 });
  return found.map(({ action }) => action.mapping);
};
const whyNow = async ({ id }: EventLogEntry) => (await tellEvent(environment, id, await known(), Date.now()))?.now;

async function run(progress: AsyncIterable<JobProgress>): Promise<JobProgress[]> {
  const all: JobProgress[] = [];
  for await (const one of progress) all.push(one);
  return all;
}

describe('a failed event that is discarded', () => {
  test('counts as failed nowhere, and is found as discarded with who, when and why', async () => {
    const event = await writeFailed(1);
    const rejected = await writeEvent(2, { status: 'rejected', reason: 'payload_invalid' });
    expect(await close([event.id, rejected.id])).toEqual([
      expect.objectContaining({ event_id: event.id, outcome: 'discarded' }),
      expect.objectContaining({ event_id: rejected.id, outcome: 'discarded' }),
    ]);

    expect(await eventsWith('failed', 'rejected')).toEqual([]);
    expect(await eventsWith('discarded')).toEqual([rejected.id, event.id]);
    expect(await troubledEvents(environment, await known(), range())).toEqual([]);
    const now = await whyNow(event);
    expect(now).toMatchObject({ state: 'done', text: expect.stringContaining('Discarded by Ana Sol on 2026-11-21') });
    expect(now?.text).toContain('"sent by a test". Before that it was failed (retries_exhausted).');
  });

  test('is counted apart by verify', async () => {
    const event = await writeFailed(1);
    await writeFailed(2);
    await close([event.id]);
    const whole = { ...range(), periodSeconds: 60 };
    const { sources } = await readRows(environment, await known(), whole, { units: 0, requests: 0 });
    const counts = sources.flatMap(({ byPeriod }) => [...byPeriod.values()]);
    const total = (status: EventStatus) => counts.reduce((sum, one) => sum + one[status], 0);
    expect([total('failed'), total('discarded')]).toEqual([1, 1]);
  });

  test('keeps the rest of its row', async () => {
    const event = await writeFailed(1);
    const read = async () => {
      const Key = eventItemKey(event.id, event.source);
      return (await environment.documents.send(new GetCommand({ TableName: environment.outputs.EventLogTable, Key })))
        .Item;
    };
    const before = await read();
    await close([event.id]);
    const { discarded, ...after } = (await read()) ?? {};
    expect(discarded).toEqual({
      was: 'failed',
      by: 'Ana Sol',
      at: '2026-11-21T03:00:00.000Z',
      reason: 'sent by a test',
    });
    expect(after).toEqual({
      ...before,
      status: 'discarded',
      problem: String(before?.problem).replace('failed#', 'discarded#'),
    });
  });

  test('runs again with a replay, and counts as failed until it has run', async () => {
    const event = await writeFailed(1);
    await close([event.id]);
    const options = { known: await known(), force: false, author: 'Bo', nowMs: Date.now() };
    const [dry] = await previewIds(environment, [event.id], options);
    expect([dry?.outcome, await eventsWith('discarded')]).toEqual(['would_replay', [event.id]]);
    const [row] = await replayIds(environment, [event.id], options);
    expect(row).toMatchObject({ outcome: 'replayed', sent: 'event' });
    expect([await eventsWith('failed'), await eventsWith('discarded')]).toEqual([[event.id], []]);
  });

  test('is not written over by a late delivery of its dead letter', async () => {
    const event = await writeFailed(1);
    await close([event.id]);
    expect(await environment.eventLog.writeFailed(event)).toBe('final');
    expect(await eventsWith('discarded')).toEqual([event.id]);
  });
});

describe('failed actions that are discarded', () => {
  test('leave the succeeded ones and the rest of the row as they were', async () => {
    const event = await writeActions(1, [{ status: 'succeeded' }, { status: 'failed' }, { status: 'skipped' }]);
    const read = async () => {
      const Key = actionItemKey(event.id);
      return (await environment.documents.send(new GetCommand({ TableName: environment.outputs.ActionLogTable, Key })))
        .Item;
    };
    const before = await read();
    await close([event.id]);
    expect(await actionsWith('failed', 'skipped')).toEqual([]);
    expect(await actionsWith('discarded')).toEqual(['m1', 'm2']);
    expect(await troubledActions(environment, await known(), range())).toEqual([]);
    const after = await read();
    expect(after).toEqual({
      ...before,
      revision: 2,
      updated_at: expect.any(String),
      problem: String(before?.problem).replace('failed#', 'discarded#'),
      actions: [
        before?.actions[0],
        { ...before?.actions[1], status: 'discarded', discarded: expect.objectContaining({ was: 'failed' }) },
        { ...before?.actions[2], status: 'discarded', discarded: expect.objectContaining({ was: 'skipped' }) },
      ],
    });
    const now = await whyNow(event);
    expect(now?.text).toContain('2 of 3 actions were discarded. m1: Discarded by Ana Sol');
  });

  test('run again with a replay, which takes only their marks away', async () => {
    const event = await writeActions(1, [{ status: 'failed' }, { status: 'skipped' }, { status: 'succeeded' }]);
    await close([event.id]);
    const options = { known: await known(), force: false, author: 'Bo', nowMs: Date.now() };
    const [row] = await replayIds(environment, [event.id], options);
    expect(row).toMatchObject({ outcome: 'replayed', detail: 'runs again: workflows_trigger by m0' });
    expect([await actionsWith('failed'), await actionsWith('discarded')]).toEqual([['m0'], ['m1']]);
    const { Messages = [] } = await environment.queueServer.client.send(
      new ReceiveMessageCommand({ QueueUrl: environment.outputs.ActionsQueueUrl }),
    );
    expect(decodeActionsMessage(Messages[0]?.Body ?? '').execution).toBe(event.id);
  });

  test('are all closed, however many a row has', async () => {
    const event = await writeActions(
      1,
      Array.from({ length: 70 }, () => ({ status: 'failed' as const })),
    );
    await close([event.id]);
    expect([(await actionsWith('discarded')).length, await actionsWith('failed')]).toEqual([70, []]);
  });

  test('are named one by one by an action id', async () => {
    const event = await writeActions(1, [{ status: 'failed' }, { status: 'failed' }]);
    const [, second] = (await environment.actionLog.read(event.id))?.actions ?? [];
    expect(await close([second?.id ?? ''])).toMatchObject([{ event_id: event.id, outcome: 'discarded' }]);
    expect([await actionsWith('failed'), await actionsWith('discarded')]).toEqual([['m0'], ['m1']]);
  });
});

describe('what is not discarded, with the words for it', () => {
  test.each<[string, () => Promise<EventLogEntry>, RegExp]>([
    [
      'a succeeded action',
      () => writeActions(1, [{ status: 'succeeded' }]),
      /no failure that is open: what succeeded is never touched/,
    ],
    [
      'a pending action',
      () => writeActions(1, [{ status: 'pending', reason: 'target_unavailable' }]),
      /still pending \(m0: target_unavailable\)/,
    ],
    ['an action without an outcome', () => writeEvent(1), /has actions without an outcome yet/],
    ['an unmapped event', () => writeEvent(1, { status: 'no_mapping', reason: 'no_mapping_for_type' }), /ran nothing/],
    [
      'a copy',
      () => writeEvent(1, { status: 'idempotent', reason: 'duplicate', duplicateOf: 'E1' }),
      /is a copy of E1/,
    ],
  ])('%s', async (_, write, words) => {
    const event = await write();
    expect(await close([event.id])).toMatchObject([{ outcome: 'skipped', detail: expect.stringMatching(words) }]);
    expect([await eventsWith('discarded'), await actionsWith('discarded')]).toEqual([[], []]);
  });

  test('an id that is nothing here', async () => {
    expect(await close(['no-such-thing'])).toEqual([
      { id: 'no-such-thing', event_id: null, outcome: 'unknown', detail: 'is nothing that is known here' },
    ]);
  });

  test('what was discarded before keeps its first reason', async () => {
    const event = await writeFailed(1);
    await close([event.id]);
    const again = await discardIds(environment, [event.id], { ...asked, author: 'Bo', reason: 'other', dryRun: false });
    expect(again).toMatchObject([
      { outcome: 'skipped', detail: expect.stringMatching(/^was discarded by Ana Sol on .*: "sent by a test"$/) },
    ]);
  });

  test('anything, in a dry run', async () => {
    const event = await writeFailed(1);
    expect(await close([event.id], true)).toMatchObject([{ outcome: 'would_discard' }]);
    expect(await eventsWith('failed')).toEqual([event.id]);
  });
});

describe('a discard by filter', () => {
  const request = (filter: object) =>
    DiscardRequest.parse({ filter: { statuses: ['failed'], ...range(), ...filter } }) as Parameters<
      typeof previewDiscard
    >[1];
  const preview = async (filter: object) =>
    (await previewDiscard(environment, request(filter), { nowMs: Date.now() })).preview;
  const begin = async (filter: object) => {
    const total = (await preview(filter)).matching;
    return startDiscard(environment, request(filter), { ...asked, total });
  };

  test('closes only the actions that it names', async () => {
    const event = await writeActions(1, [{ status: 'failed' }, { status: 'failed', reason: 'data_invalid' }]);
    const failed = await writeFailed(2);
    expect(await preview({ mapping: 'm1' })).toEqual({
      matching: 1,
      looked_at: 1,
      would_discard: 1,
      skipped: [],
      sample: [{ event_id: event.id, detail: 'closes m1, failed (data_invalid)' }],
    });
    const job = await begin({ mapping: 'm1' });
    const progress = await run(carryOnDiscard(environment, job.id));
    expect(progress.at(-1)).toMatchObject({ state: 'done', counts: { discarded: 1, skipped: 0 } });
    expect([await actionsWith('failed'), await actionsWith('discarded')]).toEqual([['m0'], ['m1']]);
    expect(await eventsWith('failed')).toEqual([failed.id]);
    const recorded = (await listJobs(environment.configuration)).find(({ id }) => id === job.id);
    expect(recorded).toMatchObject({ kind: 'discard', author: 'Ana Sol', reason: 'sent by a test', state: 'done' });
  });

  test('goes on where a process left it, and marks nothing twice', async () => {
    for (let i = 0; i < 60; i++) await writeFailed(i);
    const job = await begin({});
    const leaving = new AbortController();
    for await (const { done } of carryOnDiscard(environment, job.id, { signal: leaving.signal }))
      if (done >= 25) leaving.abort();
    expect(await eventsWith('discarded')).toHaveLength(25);
    const rest = await run(carryOnJob(environment, job));
    expect(rest.at(-1)).toMatchObject({ state: 'done', counts: { discarded: 60, skipped: 0 } });
    expect([(await eventsWith('discarded')).length, await eventsWith('failed')]).toEqual([60, []]);
  });

  test('ends when it is cancelled elsewhere', async () => {
    for (let i = 0; i < 30; i++) await writeFailed(i);
    const job = await begin({});
    const states: string[] = [];
    for await (const { state } of carryOnDiscard(environment, job.id)) {
      states.push(state);
      await cancelJob(environment.configuration, job.id, Date.now());
    }
    expect(states).toEqual(['running', 'cancelled']);
  });

  test('takes no status that cannot be closed', () => {
    expect(() => request({ statuses: ['processed'] })).toThrow();
    expect(() => request({ statuses: ['pending'] })).toThrow();
  });
});

describe('a discard of all that a search finds', () => {
  const times = () => ({ since_ms: start, until_ms: start + 100 * minute });
  const matchingEvents = (search: object) => ({
    matching: { of: 'events' as const, search: { ...times(), ...search } },
  });
  const matchingActions = (search: object) => ({
    matching: { of: 'actions' as const, search: { ...times(), ...search } },
  });
  const preview = async (request: Parameters<typeof previewDiscard>[1]) =>
    (await previewDiscard(environment, request, { nowMs: Date.now() })).preview;

  test('of actions closes those alone, and those of the search alone', async () => {
    const event = await writeActions(1, [
      { status: 'failed', detail: 'answered 410' },
      { status: 'failed', detail: 'answered 404' },
      { status: 'succeeded' },
    ]);
    const request = matchingActions({ text: '410' });
    expect(await preview(request)).toMatchObject({
      matching: 1,
      would_discard: 1,
      sample: [{ event_id: event.id, detail: 'closes m0, failed (target_refused)' }],
    });
    const job = await startDiscardMatching(environment, request, { ...asked, nowMs: Date.now() });
    expect((await run(carryOnJob(environment, job))).at(-1)).toMatchObject({
      state: 'done',
      counts: { discarded: 1, skipped: 0 },
    });
    expect([await actionsWith('failed'), await actionsWith('discarded')]).toEqual([['m1'], ['m0']]);
  });

  test('of events closes each as a whole: its own end, and its failed and skipped actions', async () => {
    const failed = await writeFailed(1);
    await writeActions(2, [{ status: 'failed' }, { status: 'skipped' }]);
    await writeActions(3, [{ status: 'succeeded' }]);
    expect(await preview(matchingEvents({}))).toMatchObject({ matching: 2, would_discard: 2, skipped: [] });
    const job = await startDiscardMatching(environment, matchingEvents({}), { ...asked, nowMs: Date.now() });
    expect(job.total).toBe(2);
    await run(carryOnJob(environment, job));
    expect(await eventsWith('discarded')).toEqual([failed.id]);
    expect(await actionsWith('discarded')).toEqual(['m0', 'm1']);
  });

  test('leaves events that wait for their source, unless it asks for them', async () => {
    const held = await writeEvent(1, { status: 'held', reason: 'source_paused' });
    expect((await preview(matchingEvents({}))).matching).toBe(0);
    await expect(
      startDiscardMatching(environment, matchingEvents({}), { ...asked, nowMs: Date.now() }),
    ).rejects.toThrow(/nothing to close/);
    expect(await listJobs(environment.configuration)).not.toContainEqual(expect.objectContaining({ total: 0 }));
    const request = matchingEvents({ status: ['held'] });
    const job = await startDiscardMatching(environment, request, { ...asked, nowMs: Date.now() });
    await run(carryOnJob(environment, job));
    expect(await eventsWith('discarded')).toEqual([held.id]);
  });

  test('counts each that it was made for, also those that another operator took care of meanwhile', async () => {
    for (let i = 0; i < 60; i++) await writeFailed(i);
    const job = await startDiscardMatching(environment, matchingEvents({}), { ...asked, nowMs: Date.now() });
    const leaving = new AbortController();
    for await (const { done } of carryOnDiscard(environment, job.id, { signal: leaving.signal }))
      if (done >= 25) leaving.abort();
    const open = (await eventsWith('failed')).slice(0, 10);
    const other = await discardIds(environment, open, { ...asked, author: 'Ben', nowMs: Date.now(), dryRun: false });
    expect(other.filter(({ outcome }) => outcome === 'discarded')).toHaveLength(10);
    const progress = await run(carryOnJob(environment, job));
    expect(progress.at(-1)).toMatchObject({ state: 'done', done: 60, counts: { discarded: 50, skipped: 10 } });
  });

  test('leaves what came after it began', async () => {
    const first = await writeFailed(1);
    const { matching } = matchingEvents({});
    const openEnd = { matching: { of: 'events' as const, search: { since_ms: matching.search.since_ms } } };
    const job = await startDiscardMatching(environment, openEnd, { ...asked, nowMs: start + 5 * minute });
    await writeFailed(10);
    await run(carryOnJob(environment, job));
    expect(await eventsWith('discarded')).toEqual([first.id]);
    expect((await eventsWith('failed')).length).toBe(1);
  });
});

test('of chosen rows a single action is closed, and its event is not', async () => {
  const event = await writeActions(1, [{ status: 'failed' }, { status: 'failed' }]);
  const [action] = (await environment.actionLog.read(event.id))?.actions ?? [];
  const chosen = [{ event: event.id, action: action?.id ?? '' }];
  expect(await discardMatched(environment, chosen, { ...asked, dryRun: true })).toMatchObject([
    { id: action?.id, event_id: event.id, outcome: 'would_discard' },
  ]);
  expect(await discardMatched(environment, chosen, { ...asked, dryRun: false })).toMatchObject([
    { outcome: 'discarded' },
  ]);
  expect([await actionsWith('failed'), await actionsWith('discarded')]).toEqual([['m1'], ['m0']]);
});
