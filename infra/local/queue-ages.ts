import type { MetricReader } from './metrics-api.ts';

const minuteMs = 60_000;

/**
 * Adds what SQS tells CloudWatch once a minute: the age of each queue's oldest message. Here it is
 * measured when it is asked for, so that it has a value for the present minute alone.
 * @param oldestSentMs when a queue's oldest message was sent
 */
export function withQueueAges(
  reader: MetricReader,
  oldestSentMs: (queue: string) => number | undefined,
  nowMs: () => number = Date.now,
): MetricReader {
  return {
    minutes(metric, range) {
      const { namespace, name, dimensions } = metric;
      if (namespace !== 'AWS/SQS' || name !== 'ApproximateAgeOfOldestMessage') return reader.minutes(metric, range);
      const now = nowMs();
      const minute = Math.floor(now / minuteMs) * minuteMs;
      const sentMs = oldestSentMs(dimensions.QueueName ?? '');
      if (sentMs === undefined || minute < range.sinceMs || minute >= range.untilMs) return [];
      const age = Math.max(0, now - sentMs) / 1000;
      return [{ minuteMs: minute, sum: age, max: age }];
    },
  };
}
