import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { retentionDaysMin } from '../core/configuration/retention.ts';
import { defined } from '../core/defined.ts';
import { compressEvent, decompressEvent } from '../core/events/raw-event.ts';
import { eventIdShard, eventIdTimeMs, utcDay } from '../core/ids/event-id.ts';
import { writeUnits } from '../core/json/item-bytes.ts';
import type { Discard } from '../core/logs/discard.ts';
import type { EventLogEntry, EventStatus } from '../core/logs/event-log-entry.ts';
import type { EventLog } from '../ports/event-log.ts';
import { indexPartition, putEach, type TableItem, tableError, writeIf } from './dynamodb.ts';
import { packText, unpackText } from './packed-text.ts';

/** The number of partitions for a day's problems, and for a user's events. */
export const problemBuckets = 8;
export const userBuckets = 4;

/**
 * `pk = {source}#{yyyymmdd}#{shard}`, `sk = event id`: the whole key follows from the id and its
 * source.
 */
export function eventItemKey(eventId: string, source: string): { pk: string; sk: string } {
  return { pk: eventPartition(source, eventIdTimeMs(eventId), eventIdShard(eventId)), sk: eventId };
}

export function eventPartition(source: string, timeMs: number, shard: number): string {
  return `${source}#${utcDay(timeMs)}#${shard}`;
}

/** Partition of index `problems`: rejected, failed, held or discarded events of a day. */
export function problemPartition(status: string, timeMs: number, bucket: number): string {
  return `${status}#${utcDay(timeMs)}#${bucket}`;
}

/** Partition of index `users`. */
export function userPartition(userId: string, bucket: number): string {
  return `${userId}#${bucket}`;
}

/** The bucket depends only on the id, so writing a row twice does not index it twice. */
export function bucketOf(id: string, buckets: number): number {
  // The last random character, before the shard.
  return id.charCodeAt(id.length - 2) % buckets;
}

export type EventLogOptions = {
  client: DynamoDBDocumentClient;
  table: string;
  /** For rows of sources that set none themselves. */
  retentionDays: number;
  /** Whether rows can be found by user; costs one write unit each. */
  usersIndex: boolean;
};

type RowOptions = Omit<EventLogOptions, 'client' | 'table'>;

/**
 * The row as an item, in its compact form if that takes fewer write units. The plain form is the
 * rule, since every version reads it. Rows that may run again always have it: those that failed or
 * were rejected.
 */
export function itemFromEntry(entry: EventLogEntry, options: RowOptions): TableItem {
  const item = plainItem(entry, options);
  const units = writeUnits(item);
  if (units === 1 || isProblem(entry.status) || entry.payload.length > compactPayloadBytesMax) return item;
  const compact = compactItem(item, entry);
  return compact !== undefined && writeUnits(compact) < units ? compact : item;
}

/** A longer event has words enough of its own, and a dictionary's would save little of it. */
const compactPayloadBytesMax = 8 * 1024;

/**
 * Leaves out what the key says: source, receipt, and the execution where it is the event's own.
 * `packed` has the event's text after a line of JSON with two more attributes: the event repeats
 * its key, and few words make all verifications.
 */
function compactItem(item: TableItem, entry: EventLogEntry): TableItem | undefined {
  const { key, verification, payload } = entry;
  const text = decompressed(payload);
  if (text === undefined) return undefined;
  const facts = Buffer.from(`${JSON.stringify({ key, verification })}\n`);
  const { source: _, received_at: __, key: ___, verification: ____, payload: _____, execution, ...rest } = item;
  return {
    ...rest,
    ...(!isOwnExecution(entry) && { execution }),
    packed: packText(Buffer.concat([facts, text]), 'events'),
  };
}

/** Every processed event has an execution. */
function isOwnExecution({ id, status, execution }: Pick<EventLogEntry, 'id' | 'status' | 'execution'>): boolean {
  return status === 'processed' && execution === id;
}

/** Source and execution of a row in either form. */
export function sourceAndExecution(item: Record<string, unknown>): Pick<EventLogEntry, 'source' | 'execution'> {
  if (item.source !== undefined)
    return { source: String(item.source), ...defined({ execution: item.execution as string | undefined }) };
  const source = String(item.pk).split('#', 1)[0] as string;
  const execution = item.execution ?? (item.status === 'processed' ? item.sk : undefined);
  return { source, ...defined({ execution: execution as string | undefined }) };
}

/** Undefined for a payload that is not an event: its row is written all the same. */
function decompressed(payload: Uint8Array): Buffer | undefined {
  try {
    return decompressEvent(payload);
  } catch {
    return undefined;
  }
}

type PackedPart = Pick<EventLogEntry, 'key' | 'verification' | 'payload'>;

/** The part of the row that `compactItem` packs. */
function packedPart(packed: Uint8Array): PackedPart {
  let text: Buffer;
  try {
    text = unpackText(packed);
  } catch {
    // A newer version wrote it. The list of events still shows the row; the event stays unreadable.
    return { verification: 'unknown', payload: packed };
  }
  const end = text.indexOf('\n');
  const { key, verification } = JSON.parse(text.subarray(0, end).toString());
  return { ...(key !== undefined && { key }), verification, payload: compressEvent(text.subarray(end + 1)) };
}

/** Rows of these statuses are found by index `problems`. */
export function isProblem(status: EventStatus): status is 'rejected' | 'failed' | 'held' | 'discarded' {
  return status === 'rejected' || status === 'failed' || status === 'held' || status === 'discarded';
}

/** An operator's mark as the logs keep it. */
export function itemFromDiscard(mark: Discard<string> | undefined): Record<string, string> | undefined {
  return mark && { was: mark.was, by: mark.by, at: new Date(mark.atMs).toISOString(), reason: mark.reason };
}

export function discardFromItem<Status extends string>(value: unknown): Discard<Status> | undefined {
  if (value === undefined) return undefined;
  const { was, by, at, reason } = value as Record<string, string>;
  return { was: was as Status, by: String(by), atMs: Date.parse(String(at)), reason: String(reason) };
}

/** The form that every version reads. */
export function plainItem(entry: EventLogEntry, { retentionDays, usersIndex }: RowOptions): TableItem {
  return {
    ...eventItemKey(entry.id, entry.source),
    source: entry.source,
    event_type: entry.eventType,
    user_id: entry.userId,
    key: entry.key,
    status: entry.status,
    reason: entry.reason,
    detail: entry.detail,
    execution: entry.execution,
    duplicate_of: entry.duplicateOf,
    config_version: entry.configVersion,
    verification: entry.verification,
    actions_planned: entry.actionsPlanned,
    executions: entry.executions,
    received_at: new Date(entry.receivedAtMs).toISOString(),
    processed_at: new Date(entry.processedAtMs).toISOString(),
    batch_index: entry.batchIndex,
    sync_id: entry.syncId,
    sync_run_id: entry.syncRunId,
    replay_of: entry.replayOf,
    replays: entry.replays === undefined ? undefined : new Set(entry.replays),
    discarded: itemFromDiscard(entry.discarded),
    preprocess_ms: entry.preprocessMs,
    preprocess_error: entry.preprocessError,
    erased_at: entry.erasedAtMs === undefined ? undefined : new Date(entry.erasedAtMs).toISOString(),
    payload: entry.payload,
    expires_at: rowExpiresAtSeconds(
      { receivedAtMs: entry.receivedAtMs, changedAtMs: entry.processedAtMs },
      entry.retentionDays ?? retentionDays,
    ),
    ...(isProblem(entry.status) && {
      problem: problemPartition(entry.status, entry.receivedAtMs, bucketOf(entry.id, problemBuckets)),
    }),
    ...(usersIndex &&
      entry.userId !== undefined && {
        user_bucket: indexPartition(userPartition(entry.userId, bucketOf(entry.id, userBuckets))),
      }),
  };
}

/**
 * When a log row ages out, epoch seconds. Retention counts from receipt. But copies are recognised
 * by the row, for a window that begins when the event is first processed, which can be days later.
 * So the row outlives the longest window, counted from its last change.
 */
export function rowExpiresAtSeconds(
  { receivedAtMs, changedAtMs }: { receivedAtMs: number; changedAtMs: number },
  retentionDays: number,
): number {
  const daysAfter = (ms: number, days: number) => Math.ceil(ms / 1000) + days * 86_400;
  return Math.max(daysAfter(receivedAtMs, retentionDays), daysAfter(changedAtMs, retentionDaysMin));
}

export function entryFromItem(item: Record<string, unknown>): EventLogEntry {
  const text = (name: string) => item[name] as string | undefined;
  const number = (name: string) => item[name] as number | undefined;
  return {
    id: String(item.sk),
    ...sourceAndExecution(item),
    status: item.status as EventStatus,
    actionsPlanned: Number(item.actions_planned),
    receivedAtMs:
      item.received_at === undefined ? eventIdTimeMs(String(item.sk)) : Date.parse(String(item.received_at)),
    processedAtMs: Date.parse(String(item.processed_at)),
    ...defined({
      eventType: text('event_type'),
      userId: text('user_id'),
      reason: text('reason') as EventLogEntry['reason'],
      detail: text('detail'),
      duplicateOf: text('duplicate_of'),
      configVersion: number('config_version'),
      batchIndex: number('batch_index'),
      syncId: text('sync_id'),
      syncRunId: text('sync_run_id'),
      replayOf: text('replay_of'),
      executions: number('executions'),
      replays: item.replays === undefined ? undefined : [...(item.replays as Set<string>)].sort(),
      discarded: discardFromItem<'rejected' | 'failed' | 'held'>(item.discarded),
      preprocessMs: number('preprocess_ms'),
      preprocessError: text('preprocess_error'),
      erasedAtMs: item.erased_at === undefined ? undefined : Date.parse(String(item.erased_at)),
    }),
    ...(item.packed === undefined
      ? {
          ...defined({ key: text('key') }),
          verification: String(item.verification),
          payload: item.payload as Uint8Array,
        }
      : packedPart(item.packed as Uint8Array)),
  };
}

/** The part of a row by which rows are counted: no text, and nothing that may be packed. */
export type EventFacts = Pick<
  EventLogEntry,
  'id' | 'source' | 'status' | 'eventType' | 'userId' | 'reason' | 'configVersion' | 'syncRunId' | 'receivedAtMs'
>;

/** Attributes that `factsFromItem` reads, besides those of the key. */
export const factAttributes = [
  'source',
  'status',
  'event_type',
  'user_id',
  'reason',
  'config_version',
  'sync_run_id',
] as const;

export function factsFromItem(item: Record<string, unknown>): EventFacts {
  const id = String(item.sk);
  return {
    id,
    source: sourceAndExecution(item).source,
    status: item.status as EventStatus,
    // An id has the time of receipt.
    receivedAtMs: eventIdTimeMs(id),
    ...defined({
      eventType: item.event_type as string | undefined,
      userId: item.user_id as string | undefined,
      reason: item.reason as EventLogEntry['reason'],
      configVersion: item.config_version as number | undefined,
      syncRunId: item.sync_run_id as string | undefined,
    }),
  };
}

export function makeEventLog(options: EventLogOptions): EventLog {
  const { client, table } = options;
  return {
    async statusOf(eventId, source) {
      const { Item } = await client
        .send(
          new GetCommand({
            TableName: table,
            Key: eventItemKey(eventId, source),
            ConsistentRead: true,
            ProjectionExpression: '#status',
            ExpressionAttributeNames: { '#status': 'status' },
          }),
        )
        .catch((error) => {
          throw tableError(error, 'reading an event row');
        });
      return Item?.status;
    },

    writeEach: (entries) =>
      putEach(
        client,
        entries.map((entry) => ({ table, item: itemFromEntry(entry, options) })),
      ),

    writeHeld: (entry) =>
      writeIf(
        client.send(
          new PutCommand({
            TableName: table,
            Item: itemFromEntry(entry, options),
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        ),
        'writing a held row',
      ),

    async writeFailed(entry) {
      const earlier = await readFailed(entry);
      const isWritten = await writeIf(
        client.send(
          new PutCommand({
            TableName: table,
            Item: itemFromEntry({ ...entry, ...earlier }, options),
            // A held event that was released can fail too.
            ConditionExpression: 'attribute_not_exists(pk) OR #status IN (:failed, :held)',
            ExpressionAttributeNames: { '#status': 'status' },
            ExpressionAttributeValues: { ':failed': 'failed', ':held': 'held' },
          }),
        ),
        'writing a failed row',
      );
      if (!isWritten) return 'final';
      return earlier === undefined ? 'written' : 'rewritten';
    },
  };

  /** An earlier `failed` row keeps these: the first explanation is nearest to the cause. */
  async function readFailed(entry: EventLogEntry): Promise<Partial<EventLogEntry> | undefined> {
    const { Item } = await client
      .send(new GetCommand({ TableName: table, Key: eventItemKey(entry.id, entry.source), ConsistentRead: true }))
      .catch((error) => {
        throw tableError(error, 'reading an event row');
      });
    if (Item?.status !== 'failed') return undefined;
    const { eventType, userId, key, reason, detail, execution, configVersion, replays } = entryFromItem(Item);
    return defined({ eventType, userId, key, reason, detail, execution, configVersion, replays });
  }
}
