import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { retentionDaysMin } from '../core/configuration/schema.ts';
import { defined } from '../core/defined.ts';
import { eventIdShard, eventIdTimeMs, utcDay } from '../core/ids/event-id.ts';
import type { EventLogEntry, EventStatus } from '../core/logs/event-log-entry.ts';
import type { EventLog } from '../ports/event-log.ts';
import { indexPartition, putEach, type TableItem, tableError, writeIf } from './dynamodb.ts';

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

/** Partition of index `problems`: rejected or failed events of a day. */
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

export function itemFromEntry(
  entry: EventLogEntry,
  { retentionDays, usersIndex }: Omit<EventLogOptions, 'client' | 'table'>,
): TableItem {
  const isProblem = entry.status === 'rejected' || entry.status === 'failed';
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
    received_at: new Date(entry.receivedAtMs).toISOString(),
    processed_at: new Date(entry.processedAtMs).toISOString(),
    batch_index: entry.batchIndex,
    replay_of: entry.replayOf,
    preprocess_ms: entry.preprocessMs,
    preprocess_error: entry.preprocessError,
    payload: entry.payload,
    expires_at: rowExpiresAtSeconds(
      { receivedAtMs: entry.receivedAtMs, changedAtMs: entry.processedAtMs },
      entry.retentionDays ?? retentionDays,
    ),
    ...(isProblem && {
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
    source: String(item.source),
    status: item.status as EventStatus,
    verification: String(item.verification),
    actionsPlanned: Number(item.actions_planned),
    receivedAtMs: Date.parse(String(item.received_at)),
    processedAtMs: Date.parse(String(item.processed_at)),
    ...defined({
      eventType: text('event_type'),
      userId: text('user_id'),
      key: text('key'),
      reason: text('reason') as EventLogEntry['reason'],
      detail: text('detail'),
      execution: text('execution'),
      duplicateOf: text('duplicate_of'),
      configVersion: number('config_version'),
      batchIndex: number('batch_index'),
      replayOf: text('replay_of'),
      preprocessMs: number('preprocess_ms'),
      preprocessError: text('preprocess_error'),
    }),
    payload: item.payload as Uint8Array,
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

    async writeFailed(entry) {
      const earlier = await readFailed(entry);
      return writeIf(
        client.send(
          new PutCommand({
            TableName: table,
            Item: itemFromEntry({ ...entry, ...earlier }, options),
            ConditionExpression: 'attribute_not_exists(pk) OR #status = :failed',
            ExpressionAttributeNames: { '#status': 'status' },
            ExpressionAttributeValues: { ':failed': 'failed' },
          }),
        ),
        'writing a failed row',
      );
    },
  };

  /** An earlier `failed` row keeps these: the first explanation is nearest to the cause. */
  async function readFailed(entry: EventLogEntry): Promise<Partial<EventLogEntry>> {
    const { Item } = await client
      .send(new GetCommand({ TableName: table, Key: eventItemKey(entry.id, entry.source), ConsistentRead: true }))
      .catch((error) => {
        throw tableError(error, 'reading an event row');
      });
    if (Item?.status !== 'failed') return {};
    const { eventType, userId, key, reason, detail, execution, configVersion } = entryFromItem(Item);
    return defined({ eventType, userId, key, reason, detail, execution, configVersion });
  }
}
