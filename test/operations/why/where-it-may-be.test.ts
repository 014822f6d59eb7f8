import { describe, expect, test } from '@jest/globals';
import type { QueueDepth } from '../../../shared/operations/queues/queue-depths.ts';
import { unloggedNow } from '../../../shared/operations/why/why.ts';

const day = 86_400_000;
const depth = (queue: string, ready: number, days: number): QueueDepth => ({
  queue,
  ready,
  in_flight: 0,
  delayed: 0,
  retention_seconds: days * 86_400,
});

function now(ageMs: number, events: number, deadLetters: number, lateMs = 60_000) {
  const queues = [depth('events', events, 4), depth('events dead-letter', deadLetters, 14)];
  return unloggedNow(queues, { source: 'shop', ageMs, lateMs });
}

describe('an event without a row', () => {
  test('may wait in a queue that keeps messages for as long', () => {
    expect(now(day, 3, 0)).toMatchObject({ state: 'waiting', text: expect.stringContaining('which holds 3') });
    expect(now(day, 0, 2)).toMatchObject({
      state: 'waiting',
      text: expect.stringContaining('2 in the dead-letter queue'),
    });
  });

  test('is not among messages that a queue would have deleted by now', () => {
    expect(now(5 * day, 3, 0).state).toBe('unknown');
    expect(now(5 * day, 3, 2)).toMatchObject({ state: 'waiting', text: expect.stringContaining('dead-letter') });
    expect(now(15 * day, 3, 2).state).toBe('unknown');
  });

  // Counts of SQS may be a minute late: a zero says nothing of what came since.
  test('and with empty queues is unknown, but not while the counts may be of before it came', () => {
    expect(now(59_000, 0, 0)).toMatchObject({
      state: 'waiting',
      text: expect.stringContaining('ask again in a minute'),
    });
    expect(now(60_000, 0, 0).state).toBe('unknown');
    expect(now(5_000, 0, 0, 0).state).toBe('unknown');
  });
});
