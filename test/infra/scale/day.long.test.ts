import { describe, expect, test } from '@jest/globals';
import { arrivalsOf, type Day, type DayCeilings, simulateDay, sparkline, usualDay } from '../../../infra/scale/day.ts';
import fc from '../../support/fast-check.ts';

const day: Day = { ...usualDay, rate: 5, seed: 1 };
const wide: DayCeilings = {
  gateway: { perSecond: 1e6, burst: 1e6 },
  ingestPerSecond: 1e6,
  processor: { concurrency: 1000, batch: 10, batchMs: 100, pollersFirst: 5, rampPerSecond: 5 },
  trigger: { concurrency: 1000, batch: 10, batchMs: 100, pollersFirst: 5, rampPerSecond: 5 },
  oneSourcePerSecond: 1e6,
  actionLogPerSecond: 1e6,
  processorTables: [1, 2, 1],
  triggerTables: [1, 1],
  warmUnits: 1e6,
  tableUnitsMax: 1e6,
};
const quiet: Day = { ...day, slow: { ...day.slow, extraMs: 0 } };
const seconds = (...rest: number[]) => rest.map((count) => ({ hot: 0, rest: count }));
const waitingIn = ({ waiting }: ReturnType<typeof simulateDay>) =>
  waiting.atSenders + waiting.inEventsQueue + waiting.inActionsQueue;

describe('a few seconds by hand', () => {
  test('what there is room for is done within its second', () => {
    const result = simulateDay(quiet, wide, seconds(3, 0, 7));
    expect(result).toMatchObject({ events: 10, done: 10, refused: 0, backlogMax: 0 });
    expect(result.lagSeconds).toEqual({ p50: 0, p99: 0, max: 0 });
  });

  test('a burst beyond the throttle waits at its senders, the oldest first', () => {
    // Two tokens a second and at most two kept: 6 events take three seconds.
    const ceilings = { ...wide, gateway: { perSecond: 2, burst: 2 } };
    const result = simulateDay(quiet, ceilings, seconds(6, 0, 0, 0));
    expect(result).toMatchObject({ events: 6, done: 6, refused: 4, backlogMax: 4 });
    expect(result.lagSeconds).toEqual({ p50: 1, p99: 2, max: 2 });
  });

  test('the tokens of a burst are spent once', () => {
    const ceilings = { ...wide, gateway: { perSecond: 1, burst: 5 } };
    expect(simulateDay(quiet, ceilings, seconds(5, 5)).done).toBe(6);
  });

  test('one poller with batches of one and a second each does one a second', () => {
    const slow = { concurrency: 1, batch: 1, batchMs: 1000, pollersFirst: 5, rampPerSecond: 5 };
    const result = simulateDay(quiet, { ...wide, trigger: slow }, seconds(3, 0));
    expect(result).toMatchObject({
      events: 3,
      done: 2,
      waiting: { atSenders: 0, inEventsQueue: 0, inActionsQueue: 1 },
    });
  });

  test('a hot source waits for its partitions, and the others do not', () => {
    const ceilings = { ...wide, oneSourcePerSecond: 2 };
    const result = simulateDay(quiet, ceilings, [
      { hot: 5, rest: 10 },
      { hot: 0, rest: 0 },
    ]);
    expect(result).toMatchObject({ done: 14, waiting: { inEventsQueue: 1 } });
    expect(result.lagSeconds).toEqual({ p50: 0, p99: 1, max: 1 });
  });

  test('a new table bounds what is written, and takes twice as much after half an hour', () => {
    const ceilings = { ...wide, warmUnits: 10, tableUnitsMax: 1000, processorTables: [2], triggerTables: [] };
    const { quarters } = simulateDay(quiet, ceilings, seconds(...Array.from({ length: 5400 }, () => 20)));
    const rates = [0, 2, 4].map((quarter) => (quarters[quarter]?.done ?? 0) / 900);
    // 10 units are 5 events; then 10, then 20.
    expect(rates).toEqual([5, 10, 20]);
  });
});

describe('of any day', () => {
  const anyDay = fc.record({
    arrivals: fc.array(fc.record({ hot: fc.nat(50), rest: fc.nat(200) }), { minLength: 1, maxLength: 200 }),
    perSecond: fc.integer({ min: 1, max: 300 }),
    concurrency: fc.integer({ min: 1, max: 20 }),
    oneSource: fc.integer({ min: 1, max: 100 }),
    warmUnits: fc.integer({ min: 4, max: 400 }),
  });
  const ceilingsFor = ({
    perSecond,
    concurrency,
    oneSource,
    warmUnits,
  }: { [Key in 'perSecond' | 'concurrency' | 'oneSource' | 'warmUnits']: number }) => ({
    ...wide,
    gateway: { perSecond, burst: 2 * perSecond },
    processor: { ...wide.processor, concurrency },
    trigger: { ...wide.trigger, concurrency },
    oneSourcePerSecond: oneSource,
    warmUnits,
  });

  test('what came is exactly what is done and what waits', () => {
    fc.assert(
      fc.property(anyDay, ({ arrivals, ...limits }) => {
        const result = simulateDay(quiet, ceilingsFor(limits), arrivals);
        const came = arrivals.reduce((sum, { hot, rest }) => sum + hot + rest, 0);
        expect(result.events).toBe(came);
        expect(result.done + waitingIn(result)).toBe(came);
        expect(result.quarters.reduce((sum, { done }) => sum + done, 0)).toBe(result.done);
      }),
    );
  });

  test('a higher throttle never lets less be done', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: 1, max: 500 }), ({ arrivals, perSecond }, more) => {
        const doneWith = (rate: number) =>
          simulateDay(quiet, { ...wide, gateway: { perSecond: rate, burst: 2 * rate } }, arrivals).done;
        expect(doneWith(perSecond + more)).toBeGreaterThanOrEqual(doneWith(perSecond));
      }),
    );
  });

  test('a slower trigger never does more, and never sooner', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: 1, max: 5000 }), ({ arrivals, concurrency }, moreMs) => {
        const runWith = (batchMs: number) =>
          simulateDay(
            quiet,
            { ...wide, trigger: { ...wide.trigger, concurrency, batchMs, rampPerSecond: 0 } },
            arrivals,
          );
        const [fast, slow] = [runWith(100), runWith(100 + moreMs)];
        expect(slow.done).toBeLessThanOrEqual(fast.done);
        expect(slow.backlogMax).toBeGreaterThanOrEqual(fast.backlogMax);
      }),
    );
  });
});

test('the same seed gives the same day, and another seed another one of about as many events', () => {
  const countOf = (arrivals: { hot: number; rest: number }[]) =>
    arrivals.reduce((sum, { hot, rest }) => sum + hot + rest, 0);
  const [first, again, other] = [arrivalsOf(day), arrivalsOf(day), arrivalsOf({ ...day, seed: 2 })];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  const plain = arrivalsOf({ ...day, bursts: { ...day.bursts, count: 0 } });
  expect(Math.abs(countOf(plain) / (5 * 86_400) - 1)).toBeLessThan(0.02);
  expect(countOf(first)).toBeGreaterThan(countOf(plain));
});

test('a target that answers late costs workflow-trigger time in its hour alone', () => {
  expect(simulateDay(quiet, wide).slowMsPerEvent).toBe(0);
  const { slowMsPerEvent } = simulateDay(day, wide);
  expect(slowMsPerEvent).toBeGreaterThan(0);
  expect(slowMsPerEvent).toBeLessThan(2000);
});

test('a picture has a height for each value', () => {
  expect(sparkline([0, 1, 4, 7])).toBe('▁▂▅█');
  expect(sparkline([0, 0])).toBe('▁▁');
});
