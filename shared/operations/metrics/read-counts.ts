import { type CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';

/** A count of the functions (docs/alarms.md), of the whole environment or narrower. */
export type CountQuery = { name: string; source?: string; reason?: string };

export type CountRange = {
  /** Both are multiples of the period; `untilMs` is the first moment after the range. */
  sinceMs: number;
  untilMs: number;
  /** A multiple of 60. */
  periodSeconds: number;
};

/** Sums by the start of their period; periods without a count are absent. */
export type CountByPeriod = Map<number, number>;

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const queriesMax = 500;

/**
 * Reads counts from CloudWatch, one answer per query, in order; the local runtime answers the same
 * call. On AWS a count can be three minutes late. CloudWatch bills each query.
 * @throws the client's error; trying again may help
 */
export async function readCounts(
  client: CloudWatchClient,
  environment: string,
  queries: readonly CountQuery[],
  range: CountRange,
): Promise<CountByPeriod[]> {
  const counts = queries.map((): CountByPeriod => new Map());
  for (let from = 0; from < queries.length; from += queriesMax)
    await readInto(client, environment, queries.slice(from, from + queriesMax), range, counts.slice(from));
  return counts;
}

async function readInto(
  client: CloudWatchClient,
  environment: string,
  queries: readonly CountQuery[],
  { sinceMs, untilMs, periodSeconds }: CountRange,
  counts: CountByPeriod[],
): Promise<void> {
  const request = {
    StartTime: new Date(sinceMs),
    EndTime: new Date(untilMs),
    MetricDataQueries: queries.map(({ name, ...narrower }, i) => ({
      Id: `q${i}`,
      MetricStat: {
        Metric: {
          Namespace: 'Signalbox',
          MetricName: name,
          Dimensions: Object.entries({ environment, ...narrower }).map(([Name, Value]) => ({ Name, Value })),
        },
        Period: periodSeconds,
        Stat: 'Sum',
      },
    })),
  };
  let NextToken: string | undefined;
  do {
    const page = await client.send(new GetMetricDataCommand({ ...request, NextToken }));
    for (const { Id, Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
      const into = counts[Number(Id?.slice(1))];
      for (const [i, time] of Timestamps.entries())
        into?.set(time.getTime(), (into.get(time.getTime()) ?? 0) + (Values[i] ?? 0));
    }
    ({ NextToken } = page);
  } while (NextToken !== undefined);
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
