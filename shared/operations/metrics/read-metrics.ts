import { type CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';

/** One metric of CloudWatch, ours or of a service that the stack uses. */
export type MetricQuery = {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  statistic: 'Sum' | 'Maximum';
};

export type MetricRange = {
  /** Both are multiples of the period; `untilMs` is the first moment after the range. */
  sinceMs: number;
  untilMs: number;
  /** A multiple of 60. */
  periodSeconds: number;
};

/** Values by the start of their period; periods without one are absent. */
export type ValueByPeriod = Map<number, number>;

/** The queries that one call takes. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
export const queriesMax = 500;

/**
 * Reads metrics from CloudWatch, one answer per query, in order; the local runtime answers the same
 * call. On AWS a value can be three minutes late. CloudWatch bills each query.
 * @throws the client's error; trying again may help
 */
export async function readMetrics(
  client: CloudWatchClient,
  queries: readonly MetricQuery[],
  range: MetricRange,
): Promise<ValueByPeriod[]> {
  const values = queries.map((): ValueByPeriod => new Map());
  for (let from = 0; from < queries.length; from += queriesMax)
    await readInto(client, queries.slice(from, from + queriesMax), range, values.slice(from));
  return values;
}

async function readInto(
  client: CloudWatchClient,
  queries: readonly MetricQuery[],
  { sinceMs, untilMs, periodSeconds }: MetricRange,
  values: ValueByPeriod[],
): Promise<void> {
  const request = {
    StartTime: new Date(sinceMs),
    EndTime: new Date(untilMs),
    MetricDataQueries: queries.map(({ namespace, name, dimensions, statistic }, i) => ({
      Id: `q${i}`,
      MetricStat: {
        Metric: {
          Namespace: namespace,
          MetricName: name,
          Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        },
        Period: periodSeconds,
        Stat: statistic,
      },
    })),
  };
  let NextToken: string | undefined;
  do {
    const page = await client.send(new GetMetricDataCommand({ ...request, NextToken }));
    for (const { Id, Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
      const into = values[Number(Id?.slice(1))];
      for (const [i, time] of Timestamps.entries()) into?.set(time.getTime(), Values[i] ?? 0);
    }
    ({ NextToken } = page);
  } while (NextToken !== undefined);
}

/** Sums of several metrics by period. */
export function added(all: readonly ValueByPeriod[]): ValueByPeriod {
  const sums = new Map<number, number>();
  for (const values of all) for (const [startMs, value] of values) sums.set(startMs, (sums.get(startMs) ?? 0) + value);
  return sums;
}
