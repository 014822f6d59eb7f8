import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import {
  entryFromItem,
  eventItemKey,
  eventPartition,
  problemBuckets,
  problemPartition,
  userBuckets,
  userPartition,
} from '../../adapters/dynamodb-event-log.ts';
import { getEach } from '../../adapters/dynamodb-get-each.ts';
import { eventIdMayBeFrom } from '../../core/ids/event-id.ts';
import type { EventLogEntry, EventStatus } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { idRange, latestMs } from '../tables/id-range.ts';
import { dayByDay, daysNewestFirst, inChunks, mergeNewestFirst, take } from '../tables/newest-first.ts';
import { baseKey, type Item, queryItems } from '../tables/tables.ts';

export type EventLogTable = { client: DynamoDBDocumentClient; table: string };

export function eventLogOf({ documents, outputs }: Environment): EventLogTable {
  return { client: documents, table: outputs.EventLogTable };
}

export type EventFilter = {
  sources: KnownSource[];
  /** Both ends belong to the range. */
  sinceMs: number;
  untilMs: number;
  eventType?: string;
  /** Any of these; absent: all. */
  statuses?: readonly EventStatus[];
  userId?: string;
  /** The vendor's number of one run of a sync. */
  syncRunId?: string;
  /** Goes on behind this event: only older ones. */
  after?: string;
  /** How many are wanted: the size of the pages that are read. */
  limit: number;
};

/**
 * Events, newest first, read in the cheapest way for the filter: rejected and failed ones from
 * index `problems`, one user's from index `users`, all others from the partitions of the sources.
 * Never a scan.
 */
export function listEvents(log: EventLogTable, filter: EventFilter): Promise<EventLogEntry[]> {
  return take(matching(candidates(log, filter), filter), filter.limit);
}

/** The same, one by one, for readers that decide at each row whether they need another. */
export function eventsNewestFirst(log: EventLogTable, filter: EventFilter): AsyncGenerator<EventLogEntry> {
  return matching(candidates(log, filter), filter);
}

function candidates(log: EventLogTable, filter: EventFilter): AsyncIterable<EventLogEntry> {
  if (filter.userId !== undefined) return wholeRows(log, keysOfUser(log, filter.userId, filter));
  const problems = filter.statuses?.filter(isProblem);
  if (problems !== undefined && problems.length === filter.statuses?.length)
    return wholeRows(log, keysOfProblems(log, problems, filter));
  return rowsOfSources(log, filter);
}

async function* matching(rows: AsyncIterable<EventLogEntry>, filter: EventFilter): AsyncGenerator<EventLogEntry> {
  const sources = new Set(filter.sources.map(({ key }) => key));
  for await (const row of rows) {
    if (!sources.has(row.source)) continue;
    if (row.id === filter.after) continue;
    if (filter.eventType !== undefined && row.eventType !== filter.eventType) continue;
    if (filter.statuses !== undefined && !filter.statuses.includes(row.status)) continue;
    if (filter.syncRunId !== undefined && row.syncRunId !== filter.syncRunId) continue;
    yield row;
  }
}

const idOfItem = (item: Item) => String(item.sk);

type Range = Pick<EventFilter, 'sinceMs' | 'untilMs' | 'after'>;

/** The ids of a range. Both ends belong to it, so that `after` is read once more. */
function idBounds(range: Range) {
  const { from, to } = idRange(range);
  return { ':from': from, ':to': to };
}

const daysOf = (range: Range) => daysNewestFirst(range.sinceMs, latestMs(range));

async function* rowsOfSources(log: EventLogTable, filter: EventFilter): AsyncGenerator<EventLogEntry> {
  const { syncRunId } = filter;
  const items = dayByDay(
    daysOf(filter),
    (dayMs) =>
      filter.sources.flatMap((source) =>
        Array.from({ length: source.shards }, (_, shard) =>
          queryItems(log.client, {
            TableName: log.table,
            KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
            ExpressionAttributeValues: {
              ':pk': eventPartition(source.key, dayMs, shard),
              ...idBounds(filter),
              ...(syncRunId !== undefined && { ':run': syncRunId }),
            },
            ScanIndexForward: false,
            ConsistentRead: true,
            ...(syncRunId !== undefined
              ? // Whole pages, of which the rows of other runs stay where they are.
                { FilterExpression: 'sync_run_id = :run' }
              : // A page about as long as the answer, within limits: a filter may need more rows, a
                // first screen fewer.
                { Limit: Math.min(Math.max(filter.limit, 10), 500) }),
          }),
        ),
      ),
    idOfItem,
  );
  for await (const item of items) yield entryFromItem(item);
}

type ProblemStatus = 'rejected' | 'failed';
const isProblem = (status: EventStatus): status is ProblemStatus => status === 'rejected' || status === 'failed';

function keysOfProblems(log: EventLogTable, statuses: ProblemStatus[], range: Range): AsyncIterable<Item> {
  return dayByDay(
    daysOf(range),
    (dayMs) =>
      statuses.flatMap((status) =>
        Array.from({ length: problemBuckets }, (_, bucket) =>
          indexItems(log, 'problems', 'problem', problemPartition(status, dayMs, bucket), range),
        ),
      ),
    idOfItem,
  );
}

function keysOfUser(log: EventLogTable, userId: string, range: Range): AsyncIterable<Item> {
  return mergeNewestFirst(
    Array.from({ length: userBuckets }, (_, bucket) =>
      indexItems(log, 'users', 'user_bucket', userPartition(userId, bucket), range),
    ),
    idOfItem,
  );
}

function indexItems(log: EventLogTable, IndexName: string, attribute: string, partition: string, range: Range) {
  return queryItems(log.client, {
    TableName: log.table,
    IndexName,
    KeyConditionExpression: '#partition = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeNames: { '#partition': attribute },
    ExpressionAttributeValues: { ':pk': partition, ...idBounds(range) },
    ScanIndexForward: false,
  });
}

async function* wholeRows(log: EventLogTable, keys: AsyncIterable<Item>): AsyncGenerator<EventLogEntry> {
  for await (const chunk of inChunks(keys, 50)) {
    const items = await getEach(log.client, chunk.map(baseKey), { table: log.table, what: 'reading events' });
    // Absent: the row aged out, but the index still had it.
    for (const item of items) if (item !== undefined) yield entryFromItem(item);
  }
}

/** The sources that an event id can belong to: nearly always one. */
export function sourcesOfId(id: string, sources: KnownSource[]): KnownSource[] {
  return sources.filter(({ key }) => eventIdMayBeFrom(id, key));
}

/**
 * One event's row; undefined when there is none: not processed yet, aged out, or never an event of
 * these sources.
 */
export async function readEvent(
  log: EventLogTable,
  id: string,
  sources: KnownSource[],
): Promise<EventLogEntry | undefined> {
  const answers = await Promise.all(
    sourcesOfId(id, sources).map(({ key }) =>
      log.client.send(new GetCommand({ TableName: log.table, Key: eventItemKey(id, key), ConsistentRead: true })),
    ),
  );
  const item = answers.find(({ Item }) => Item !== undefined)?.Item;
  return item && entryFromItem(item);
}

/** Rows of several events, by id; those without a row are absent. In batches of 100. */
export async function readEvents(
  log: EventLogTable,
  ids: readonly string[],
  sources: KnownSource[],
): Promise<Map<string, EventLogEntry>> {
  const keys = ids.flatMap((id) => sourcesOfId(id, sources).map(({ key }) => eventItemKey(id, key)));
  const items = await getEach(log.client, keys, { table: log.table, what: 'reading events' });
  return new Map(
    items.flatMap((item) => (item === undefined ? [] : [[String(item.sk), entryFromItem(item)] as const])),
  );
}
