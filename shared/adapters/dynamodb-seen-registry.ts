import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { defined } from '../core/defined.ts';
import { OldCredential } from '../core/events/raw-event.ts';
import { eventIdShard, eventIdTimeMs } from '../core/ids/event-id.ts';
import type { SeenEvent, SeenRegistry } from '../ports/seen-registry.ts';
import { putEach, writeIf } from './dynamodb.ts';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';

/**
 * The most event types remembered per source, so that a sender that puts ids into event names
 * cannot fill the table.
 */
export const eventTypesMax = 1000;
/**
 * A type that was not seen for this long gives its place to a new one, so that old types do not
 * fill the list for ever.
 */
export const eventTypeKeptMs = 24 * 3_600_000;
const refreshAfterMs = 3_600_000;
/**
 * More often, since an operator waits for it; and only while a sender still uses an old URL or key.
 */
const oldCredentialRefreshAfterMs = 5 * 60_000;

type SourceSeen = {
  /** When this process last recorded a type. */
  types: Map<string, number>;
  /** Every type in the table, with the time when it was last seen. */
  known: Map<string, number>;
  notedAtMs: number;
  shards: number;
  oldNotedAtMs: Map<OldCredential, number>;
};

export function makeSeenRegistry(table: ConfigurationTable): SeenRegistry {
  const sources = new Map<string, SourceSeen>();

  async function seenOf(source: string): Promise<SourceSeen> {
    let seen = sources.get(source);
    if (seen === undefined) {
      // Reads the table's types once per process and source, so that the limit holds across
      // processes.
      const entries = await listEventTypes(table, source);
      const known = new Map(entries.map(({ eventType, lastSeenAtMs }) => [eventType, lastSeenAtMs]));
      seen = { types: new Map(), known, notedAtMs: Number.NEGATIVE_INFINITY, shards: 0, oldNotedAtMs: new Map() };
      sources.set(source, seen);
    }
    return seen;
  }

  return {
    async note(events, nowMs) {
      for (const [source, ofSource] of Map.groupBy(events, (event) => event.source)) {
        const seen = await seenOf(source);
        await noteTypes(table, source, seen, ofSource, nowMs);
        await noteSource(table, source, seen, ofSource, nowMs);
        for (const credential of OldCredential.options) await noteOld(table, source, seen, ofSource, credential, nowMs);
      }
    },
  };
}

type Seen = Omit<SeenEvent, 'source'>;

const isStorableType = (eventType: string) => Buffer.byteLength(eventType) <= 1024 && eventType.isWellFormed();

async function noteTypes(table: ConfigurationTable, source: string, seen: SourceSeen, events: Seen[], nowMs: number) {
  const due = new Map<string, string>();
  for (const { eventType, eventId } of events) {
    // A type that is empty, too long or not valid Unicode cannot be a key. Its events are still in
    // the log.
    if (eventType === undefined || eventType === '' || !isStorableType(eventType)) continue;
    const notedAtMs = seen.types.get(eventType);
    if (notedAtMs !== undefined && nowMs - notedAtMs < refreshAfterMs) continue;
    if (!seen.known.has(eventType) && !(await makeRoom(table, source, seen, nowMs))) continue;
    seen.known.set(eventType, nowMs);
    due.set(eventType, eventId);
  }
  if (due.size === 0) return;
  const errors = await putEach(
    table.client,
    [...due].map(([eventType, eventId]) => ({
      table: table.table,
      item: {
        pk: `event-types#${source}`,
        sk: eventType,
        last_seen_at: new Date(eventIdTimeMs(eventId)).toISOString(),
        sample_event_id: eventId,
      },
    })),
  );
  for (const [i, eventType] of [...due.keys()].entries()) if (errors[i] === undefined) seen.types.set(eventType, nowMs);
}

/** @returns false when every type in the list was seen lately */
async function makeRoom(table: ConfigurationTable, source: string, { known }: SourceSeen, nowMs: number) {
  if (known.size < eventTypesMax) return true;
  const [oldest, seenAtMs] = [...known].reduce((a, b) => (b[1] < a[1] ? b : a));
  if (nowMs - seenAtMs < eventTypeKeptMs) return false;
  // If another process has seen it since, it is in the list again within the hour.
  await table.client.send(
    new DeleteCommand({ TableName: table.table, Key: { pk: `event-types#${source}`, sk: oldest } }),
  );
  known.delete(oldest);
  return true;
}

async function noteSource(table: ConfigurationTable, source: string, seen: SourceSeen, events: Seen[], nowMs: number) {
  const shards = Math.max(...events.map(({ eventId }) => eventIdShard(eventId) + 1));
  if (shards <= seen.shards && nowMs - seen.notedAtMs < refreshAfterMs) return;
  const newest = Math.max(...events.map(({ eventId }) => eventIdTimeMs(eventId)));
  const moreShards = shards > seen.shards;
  // Refused: another process has seen something newer, or more shards, already.
  await writeIf(
    table.client.send(
      new UpdateCommand({
        TableName: table.table,
        Key: { pk: 'sources', sk: source },
        UpdateExpression: `SET last_event_at = :at${moreShards ? ', log_shards_ever = :shards' : ''}`,
        // Readers of the log look at every shard that was ever used, so the number never shrinks.
        ...(moreShards && {
          ConditionExpression: 'attribute_not_exists(log_shards_ever) OR log_shards_ever <= :shards',
        }),
        ExpressionAttributeValues: { ':at': new Date(newest).toISOString(), ...(moreShards && { ':shards': shards }) },
      }),
    ),
    'noting when a source was last seen',
  );
  seen.shards = Math.max(seen.shards, shards);
  seen.notedAtMs = nowMs;
}

const usedAtAttribute = { url: 'previous_url_used_at', key: 'previous_key_used_at' } as const;

async function noteOld(
  table: ConfigurationTable,
  source: string,
  seen: SourceSeen,
  events: Seen[],
  credential: OldCredential,
  nowMs: number,
) {
  const used = events.filter(({ oldCredentials }) => oldCredentials?.includes(credential));
  const notedAtMs = seen.oldNotedAtMs.get(credential) ?? Number.NEGATIVE_INFINITY;
  if (used.length === 0 || nowMs - notedAtMs < oldCredentialRefreshAfterMs) return;
  const usedAtMs = Math.max(...used.map(({ eventId }) => eventIdTimeMs(eventId)));
  // Refused: another process has seen something newer, or more shards, already.
  await writeIf(
    table.client.send(
      new UpdateCommand({
        TableName: table.table,
        Key: { pk: 'sources', sk: source },
        UpdateExpression: 'SET #used = :at',
        ConditionExpression: 'attribute_not_exists(#used) OR #used < :at',
        ExpressionAttributeNames: { '#used': usedAtAttribute[credential] },
        ExpressionAttributeValues: { ':at': new Date(usedAtMs).toISOString() },
      }),
    ),
    'noting when a source was last seen',
  );
  seen.oldNotedAtMs.set(credential, nowMs);
}

export type SourceRegistryEntry = {
  source: string;
  lastEventAtMs: number;
  logShardsEver: number;
  /** When an event last came in by the old URL, or by a URL of the old ingest key, to 5 minutes. */
  previousUrlUsedAtMs?: number;
  previousKeyUsedAtMs?: number;
};

/**
 * Every source that ever had an event here, removed ones included: their rows are still in the log.
 */
export async function listSourceRegistry(table: ConfigurationTable): Promise<SourceRegistryEntry[]> {
  const items = await queryAll(table, 'sources');
  return items.map((item) => ({
    source: String(item.sk),
    lastEventAtMs: Date.parse(String(item.last_event_at)),
    logShardsEver: Number(item.log_shards_ever ?? 1),
    ...defined({
      previousUrlUsedAtMs: timeOf(item.previous_url_used_at),
      previousKeyUsedAtMs: timeOf(item.previous_key_used_at),
    }),
  }));
}

function timeOf(text: unknown): number | undefined {
  return typeof text === 'string' ? Date.parse(text) : undefined;
}

export type EventTypeEntry = { eventType: string; lastSeenAtMs: number; sampleEventId: string };

export async function listEventTypes(table: ConfigurationTable, source: string): Promise<EventTypeEntry[]> {
  const items = await queryAll(table, `event-types#${source}`);
  return items.map((item) => ({
    eventType: String(item.sk),
    lastSeenAtMs: Date.parse(String(item.last_seen_at)),
    sampleEventId: String(item.sample_event_id),
  }));
}
