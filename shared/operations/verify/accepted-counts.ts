import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { type CountByPeriod, type CountQuery, readCounts } from '../metrics/read-counts.ts';
import type { VerifyRange } from './verify-range.ts';

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

/**
 * Counts from CloudWatch's metrics; the local runtime answers the same call. Ingest counts events
 * under the minute in their ids, so a period counts exactly the events with ids of that period.
 * docs/reliability.md, "Accounting".
 */
export function makeAcceptedCounts(client: CloudWatchClient, environment: string): AcceptedCounts {
  let metricsRead = 0;
  return {
    async read(sources, range) {
      const of: Omit<CountQuery, 'name'>[] = [...sources.map((source) => ({ source })), {}];
      const queries = of.flatMap((narrower) => [
        { name: 'EventsAccepted', ...narrower },
        { name: 'EventsUnanswered', ...narrower },
      ]);
      metricsRead += queries.length;
      const counts = await readCounts(client, environment, queries, range);
      return of.map((_, i) => ({
        accepted: counts[2 * i] ?? new Map(),
        unansweredMax: counts[2 * i + 1] ?? new Map(),
      }));
    },
    metricsRead: () => metricsRead,
  };
}
