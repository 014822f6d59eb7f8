import { type CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import type { VerifyRange } from './verify-range.ts';

/** Events by the start of the period in which they were received. */
export type CountByPeriod = Map<number, number>;

export type IngestCounts = {
  /** Events answered 2xx, or about to be. */
  accepted: CountByPeriod;
  /** Events of requests answered 503: at most this many are in the queue all the same. */
  unansweredMax: CountByPeriod;
};

/** Ingest's counts in a range. */
export interface AcceptedCounts {
  /**
   * One entry per source, in order; then one for the whole environment, which also counts unnamed
   * sources.
   */
  read(sources: string[], range: VerifyRange): Promise<IngestCounts[]>;
  /** Metrics requested so far, which CloudWatch bills. */
  metricsRead(): number;
}

const names = { accepted: 'EventsAccepted', unansweredMax: 'EventsUnanswered' } as const;
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const queriesMax = 500;

/**
 * Counts from CloudWatch's metrics; the local runtime answers the same call. Ingest counts events
 * under the minute in their ids, so a period counts exactly the events with ids of that period.
 * docs/reliability.md, "Accounting".
 */
export function makeAcceptedCounts(client: CloudWatchClient, environment: string): AcceptedCounts {
  let metricsRead = 0;
  return {
    async read(sources, range) {
      const dimensionSets = [...sources.map((source) => ({ environment, source })), { environment }];
      const counts = dimensionSets.map((): IngestCounts => ({ accepted: new Map(), unansweredMax: new Map() }));
      const queries = dimensionSets.flatMap((dimensions, i) =>
        (Object.keys(names) as (keyof IngestCounts)[]).map((kind) => ({
          into: counts[i]?.[kind] as CountByPeriod,
          query: metricQuery(names[kind], dimensions, range.periodSeconds),
        })),
      );
      metricsRead += queries.length;
      for (let from = 0; from < queries.length; from += queriesMax)
        await readInto(client, queries.slice(from, from + queriesMax), range);
      return counts;
    },
    metricsRead: () => metricsRead,
  };
}

/** Its id is its position in the request. */
function metricQuery(
  name: string,
  dimensions: Record<string, string>,
  periodSeconds: number,
): Omit<MetricDataQuery, 'Id'> {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return {
    MetricStat: {
      Metric: { Namespace: 'Signalbox', MetricName: name, Dimensions },
      Period: periodSeconds,
      Stat: 'Sum',
    },
  };
}

async function readInto(
  client: CloudWatchClient,
  queries: { into: CountByPeriod; query: Omit<MetricDataQuery, 'Id'> }[],
  { sinceMs, untilMs }: VerifyRange,
): Promise<void> {
  const request = {
    StartTime: new Date(sinceMs),
    EndTime: new Date(untilMs),
    MetricDataQueries: queries.map(({ query }, i) => ({ ...query, Id: `q${i}` })),
  };
  let NextToken: string | undefined;
  do {
    const page = await client.send(new GetMetricDataCommand({ ...request, NextToken }));
    for (const { Id, Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
      const into = queries[Number(Id?.slice(1))]?.into;
      for (const [i, time] of Timestamps.entries())
        into?.set(time.getTime(), (into.get(time.getTime()) ?? 0) + (Values[i] ?? 0));
    }
    ({ NextToken } = page);
  } while (NextToken !== undefined);
}
