import { PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { EnvironmentState } from '../core/configuration/schema.ts';
import type { LiveConfiguration } from '../ports/configuration.ts';
import { emptySnapshot, readSnapshot } from './dynamodb-configuration-snapshots.ts';
import { type ConfigurationTable, type CurrentConfiguration, readCurrent } from './dynamodb-configuration-table.ts';

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
