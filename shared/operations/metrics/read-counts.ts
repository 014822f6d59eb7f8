import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { namespace } from './metric-names.ts';
import { type MetricQuery, type MetricRange, readMetrics, type ValueByPeriod } from './read-metrics.ts';

/** A count of the functions (docs/alarms.md), of the whole environment or narrower. */
export type CountQuery = { name: string; source?: string; reason?: string };

export type CountRange = MetricRange;

/** Sums by the start of their period; periods without a count are absent. */
export type CountByPeriod = ValueByPeriod;

/**
 * Reads counts from CloudWatch, one answer per query, in order.
 * @throws the client's error; trying again may help
 */
export async function readCounts(
  client: CloudWatchClient,
  environment: string,
  queries: readonly CountQuery[],
  range: CountRange,
): Promise<CountByPeriod[]> {
  return readMetrics(
    client,
    queries.map((query) => countQuery(environment, query)),
    range,
  );
}

export function countQuery(environment: string, { name, ...narrower }: CountQuery): MetricQuery {
  return { namespace, name, dimensions: { environment, ...narrower }, statistic: 'Sum' };
}

/** A count within the range; `sinceMs` is the minute of the first one, absent when there is none. */
export type Counted = { total: number; sinceMs?: number; lastMs?: number };

export function sumOf(periods: CountByPeriod): Counted {
  const counted = [...periods].filter(([, count]) => count !== 0).sort(([a], [b]) => a - b);
  const total = counted.reduce((sum, [, count]) => sum + count, 0);
  const [first] = counted;
  const last = counted.at(-1);
  return { total, ...(first && last && { sinceMs: first[0], lastMs: last[0] }) };
}
