import { describe, expect, test } from '@jest/globals';
import { eventOfSize, sizeOf } from './event-of-size.ts';
import { accessLogBytes, metricsIn, roundsOf } from './measure-units.ts';

describe('an event of a size', () => {
  test.each([300, 700, 1000, 1500, 4000, 60_000])('has about %i bytes, and the usual one is the usual one', (bytes) => {
    const event = eventOfSize(bytes, 'order_completed');
    expect(Math.abs(sizeOf(event) - bytes)).toBeLessThanOrEqual(15);
    expect(event).toMatchObject({ type: 'track', event: 'order_completed', userId: 'usr_8841' });
  });

  test('that is too small for an event is refused', () => {
    expect(() => eventOfSize(100, 'order_completed')).toThrow('an event has at least');
  });
});

test('calls made at the same time are one round, and those that wait for another are two', () => {
  const call = (startedMs: number, endedMs: number) => ({ startedMs, endedMs });
  expect(roundsOf([])).toBe(0);
  expect(roundsOf([call(0, 10), call(1, 9), call(2, 12)])).toBe(1);
  expect(roundsOf([call(0, 10), call(1, 9), call(11, 20), call(21, 30)])).toBe(3);
  // A slow call beside two that follow each other hides none of them.
  expect(roundsOf([call(0, 100), call(0, 40), call(41, 90)])).toBe(2);
});

test('a metric is a name with a set of dimensions; printed twice, it is one', () => {
  const line = (names: string[], reason?: string) =>
    JSON.stringify({
      _aws: {
        CloudWatchMetrics: [
          {
            Dimensions: [
              ['environment'],
              ['environment', 'source'],
              ...(reason ? [['environment', 'source', 'reason']] : []),
            ],
            Metrics: names.map((Name) => ({ Name })),
          },
        ],
      },
      reason,
    });
  expect(metricsIn([line(['A', 'B']), line(['A'])])).toEqual({ environment: 2, source: 2 });
  expect(metricsIn([line(['A'], 'late'), line(['A'], 'wrong')])).toEqual({ environment: 1, source: 3 });
  expect(metricsIn(['{"level":"WARN"}'])).toEqual({ environment: 0, source: 0 });
});

test('the access log is as long as its format with values, and an unknown variable is no guess', () => {
  expect(accessLogBytes('{"status":"$context.status"}')).toBe('{"status":"200"}'.length);
  expect(() => accessLogBytes('$context.path')).toThrow('the access log has $context.path');
});
