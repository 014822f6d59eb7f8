import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import {
  type EventFacts,
  entryFromItem,
  eventItemKey,
  eventPartition,
  factAttributes,
  factsFromItem,
  isProblem,
  problemBuckets,
  problemPartition,
  userBuckets,
  userPartition,
} from '../../adapters/dynamodb-event-log.ts';
import { getEach } from '../../adapters/dynamodb-get-each.ts';
import { eventIdMayBeFrom } from '../../core/ids/event-id.ts';
import {
  type EventLogEntry,
  type EventReason,
  type EventStatus,
  statusOfReason,
} from '../../core/logs/event-log-entry.ts';
import type { Environment, StackOutputs } from '../environment.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { type IdRange, idRange, latestMs } from '../tables/id-range.ts';
import { daysNewestFirst, mapped, take } from '../tables/newest-first.ts';
import {
  type Found,
  foundByDay,
  foundInChunks,
  foundItems,
  mergeFound,
  pageRowsMax,
  type Reading,
  reading,
  rowsOf,
} from '../tables/reading.ts';
import { baseKey, type Item } from '../tables/tables.ts';

export type EventLogTable = { client: DynamoDBDocumentClient; table: string };

/** What it takes of an environment. */
export type WithEventLog = Pick<Environment, 'documents'> & { outputs: Pick<StackOutputs, 'EventLogTable'> };

export function eventLogOf({ documents, outputs }: WithEventLog): EventLogTable {
  return { client: documents, table: outputs.EventLogTable };
}

/** The facts of an event's row by which events are found. An absent one: any. */
export type EventFilter = {
  eventType?: string;
  /** Any of these. */
  statuses?: readonly EventStatus[];
  reasons?: readonly EventReason[];
  userId?: string;
  /** The idempotency key: the vendor's message id. */
  key?: string;
  /** The configuration version that processed it. */
  configVersion?: number;
  /** The vendor's number of one run of a sync. */
  syncRunId?: string;
  /** Processed, or changed, later than this. */
  processedAfterMs?: number;
};

export type EventRange = IdRange & {
  sources: KnownSource[];
  /** How many are wanted: the size of the pages that are read. */
  limit: number;
};

/**
 * Events, newest first, read in the cheapest way for the filter: rejected and failed ones from
 * index `problems`, one user's from index `users`, all others from the partitions of the sources.
 * Never a scan.
 */
export function listEvents(log: EventLogTable, filter: EventFilter & EventRange): Promise<EventLogEntry[]> {
  return take(eventsNewestFirst(log, filter), filter.limit);
}

/** The same, one by one, for readers that decide at each row whether they need another. */
export function eventsNewestFirst(log: EventLogTable, filter: EventFilter & EventRange): AsyncGenerator<EventLogEntry> {
  return rowsOf(findEvents(log, filter, reading()));
}

/** The same as far as a limited reading goes. */
export function findEvents(
  log: EventLogTable,
  filter: EventFilter & EventRange,
  progress: Reading,
): AsyncGenerator<Found<EventLogEntry>> {
  return findRows(log, filter, progress, whole);
}

/**
 * Only what rows are counted by, which is a third to send. Failed and rejected events are counted in
 * the index alone.
 */
export function findEventFacts(
  log: EventLogTable,
  filter: Omit<EventFilter, 'key' | 'processedAfterMs'> & EventRange,
  progress: Reading,
): AsyncGenerator<Found<EventFacts>> {
  return findRows(log, filter, progress, facts);
}

/** How much of a row is read. */
type Shape<Row extends EventFacts> = {
  fromItem(item: Item): Row;
  /** Absent: all. */
  attributes?: readonly string[];
  /** From a row of index `problems`; absent: the row itself is read. */
  fromProblem?(item: Item): Row;
};

const whole: Shape<EventLogEntry> = { fromItem: entryFromItem };
const facts: Shape<EventFacts> = {
  fromItem: factsFromItem,
  attributes: factAttributes,
  fromProblem: (item) => factsFromItem({ ...item, status: String(item.problem).split('#', 1)[0] }),
};

async function* findRows<Row extends EventFacts>(
  log: EventLogTable,
  filter: EventFilter & EventRange,
  progress: Reading,
  shape: Shape<Row>,
): AsyncGenerator<Found<Row>> {
  const sources = new Set(filter.sources.map(({ key }) => key));
  for await (const found of candidates(log, filter, progress, shape)) {
    const { id, row } = found;
    if (row === undefined) yield found;
    else if (id !== filter.after && sources.has(row.source) && matchesEvent(row, filter)) yield found;
  }
}

export function matchesEvent(
  row: EventFacts & Partial<Pick<EventLogEntry, 'key' | 'processedAtMs'>>,
  filter: EventFilter,
): boolean {
  const is = <Value>(wanted: Value | undefined, value: Value | undefined) => wanted === undefined || wanted === value;
  const isOneOf = <Value>(wanted: readonly Value[] | undefined, value: Value | undefined) =>
    wanted === undefined || (value !== undefined && wanted.includes(value));
  // A reason finds what is open; what was discarded is found by that status.
  const isOpen = filter.reasons === undefined || filter.statuses !== undefined || row.status !== 'discarded';
  const { processedAfterMs } = filter;
  return (
    isOpen &&
    (processedAfterMs === undefined || (row.processedAtMs ?? 0) > processedAfterMs) &&
    is(filter.eventType, row.eventType) &&
    isOneOf(filter.statuses, row.status) &&
    isOneOf(filter.reasons, row.reason) &&
    is(filter.userId, row.userId) &&
    is(filter.key, row.key) &&
    is(filter.configVersion, row.configVersion) &&
    is(filter.syncRunId, row.syncRunId)
  );
}

function candidates<Row extends EventFacts>(
  log: EventLogTable,
  filter: EventFilter & EventRange,
  progress: Reading,
  shape: Shape<Row>,
): AsyncGenerator<Found<Row>> {
  if (filter.userId !== undefined) return rowsOfKeys(log, keysOfUser(log, filter.userId, filter, progress), shape);
  const statuses = filter.statuses ?? filter.reasons?.map((reason) => statusOfReason[reason]);
  const problems = [...new Set(statuses?.filter(isProblem))];
  if (statuses === undefined || problems.length !== new Set(statuses).size)
    return rowsOfSources(log, filter, progress, shape);
  const keys = keysOfProblems(log, problems, filter, progress);
  // The index does not hold these.
  const isInIndex = filter.configVersion === undefined && filter.syncRunId === undefined;
  const { fromProblem } = shape;
  if (fromProblem === undefined || !isInIndex) return rowsOfKeys(log, keys, shape);
  return mapped(keys, ({ id, row }) => ({ id, ...(row && { row: fromProblem(row) }) }));
}

/** The ids of a range. Both ends belong to it, so that `after` is read once more. */
function idBounds(range: IdRange) {
  const { from, to } = idRange(range);
  return { ':from': from, ':to': to };
}

const daysOf = (range: IdRange) => daysNewestFirst(range.sinceMs, latestMs(range));

/** The first page is about as long as the answer. */
const firstPage = (limit: number, rowsMin: number) => Math.min(Math.max(limit, rowsMin), pageRowsMax);

async function* rowsOfSources<Row extends EventFacts>(
  log: EventLogTable,
  filter: EventFilter & EventRange,
  progress: Reading,
  { fromItem, attributes }: Shape<Row>,
): AsyncGenerator<Found<Row>> {
  const { names, values, conditions } = tableConditions(filter);
  if (attributes) for (const name of attributes) names[`#${name}`] = name;
  const isFiltered = conditions.length > 0;
  const found = foundByDay(
    daysOf(filter),
    (dayMs) =>
      filter.sources.flatMap((source) =>
        Array.from({ length: source.shards }, (_, shard) =>
          foundItems(
            log.client,
            {
              TableName: log.table,
              KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
              ...(isFiltered && { FilterExpression: conditions.join(' AND ') }),
              ...(attributes && {
                ProjectionExpression: ['pk', 'sk', ...attributes.map((name) => `#${name}`)].join(', '),
              }),
              ...((isFiltered || attributes) && { ExpressionAttributeNames: names }),
              ExpressionAttributeValues: {
                ':pk': eventPartition(source.key, dayMs, shard),
                ...idBounds(filter),
                ...values,
              },
              ScanIndexForward: false,
              // A search may miss what is written while it reads, and so costs half.
              ConsistentRead: !isFiltered,
              Limit: firstPage(filter.limit, isFiltered ? 100 : 10),
            },
            progress,
          ),
        ),
      ),
    progress,
  );
  for await (const { id, row } of found) yield row === undefined ? { id } : { id, row: fromItem(row) };
}

/**
 * What the table itself can leave out, so that it is not sent. Packed rows hold their key packed, so
 * all of them are sent where a key is looked for.
 */
function tableConditions({
  eventType,
  statuses,
  reasons,
  key,
  configVersion,
  syncRunId,
  processedAfterMs,
}: EventFilter) {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  const conditions: string[] = [];
  const placeholder = (value: unknown) => {
    const name = `:v${Object.keys(values).length}`;
    values[name] = value;
    return name;
  };
  const isOneOf = (attribute: string, wanted: readonly unknown[] | undefined) => {
    if (wanted === undefined) return;
    names[`#${attribute}`] = attribute;
    conditions.push(`#${attribute} IN (${wanted.map(placeholder).join(', ')})`);
  };
  isOneOf('event_type', eventType === undefined ? undefined : [eventType]);
  isOneOf('status', statuses);
  isOneOf('reason', reasons);
  isOneOf('config_version', configVersion === undefined ? undefined : [configVersion]);
  isOneOf('sync_run_id', syncRunId === undefined ? undefined : [syncRunId]);
  if (processedAfterMs !== undefined) {
    names['#processed_at'] = 'processed_at';
    conditions.push(`#processed_at > ${placeholder(new Date(processedAfterMs).toISOString())}`);
  }
  if (key !== undefined) {
    Object.assign(names, { '#key': 'key', '#packed': 'packed' });
    conditions.push(`(#key = ${placeholder(key)} OR attribute_exists(#packed))`);
  }
  return { names, values, conditions };
}

/** The index holds type, source and reason, so that other rows are not read whole. */
async function* keysOfProblems(
  log: EventLogTable,
  statuses: EventStatus[],
  filter: EventFilter & EventRange,
  progress: Reading,
): AsyncGenerator<Found<Item>> {
  const found = foundByDay(
    daysOf(filter),
    (dayMs) =>
      statuses.flatMap((status) =>
        Array.from({ length: problemBuckets }, (_, bucket) =>
          indexItems(log, 'problems', 'problem', problemPartition(status, dayMs, bucket), filter, progress),
        ),
      ),
    progress,
  );
  const sources = new Set(filter.sources.map(({ key }) => key));
  for await (const one of found) {
    const { row } = one;
    if (row === undefined) yield one;
    else if (!sources.has(String(row.source))) continue;
    else if (filter.eventType !== undefined && row.event_type !== filter.eventType) continue;
    else if (filter.reasons !== undefined && !filter.reasons.some((reason) => reason === row.reason)) continue;
    else yield one;
  }
}

function keysOfUser(
  log: EventLogTable,
  userId: string,
  range: EventRange,
  progress: Reading,
): AsyncGenerator<Found<Item>> {
  return mergeFound(
    Array.from({ length: userBuckets }, (_, bucket) =>
      indexItems(log, 'users', 'user_bucket', userPartition(userId, bucket), range, progress),
    ),
  );
}

function indexItems(
  log: EventLogTable,
  IndexName: string,
  attribute: string,
  partition: string,
  range: EventRange,
  progress: Reading,
) {
  return foundItems(
    log.client,
    {
      TableName: log.table,
      IndexName,
      KeyConditionExpression: '#partition = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#partition': attribute },
      ExpressionAttributeValues: { ':pk': partition, ...idBounds(range) },
      ScanIndexForward: false,
      Limit: firstPage(range.limit, 25),
    },
    progress,
  );
}

async function* rowsOfKeys<Row extends EventFacts>(
  log: EventLogTable,
  keys: AsyncIterable<Found<Item>>,
  { fromItem, attributes }: Shape<Row>,
): AsyncGenerator<Found<Row>> {
  for await (const chunk of foundInChunks(keys, 50)) {
    if ('end' in chunk) {
      yield { id: chunk.end };
      continue;
    }
    const items = await getEach(log.client, chunk.rows.map(baseKey), {
      table: log.table,
      what: 'reading events',
      ...(attributes && { attributes: [...attributes] }),
    });
    // Absent: the row aged out, but the index still had it.
    for (const item of items) if (item !== undefined) yield { id: String(item.sk), row: fromItem(item) };
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
