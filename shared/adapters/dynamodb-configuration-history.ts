import { PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { checkRefs, type ResourceChange, refText } from '../core/configuration/resources.ts';
import type { EnvironmentState } from '../core/configuration/schema.ts';
import type { LiveConfiguration } from '../ports/configuration.ts';
import { writeIf } from './dynamodb.ts';
import { checkItemFits } from './dynamodb-configuration-parts.ts';
import { emptySnapshot, readSnapshot } from './dynamodb-configuration-snapshots.ts';
import { type ConfigurationTable, type CurrentConfiguration, readCurrent } from './dynamodb-configuration-table.ts';

export type HistoryEntry = {
  /** `12-9f3c61aa`: the version, and digits that differ from another environment's version 12. */
  id: string;
  version: number;
  parent?: string;
  kind: 'commit' | 'state';
  author: string;
  message: string;
  createdAtMs: number;
  snapshot?: string;
  state: EnvironmentState;
  /** Commits only: every resource that it changed. Absent in older entries. */
  changes?: ResourceChange[];
  /** The environment below and its commits, newest first. */
  promotedFrom?: { environment: string; commits: string[] };
  /** Id of the commit that this one takes back. */
  reverts?: string;
};

/**
 * Two people changed the configuration at once, and the second has to look again. `since` holds the
 * first one's commits, newest first.
 */
export class ConfigurationConflict extends Error {
  override name = 'ConfigurationConflict';
  readonly since: readonly HistoryEntry[];

  constructor(seenVersion: number, since: readonly HistoryEntry[]) {
    const what = since.map(whatSomebodyDid).join('; ');
    super(`another author changed the configuration after version ${seenVersion}${what === '' ? '' : `: ${what}`}`);
    this.since = since;
  }
}

function whatSomebodyDid({ id, author, createdAtMs, kind, message, changes = [] }: HistoryEntry): string {
  const what = kind === 'state' ? `"${message}"` : `${changes.map(refText).join(', ') || 'nothing'} ("${message}")`;
  return `${author}, ${new Date(createdAtMs).toISOString()}, ${kind === 'state' ? 'settings' : 'commit'} ${id}: ${what}`;
}

export type ConfigurationChange = Omit<HistoryEntry, 'id' | 'version' | 'parent'>;

/**
 * Makes a change live: the history entry first, then one conditional Update of `current`, so the
 * change is live completely or not at all. The head never leads to an entry whose Update lost the
 * race, so such an entry is not history.
 * @throws ConfigurationConflict when `seen` is no longer the current version
 */
export async function goLive(
  configuration: ConfigurationTable,
  seen: CurrentConfiguration,
  change: ConfigurationChange,
): Promise<CurrentConfiguration & { head: string }> {
  const { client, table } = configuration;
  const version = seen.version + 1;
  const id = `${version}-${crypto.randomUUID().slice(0, 8)}`;
  const snapshot = change.snapshot ?? seen.snapshot;
  const { createdAtMs, promotedFrom, ...rest } = change;
  const entry = {
    pk: 'history',
    sk: `${versionKey(version)}#${id}`,
    ...rest,
    ...(promotedFrom && { promoted_from: promotedFrom }),
    id,
    version,
    parent: seen.head,
    snapshot,
    created_at: new Date(createdAtMs).toISOString(),
  };
  // The entry holds all that `current` will hold and more, so if it fits an item, `current` fits
  // too.
  checkItemFits(entry, `the entry of ${changesText(change)} in the history`);
  await client.send(new PutCommand({ TableName: table, Item: entry }));
  const live = { version, head: id, ...(snapshot !== undefined && { snapshot }), state: change.state };
  const isLive = await writeIf(
    client.send(
      new UpdateCommand({
        TableName: table,
        Key: { pk: 'current', sk: 'current' },
        UpdateExpression: 'SET version = :next, head = :id, #snapshot = :snapshot, #state = :state, updated_at = :at',
        ConditionExpression: seen.version === 0 ? 'attribute_not_exists(version)' : 'version = :seen',
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
    ),
    'making a version live',
  );
  if (!isLive) {
    const since = await entriesSince(configuration, seen.version);
    // The client repeats an Update whose answer was lost. The repetition then fails because the
    // first one succeeded.
    if (since.some((entry) => entry.id === id)) return live;
    throw new ConfigurationConflict(seen.version, since);
  }
  return live;
}

const changesText = ({ kind, changes = [] }: ConfigurationChange) =>
  kind === 'commit' ? `a commit of ${changes.length} resources` : 'a change of settings';

async function entriesSince(table: ConfigurationTable, version: number): Promise<HistoryEntry[]> {
  const since: HistoryEntry[] = [];
  for await (const entry of historyNewestFirst(table)) {
    if (entry.version <= version) break;
    since.push(entry);
  }
  return since;
}

const versionKey = (version: number) => `v${String(version).padStart(8, '0')}`;

// An entry holds the whole state, so a page of 1 MB may hold few entries. Small pages keep a short
// list cheap.
const pageEntries = 25;

/**
 * Every entry that was ever in force, from the head down, without those that lost a race.
 * @param below only those of lower versions
 */
export async function* historyNewestFirst(
  { client, table }: ConfigurationTable,
  below?: number,
): AsyncGenerator<HistoryEntry> {
  let wanted = await newestId({ client, table }, below);
  if (wanted === undefined) return;
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: below === undefined ? 'pk = :pk' : 'pk = :pk AND sk < :below',
        ExpressionAttributeValues: { ':pk': 'history', ...(below !== undefined && { ':below': versionKey(below) }) },
        ScanIndexForward: false,
        ConsistentRead: true,
        Limit: pageEntries,
        ExclusiveStartKey,
      }),
    );
    for (const entry of (page.Items ?? []).map(historyEntryFromItem)) {
      if (entry.id !== wanted) continue;
      yield entry;
      if (entry.parent === undefined) return;
      wanted = entry.parent;
    }
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

async function newestId(configuration: ConfigurationTable, below: number | undefined): Promise<string | undefined> {
  const { head, version } = await readCurrent(configuration);
  if (below === undefined || below > version) return head;
  return (await readHistory(configuration, below))?.parent;
}

/** The history entry that made a version live; undefined when there is no such version. */
export async function readHistory(table: ConfigurationTable, version: number): Promise<HistoryEntry | undefined> {
  const candidates = await historyCandidates(table, version);
  const current = await readCurrent(table);
  // The writer of an entry above the current version is still working, or died: it is not history
  // yet.
  if (version > current.version) return undefined;
  if (candidates.length < 2) return candidates[0];
  // A lost race also left an entry. The entry that the next version, or the head, names as parent
  // is history.
  const next = await readHistory(table, version + 1);
  const winner = next ? next.parent : current.head;
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
  const { id, version, parent, kind, author, message, snapshot, state, changes, reverts } = item as HistoryEntry;
  checkRefs(changes ?? [], `commit ${id}`);
  const promotedFrom = item.promoted_from as HistoryEntry['promotedFrom'];
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
    ...(changes && { changes }),
    ...(promotedFrom && { promotedFrom }),
    ...(reverts && { reverts }),
  };
}

/** One past version, as functions saw it. `why` and `events show` explain rows with it. */
export async function readVersion(table: ConfigurationTable, version: number): Promise<LiveConfiguration | undefined> {
  const entry = await readHistory(table, version);
  if (entry === undefined) return undefined;
  const snapshot = entry.snapshot === undefined ? emptySnapshot : await readSnapshot(table, entry.snapshot);
  return { version, snapshot, state: entry.state };
}
