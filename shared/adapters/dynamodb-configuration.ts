import { createHash } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { EnvironmentState, Snapshot } from '../core/configuration/schema.ts';
import {
  checkSnapshot,
  checkState,
  snapshotFormat,
  UnreadableConfiguration,
  type UnreadableReason,
} from '../core/configuration/unreadable.ts';
import { errorMessage, RetryableError } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';
import type { ConfigurationSource, LiveConfiguration } from '../ports/configuration.ts';
import { tableError } from './dynamodb.ts';

/**
 * The Configuration table: versioned content and per-environment state. docs/architecture.md, "Configuration".
 *
 * | pk | sk | holds |
 * |---|---|---|
 * | `current` | `current` | version, head of the history, hash of the live snapshot, state: all that functions poll |
 * | `snapshot#{hash}` | `0000`… | the compressed content, in parts that fit an item; immutable |
 * | `history` | `v00000012#{id}` | one entry per commit and state change, each naming its parent |
 * | `sources` | `{key}` | every source that was ever seen here: last event (to the hour), most log shards used |
 * | `event-types#{source}` | `{type}` | last seen (to the hour), a sample event |
 */
export type ConfigurationTable = { client: DynamoDBDocumentClient; table: string };

export type CurrentConfiguration = {
  version: number;
  /** The history entry that made this version. Absent only before the first commit. */
  head?: string;
  snapshot?: string;
  state: EnvironmentState;
};

export type HistoryEntry = {
  id: string;
  version: number;
  parent?: string;
  kind: 'commit' | 'state';
  author: string;
  message: string;
  createdAtMs: number;
  snapshot?: string;
  state: EnvironmentState;
};

const emptyState: EnvironmentState = { sources: {}, inactive_workflows: [] };
const emptySnapshot: Snapshot = { sources: {}, workflows: {}, audiences: {} };

/** @returns version 0 and nothing in it when nothing was ever committed here */
export async function readCurrent(
  { client, table }: ConfigurationTable,
  consistent = true,
): Promise<CurrentConfiguration> {
  const { Item } = await client.send(
    new GetCommand({ TableName: table, Key: { pk: 'current', sk: 'current' }, ConsistentRead: consistent }),
  );
  if (Item === undefined) return { version: 0, state: emptyState };
  return {
    version: Item.version,
    head: Item.head,
    ...(Item.snapshot && { snapshot: Item.snapshot }),
    state: Item.state,
  };
}

/** @throws UnreadableConfiguration when a part is missing, does not hash to its name, or is of a newer version */
export async function readSnapshot(table: ConfigurationTable, hash: string): Promise<Snapshot> {
  // Consistent: `current` can already name what a replica has not got yet.
  const parts = await queryAll(table, `snapshot#${hash}`, { consistent: true });
  const [first] = parts;
  if (first === undefined)
    throw new UnreadableConfiguration('snapshot_missing', `snapshot ${hash} is not in the table`);
  // Snapshots from before there were formats name none.
  const format = Number(first.format ?? 1);
  if (format > snapshotFormat)
    throw new UnreadableConfiguration(
      'snapshot_unknown',
      `snapshot ${hash} is of format ${format}; this version reads up to ${snapshotFormat}`,
    );
  const snapshot: unknown = JSON.parse(unpackSnapshot(parts, hash));
  // What was stored before there were audiences has none.
  const whole: unknown = isJsonObject(snapshot) ? { audiences: {}, ...snapshot } : snapshot;
  checkSnapshot(whole, hash);
  return whole;
}

function unpackSnapshot(parts: Record<string, unknown>[], hash: string): string {
  let text: string;
  try {
    text = brotliDecompressSync(Buffer.concat(parts.map(({ content }) => content as Uint8Array))).toString('utf8');
  } catch (error) {
    throw new UnreadableConfiguration('snapshot_damaged', `snapshot ${hash} is damaged: ${errorMessage(error)}`);
  }
  if (snapshotHash(text) === hash) return text;
  const message = `snapshot ${hash} is damaged: its content hashes to ${snapshotHash(text)}`;
  throw new UnreadableConfiguration('snapshot_damaged', message);
}

function snapshotHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

// An item holds 400 KB with its keys.
const partBytesMax = 380 * 1024;

/** Stores content under its hash; storing the same content twice changes nothing. */
export async function writeSnapshot({ client, table }: ConfigurationTable, snapshot: Snapshot): Promise<string> {
  const text = canonicalJson(snapshot);
  const hash = snapshotHash(text);
  // The highest quality would take half a minute for 100,000 mappings, to save a tenth.
  const content = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
  for (let i = 0; i * partBytesMax < content.length; i++) {
    const part = content.subarray(i * partBytesMax, (i + 1) * partBytesMax);
    await client.send(
      new PutCommand({
        TableName: table,
        Item: { pk: `snapshot#${hash}`, sk: String(i).padStart(4, '0'), format: snapshotFormat, content: part },
      }),
    );
  }
  return hash;
}

/** JSON with sorted keys: equal content has equal text, however its files were written. Lists keep their order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Two people changed the configuration at once; the second has to look again. */
export class ConfigurationConflict extends Error {
  override name = 'ConfigurationConflict';
}

export type ConfigurationChange = Pick<HistoryEntry, 'kind' | 'author' | 'message' | 'createdAtMs' | 'state'> & {
  snapshot?: string;
};

/**
 * Makes a change live: the history entry first, then one conditional Update of `current`, so that it is live at once or
 * not at all. An entry whose Update lost the race is never reached from the head and so never was history.
 * @throws ConfigurationConflict when `seen` is no longer the current version
 */
export async function goLive(
  { client, table }: ConfigurationTable,
  seen: CurrentConfiguration,
  change: ConfigurationChange,
): Promise<CurrentConfiguration> {
  const version = seen.version + 1;
  const id = `${change.createdAtMs.toString(36)}${crypto.randomUUID().slice(0, 8)}`;
  const snapshot = change.snapshot ?? seen.snapshot;
  const { createdAtMs, ...rest } = change;
  await client.send(
    new PutCommand({
      TableName: table,
      Item: {
        pk: 'history',
        sk: `${versionKey(version)}#${id}`,
        ...rest,
        id,
        version,
        parent: seen.head,
        snapshot,
        created_at: new Date(createdAtMs).toISOString(),
      },
    }),
  );
  try {
    await client.send(
      new UpdateCommand({
        TableName: table,
        Key: { pk: 'current', sk: 'current' },
        UpdateExpression: 'SET version = :next, head = :id, #snapshot = :snapshot, #state = :state, updated_at = :at',
        ConditionExpression: seen.version === 0 ? 'attribute_not_exists(pk)' : 'version = :seen',
        ExpressionAttributeNames: { '#snapshot': 'snapshot', '#state': 'state' },
        ExpressionAttributeValues: {
          ':next': version,
          ...(seen.version > 0 && { ':seen': seen.version }),
          ':id': id,
          ':snapshot': snapshot ?? null,
          ':state': change.state,
          ':at': new Date(createdAtMs).toISOString(),
        },
      }),
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') {
      throw new ConfigurationConflict(
        `somebody else changed the configuration after version ${seen.version}; look at what changed and try again`,
      );
    }
    throw error;
  }
  return { version, head: id, ...(snapshot !== undefined && { snapshot }), state: change.state };
}

const versionKey = (version: number) => `v${String(version).padStart(8, '0')}`;

/** The history entry that made a version live; undefined when there is no such version. */
export async function readHistory(table: ConfigurationTable, version: number): Promise<HistoryEntry | undefined> {
  const candidates = await historyCandidates(table, version);
  if (candidates.length < 2) return candidates[0];
  // A lost race left an entry of its own: the one that the next version, or the head, builds upon is history.
  const next = await readHistory(table, version + 1);
  const winner = next ? next.parent : (await readCurrent(table)).head;
  return candidates.find((entry) => entry.id === winner);
}

async function historyCandidates({ client, table }: ConfigurationTable, version: number): Promise<HistoryEntry[]> {
  const page = await client.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :version)',
      ExpressionAttributeValues: { ':pk': 'history', ':version': `${versionKey(version)}#` },
      ConsistentRead: true,
    }),
  );
  return (page.Items ?? []).map(historyEntryFromItem);
}

function historyEntryFromItem(item: Record<string, unknown>): HistoryEntry {
  const { id, version, parent, kind, author, message, snapshot, state } = item as HistoryEntry;
  return {
    id,
    version,
    ...(parent && { parent }),
    kind,
    author,
    message,
    createdAtMs: Date.parse(String(item.created_at)),
    ...(snapshot && { snapshot }),
    state,
  };
}

/** One past version, as functions saw it: what `why` and `events show` explain a row with. */
export async function readVersion(table: ConfigurationTable, version: number): Promise<LiveConfiguration | undefined> {
  const entry = await readHistory(table, version);
  if (entry === undefined) return undefined;
  const snapshot = entry.snapshot === undefined ? emptySnapshot : await readSnapshot(table, entry.snapshot);
  return { version, snapshot, state: entry.state };
}

/** The configuration now in force, read at once: for tools. Functions use `makeConfigurationSource`. */
export async function readLive(table: ConfigurationTable): Promise<LiveConfiguration> {
  const { version, snapshot, state } = await readCurrent(table);
  return { version, snapshot: snapshot ? await readSnapshot(table, snapshot) : emptySnapshot, state };
}

const refreshAfterMs = 15_000;
// A process that was idle, or that Lambda had frozen, would otherwise work through its first batch with what was live
// then. With the jitter of the refresh, and the time that a batch waits for the read, this keeps to 30 seconds.
const staleMaxMs = 25_000;
// A table that hangs must not hold up the events that are accepted without it.
const waitForRefreshMs = 1_000;
// A request for a URL that nobody knows costs at most this: one read a second and process, however many are sent.
const reloadAtMostEveryMs = 1_000;
// The SDK has tried four times by then, and the next refresh tries again; one that fails for this long is trouble.
const unavailableAfterMs = 5 * 60_000;

/** The live configuration could not be used; `inForce` is the version that the function goes on with, if it has one. */
export type Unreadable = { reason: UnreadableReason; error: Error; inForce: number | undefined };

export type ConfigurationSourceOptions = {
  nowMs?: () => number;
  /** Told after every try that failed, so about every 15 s and process while it lasts. */
  onUnreadable?: (unreadable: Unreadable) => void;
};

/**
 * Configuration for a function: one read of a small item about every 15 s per process (jittered, so that a thousand
 * processes do not ask at once), answered from memory meanwhile; the snapshot is fetched only when its hash changed.
 * While the table is away, or what is live cannot be read, the last good configuration stays in force as a whole.
 */
export function makeConfigurationSource(
  table: ConfigurationTable,
  { nowMs = Date.now, onUnreadable }: ConfigurationSourceOptions = {},
): ConfigurationSource {
  let live: LiveConfiguration | undefined;
  let liveHash: string | undefined;
  let refreshDueMs = 0;
  let loadedAtMs = Number.NEGATIVE_INFINITY;
  let failingSinceMs: number | undefined;
  let loading: Promise<LiveConfiguration> | undefined;

  async function load(consistent: boolean): Promise<LiveConfiguration> {
    try {
      const current = await readCurrent(table, consistent);
      if (live === undefined || current.version !== live.version) {
        checkState(current.state, current.version);
        const snapshot =
          current.snapshot === undefined
            ? emptySnapshot
            : current.snapshot === liveHash && live
              ? live.snapshot
              : await readSnapshot(table, current.snapshot);
        live = { version: current.version, snapshot, state: current.state };
        liveHash = current.snapshot;
      }
      loadedAtMs = nowMs();
      failingSinceMs = undefined;
      return live;
    } catch (error) {
      reportUnreadable(error);
      throw tableError(error, 'reading the configuration');
    } finally {
      refreshDueMs = nowMs() + refreshAfterMs * (0.8 + Math.random() * 0.4);
      loading = undefined;
    }
  }

  function reportUnreadable(cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    failingSinceMs ??= nowMs();
    const isLong = nowMs() - failingSinceMs >= unavailableAfterMs;
    const reason = error instanceof UnreadableConfiguration ? error.reason : isLong ? 'table_unavailable' : undefined;
    if (reason !== undefined) onUnreadable?.({ reason, error, inForce: live?.version });
  }

  function shared(consistent: boolean): Promise<LiveConfiguration> {
    loading ??= load(consistent);
    return loading;
  }

  return {
    async current() {
      const known = live;
      if (known === undefined) return shared(false).catch(asUnavailable);
      if (nowMs() < refreshDueMs) return known;
      // Stale while revalidating: a failed refresh changes nothing, and nobody waits for one who was here lately.
      const refreshed = shared(false).catch(() => known);
      if (nowMs() - loadedAtMs < staleMaxMs) return known;
      // Once per refresh, however long the table takes.
      refreshDueMs = nowMs() + refreshAfterMs;
      return within(waitForRefreshMs, refreshed, known);
    },
    async reload() {
      if (live !== undefined && nowMs() - loadedAtMs < reloadAtMostEveryMs) return live;
      return shared(true).catch(asUnavailable);
    },
  };
}

function asUnavailable(error: unknown): never {
  if (error instanceof RetryableError) throw error;
  throw new RetryableError('the configuration cannot be read', { cause: error });
}

/** What `promise` gives if it is there in time, else `instead`. */
async function within<Value>(milliseconds: number, promise: Promise<Value>, instead: Value): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Value>((resolve) => {
    timer = setTimeout(() => resolve(instead), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Every item of a partition, in the order of its sort keys. */
export async function queryAll(
  { client, table }: ConfigurationTable,
  pk: string,
  { consistent = false } = {},
): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
        ConsistentRead: consistent,
        ExclusiveStartKey,
      }),
    );
    items.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return items;
}
