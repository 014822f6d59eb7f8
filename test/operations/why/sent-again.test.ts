import { describe, expect, test } from '@jest/globals';
import type { TouchedByRow } from '../../../shared/operations/jobs/touched-by.ts';
import { onItsWay, sentAgain } from '../../../shared/operations/why/sent-again.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';

const event = eventEntry();
const failed = actionEntry(event, [outcome(event.id, { status: 'failed', reason: 'target_refused' })]);
const laterMs = event.processedAtMs + 1_000;

const job = (change: Partial<TouchedByRow> = {}): TouchedByRow => ({
  job: '019b',
  kind: 'replay',
  author: 'Ada',
  reason: null,
  begun_at: new Date(laterMs).toISOString(),
  outcome: 'replayed',
  sent: 'actions',
  detail: 'runs again: workflows_trigger by order-completed',
  ...change,
});
const depth = (queue: string, in_flight: number) => ({ queue, ready: 0, in_flight, delayed: 0, retention_seconds: 60 });

describe('an event whose rows are older than its replay', () => {
  test('is on its way as long as its queue holds a message', () => {
    const found = sentAgain(event, failed, [job()]);
    expect(found).toMatchObject({ job: '019b' });
    const way = found && onItsWay(found, [depth('actions', 1)], { nowMs: laterMs + 2_000, lateMs: 0 });
    expect(way).toMatchObject({
      state: 'waiting',
      text: expect.stringContaining('Ada sent it again 2 s ago (job 019b)'),
    });
  });

  test('is not, once the queue is empty and its count cannot be late', () => {
    const look = (ageMs: number) =>
      onItsWay(job(), [depth('actions', 0)], { nowMs: laterMs + ageMs, lateMs: 60_000 })?.state;
    expect([look(59_999), look(60_000)]).toEqual(['waiting', undefined]);
  });

  test('may be in either queue if it was sent as a whole', () => {
    const way = onItsWay(job({ sent: 'event' }), [depth('events', 0), depth('actions', 1)], {
      nowMs: laterMs,
      lateMs: 0,
    });
    expect(way?.state).toBe('waiting');
  });
});

test.each([
  ['its row was written since', actionEntry(event, failed.actions, { updatedAtMs: laterMs + 1 }), job()],
  ['its actions had succeeded', actionEntry(event, [outcome(event.id)]), job()],
  ['the job skipped it', failed, job({ outcome: 'skipped', sent: null })],
  ['the job made a new event of it', failed, job({ sent: 'event', detail: 'runs as a new event, 01KCOPY' })],
])('is not sent again where %s', (_title, log, touched) => {
  expect(sentAgain({ ...event, replays: ['01KCOPY'] }, log, [touched])).toBeUndefined();
});
