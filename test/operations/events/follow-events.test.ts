import { randomBytes } from 'node:crypto';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import type { ActionOutcome } from '../../../shared/core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import type { ActionSearch } from '../../../shared/operations/actions/action-search.ts';
import { type FollowedActions, followActions } from '../../../shared/operations/actions/follow-actions.ts';
import type { EventSearch } from '../../../shared/operations/events/event-search.ts';
import { type Followed, followEvents } from '../../../shared/operations/events/follow-events.ts';
import { actionEntry, type EntryChange, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

const startMs = Date.now();
let environment: TestEnvironment;
beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
});
afterAll(() => environment.stop());

let users = 0;
/** A follower of one user's events, on a clock that only waiting moves. */
function follow(search: EventSearch = {}) {
  const userId = `user_${++users}`;
  let nowMs = startMs;
  const clock = {
    nowMs: () => nowMs,
    async wait(ms: number) {
      nowMs += ms;
    },
  };
  const followed = followEvents(environment, { ...search, user_id: userId }, 10, clock);
  return {
    followed,
    async next(): Promise<Followed> {
      const { value } = await followed.next();
      return value as Followed;
    },
    /** Logs an event that was received so many seconds ago. */
    async log(secondsAgo: number, change: EntryChange = {}): Promise<EventLogEntry> {
      const id = makeEventId('rudderstack', 0, nowMs - secondsAgo * 1000, randomBytes(12));
      const entry = eventEntry({ id, userId, processedAtMs: nowMs, ...change });
      await environment.eventLog.writeEach([entry]);
      return entry;
    },
  };
}

const idsOf = (followed: Followed) => ('events' in followed ? followed.events.map(({ entry }) => entry.id) : followed);

describe('a follower', () => {
  test('begins with what is there, then shows each event once, however late it is logged', async () => {
    const { log, next, followed } = follow();
    const [older, newer] = [await log(20), await log(10)];
    expect(idsOf(await next())).toEqual([older.id, newer.id]);
    const late = await log(50 * 60, { processedAtMs: startMs + 1 });
    expect(idsOf(await next())).toEqual([late.id]);
    const first = await log(2, { processedAtMs: startMs + 2 });
    const second = await log(1, { processedAtMs: startMs + 3 });
    expect(idsOf(await next())).toEqual([first.id, second.id]);
    await followed.return(undefined);
  });

  test('reads no actions of what was processed before it began, however much of it there is', async () => {
    const { log, next, followed } = follow();
    for (let i = 0; i < 15; i++) await log(600 + i, { processedAtMs: startMs - 600_000 });
    expect(idsOf(await next())).toHaveLength(10);
    const { documents } = environment;
    const send = jest.spyOn(documents, 'send');
    const fresh = await log(1, { processedAtMs: startMs + 1 });
    expect(idsOf(await next())).toEqual([fresh.id]);
    const { ActionLogTable } = environment.outputs;
    const read = send.mock.calls.flatMap(([{ input }]) =>
      'RequestItems' in input ? (input.RequestItems?.[ActionLogTable] as { Keys: unknown[] } | undefined)?.Keys : [],
    );
    send.mockRestore();
    expect(read.filter((key) => key !== undefined)).toHaveLength(1);
    await followed.return(undefined);
  });

  test('shows an event again only when its status changed', async () => {
    const { log, next, followed } = follow();
    const failed = await log(5, { status: 'failed', reason: 'retries_exhausted' });
    expect(idsOf(await next())).toEqual([failed.id]);
    await environment.eventLog.writeEach([{ ...failed, status: 'processed', processedAtMs: startMs + 9 }]);
    expect(await next()).toMatchObject({ events: [{ entry: { id: failed.id, status: 'processed' } }] });
    await followed.return(undefined);
  });

  test('shows an event that is found by its actions as soon as these are logged', async () => {
    const { log, next, followed } = follow({ warnings: ['no_runs'] });
    const before = await log(9);
    const logNoRuns = (entry: EventLogEntry) =>
      environment.actionLog.writeEach([actionEntry(entry, [outcome(entry.id, { result: { id: 'x', runs: 0 } })])]);
    await logNoRuns(before);
    expect(idsOf(await next())).toEqual([before.id]);
    const lonely = await log(1, { processedAtMs: startMs + 9 });
    const looked = next();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await logNoRuns(lonely);
    expect(idsOf(await looked)).toEqual([lonely.id]);
    await followed.return(undefined);
  });

  test('says that it is blind and why, goes on trying, and then shows what it missed', async () => {
    const { log, next, followed } = follow();
    const there = await log(5);
    expect(idsOf(await next())).toEqual([there.id]);
    const unreadable = Object.assign(new Error('no read for you'), { name: 'AccessDeniedException' });
    const send = jest.spyOn(environment.documents, 'send').mockRejectedValue(unreadable as never);
    expect(await next()).toEqual({
      note: { kind: 'blind', problem: 'AccessDeniedException: no read for you', sinceMs: expect.any(Number) },
    });
    // Once more half a minute later, with the same beginning.
    expect(await next()).toMatchObject({ note: { kind: 'blind' } });
    send.mockRestore();
    const missed = await log(30, { processedAtMs: startMs + 5_000 });
    expect(await next()).toMatchObject({ note: { kind: 'seeing_again' } });
    expect(idsOf(await next())).toEqual([missed.id]);
    await followed.return(undefined);
  });

  test('says that events wait where nothing is logged', async () => {
    const { log, next, followed } = follow();
    const there = await log(5);
    expect(idsOf(await next())).toEqual([there.id]);
    const queues = await environment.queues();
    const QueueUrl = environment.outputs.EventsQueueUrl;
    await queues.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    expect(await next()).toEqual({ note: { kind: 'waiting', queue: 'events', waiting: 1, parked: 0 } });
    await followed.return(undefined);
  });

  test('does not begin where it cannot read at all', async () => {
    const send = jest.spyOn(environment.documents, 'send').mockRejectedValue(new Error('no') as never);
    await expect(follow().next()).rejects.toThrow('no');
    send.mockRestore();
  });
});

describe('a follower of actions', () => {
  let nowMs = startMs;
  const clock = {
    nowMs: () => nowMs,
    async wait(ms: number) {
      nowMs += ms;
    },
  };
  const begin = (search: ActionSearch) => {
    const followed = followActions(environment, search, 10, clock);
    return { followed, next: async () => (await followed.next()).value as FollowedActions };
  };
  let keys = 0;
  /** An execution with one action of a mapping of its own. */
  async function logAction(mapping: string, change: Partial<ActionOutcome>, updatedAtMs = nowMs + ++keys) {
    const entry = eventEntry({ id: makeEventId('rudderstack', 0, nowMs - 5_000, randomBytes(12)) });
    const write = (now: Partial<ActionOutcome>, atMs: number) =>
      environment.actionLog.writeEach([
        actionEntry(entry, [outcome(entry.id, { mapping, ...now })], { updatedAtMs: atMs }),
      ]);
    await write(change, updatedAtMs);
    return { id: entry.id, write };
  }
  const shown = (found: FollowedActions) =>
    'actions' in found ? found.actions.map(({ log, action }) => [log.execution, action.status]) : found;

  test('begins with what is there, shows each once, and again when its status changes, with the filters of the list', async () => {
    const { followed, next } = begin({ mapping: 'followed', status: ['pending', 'succeeded'] });
    const waits = await logAction('followed', { status: 'pending', reason: 'target_busy' });
    await logAction('other', { status: 'pending', reason: 'target_busy' });
    expect(shown(await next())).toEqual([[waits.id, 'pending']]);
    await logAction('followed', { status: 'failed', reason: 'target_refused' });
    await waits.write({ status: 'succeeded' }, nowMs + 1_000);
    expect(shown(await next())).toEqual([[waits.id, 'succeeded']]);
    const late = await logAction('followed', { status: 'succeeded' }, nowMs + 2_000);
    expect(shown(await next())).toEqual([[late.id, 'succeeded']]);
    await followed.return(undefined);
  });

  test('says that it is blind, and that messages wait in its own queue', async () => {
    const { followed, next } = begin({ mapping: 'blind' });
    const there = await logAction('blind', { status: 'succeeded' });
    expect(shown(await next())).toEqual([[there.id, 'succeeded']]);
    const send = jest.spyOn(environment.documents, 'send').mockRejectedValue(new Error('throttled') as never);
    expect(await next()).toMatchObject({ note: { kind: 'blind', problem: 'Error: throttled' } });
    send.mockRestore();
    expect(await next()).toMatchObject({ note: { kind: 'seeing_again' } });
    const queues = await environment.queues();
    await queues.send(new SendMessageCommand({ QueueUrl: environment.outputs.ActionsQueueUrl, MessageBody: 'x' }));
    expect(await next()).toMatchObject({ note: { kind: 'waiting', queue: 'actions', waiting: 1 } });
    await followed.return(undefined);
  });
});
