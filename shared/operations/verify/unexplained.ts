import { eventPartition } from '../../adapters/dynamodb-event-log.ts';
import { lowestIdAt } from '../../core/ids/event-id.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { daysNewestFirst } from '../tables/newest-first.ts';
import { queryItems } from '../tables/tables.ts';
import { type Expected, isUncounted, type ReadMeter, type RowTables } from './read-rows.ts';
import type { VerifyRange } from './verify-range.ts';

/** A period in which a source's counts and rows differ. */
export type Difference = { source: string; periodMs: number; accepted: number; unansweredMax: number; rows: number };

/** Something that no count, row or queue accounts for. */
export type Unexplained = {
  what: /** Accepted, without a row, and more of them than the queues hold. */
    | 'events_lost'
    /** They have a row, and ingest did not count them. */
    | 'rows_not_counted'
    /** A processed event's actions have neither a row nor a message. */
    | 'actions_lost';
  source: string;
  /** Absent for actions, which are named one by one. */
  period?: { sinceMs: number; untilMs: number };
  count: number;
  /**
   * The events that it can be: exactly `count` of them, or more among which it is. Of a lost event
   * only its count is left, so it is none of those that have a row.
   */
  eventIds: string[];
  /** More events than are listed can be the one. */
  isCut: boolean;
};

/** Of one period: a person looks through no more. */
const idsMax = 1_000;
/** Each costs a Query per shard. */
const periodsMax = 100;

/**
 * Names what does not add up, as far as a name is left. Rows are looked up by the key of the event
 * log, `{source}#{day}#{shard}`, in the periods that differ.
 */
export async function nameUnexplained(
  environment: RowTables,
  known: readonly KnownSource[],
  {
    differences,
    lostEvents,
    lostActions,
    waiting,
    range,
  }: {
    differences: readonly Difference[];
    lostEvents: number;
    lostActions: number;
    /** Those without a row, which the lost ones are among. */
    waiting: readonly Expected[];
    range: Pick<VerifyRange, 'periodSeconds'>;
  },
  meter: ReadMeter,
): Promise<Unexplained[]> {
  const periodOfDifference = ({ periodMs }: Difference) => ({
    sinceMs: periodMs,
    untilMs: periodMs + range.periodSeconds * 1000,
  });
  const missing = lostEvents === 0 ? [] : differences.filter(({ accepted, rows }) => accepted > rows);
  const surplus = differences.filter(({ accepted, rows }) => rows > accepted);
  const named: Unexplained[] = missing.map((one) => ({
    what: 'events_lost',
    source: one.source,
    period: periodOfDifference(one),
    count: one.accepted - one.rows,
    eventIds: [],
    isCut: false,
  }));
  for (const [i, one] of surplus.entries()) {
    const period = periodOfDifference(one);
    const source = known.find(({ key }) => key === one.source);
    const ids = source === undefined || i >= periodsMax ? undefined : await rowsOf(environment, source, period, meter);
    named.push({
      what: 'rows_not_counted',
      source: one.source,
      period,
      count: one.rows - one.accepted - Math.min(one.rows - one.accepted, one.unansweredMax),
      eventIds: ids ?? [],
      isCut: ids === undefined || ids.length === idsMax,
    });
  }
  if (lostActions === 0) return named;
  for (const [source, executions] of Map.groupBy(waiting, (one) => one.source))
    named.push({
      what: 'actions_lost',
      source,
      count: Math.min(lostActions, executions.length),
      eventIds: [...new Set(executions.map(({ eventId }) => eventId))],
      isCut: false,
    });
  return named;
}

/** Ids of events with a row, without those of forced replays and test runs, which ingest never sees. */
async function rowsOf(
  { documents, outputs }: RowTables,
  { key, shards }: KnownSource,
  { sinceMs, untilMs }: { sinceMs: number; untilMs: number },
  meter: ReadMeter,
): Promise<string[]> {
  const ids: string[] = [];
  for (const dayMs of daysNewestFirst(sinceMs, untilMs - 1)) {
    for (let shard = 0; shard < shards; shard++) {
      const rows = queryItems(
        documents,
        {
          TableName: outputs.EventLogTable,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: {
            ':pk': eventPartition(key, dayMs, shard),
            ':from': lowestIdAt(sinceMs),
            ':to': lowestIdAt(untilMs),
          },
          ProjectionExpression: 'sk, replay_of, event_type',
          ConsistentRead: true,
          ReturnConsumedCapacity: 'TOTAL',
        },
        ({ ConsumedCapacity }) => {
          meter.requests++;
          meter.units += ConsumedCapacity?.CapacityUnits ?? 0;
        },
      );
      for await (const row of rows) {
        if (!isUncounted(key, row)) ids.push(String(row.sk));
        if (ids.length === idsMax) return ids;
      }
    }
  }
  return ids.sort();
}
