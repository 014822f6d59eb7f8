import { describe, expect, test } from '@jest/globals';
import { makeMetricCounters } from '../../../infra/local/metrics.ts';
import { makeStageMetrics } from '../../../shared/lambda/metrics.ts';

describe('metric counters', () => {
  // The writer is the very module that functions use, so that the two cannot drift apart.
  function counted(count: (metrics: ReturnType<typeof makeStageMetrics>) => void) {
    const counters = makeMetricCounters();
    const stage = makeStageMetrics('test', (line) => expect(counters.take(line)).toBe(true));
    count(stage);
    stage.flush();
    return counters;
  }

  test('add up what functions count, per environment and per source', () => {
    const counters = counted((stage) => {
      stage.count('stripe', 'EventsAccepted', 2);
      stage.flush();
      stage.count('stripe', 'EventsAccepted');
      stage.count('segment', 'EventsAccepted', 4);
    });
    expect(counters.total('EventsAccepted')).toBe(7);
    const ofStripe = counters.list().find(({ dimensions }) => dimensions.source === 'stripe');
    expect(ofStripe).toMatchObject({ name: 'EventsAccepted', unit: 'Count', sum: 3, samples: 2, min: 1, max: 2 });
  });

  test('keep the spread of measured times', () => {
    const counters = counted((stage) => {
      stage.time('stripe', 'ProcessingLagMs', 5);
      stage.time('stripe', 'ProcessingLagMs', 15);
    });
    const [lag] = counters.list().filter(({ dimensions }) => dimensions.source === undefined);
    expect(lag).toMatchObject({ samples: 2, sum: 20, min: 5, max: 15 });
  });

  test.each([['plain text'], ['{"level":"INFO","message":"_aws"}'], ['{"_aws":'], ['{"_aws":{}}']])(
    'leave other lines alone: %s',
    (line) => {
      const counters = makeMetricCounters();
      expect(counters.take(line)).toBe(false);
      expect(counters.list()).toEqual([]);
    },
  );
});
