import {
  ConfigurationConflict,
  goLive,
  type HistoryEntry,
  historyNewestFirst,
  readHistory,
} from '../../adapters/dynamodb-configuration-history.ts';
import { emptySnapshot, readSnapshot, writeSnapshot } from '../../adapters/dynamodb-configuration-snapshots.ts';
import {
  type ConfigurationTable,
  type CurrentConfiguration,
  readCurrent,
} from '../../adapters/dynamodb-configuration-table.ts';
import { changesBetween, type ResourceChange, type ResourceRef, sameRef } from '../../core/configuration/resources.ts';
import { EnvironmentFile, type EnvironmentState, type Snapshot, SourceState } from '../../core/configuration/schema.ts';
import { UnreadableConfiguration } from '../../core/configuration/unreadable.ts';

/** An environment's committed content, as it was when a change began. */
export type Seen = { current: CurrentConfiguration; snapshot: Snapshot };

/** Author, reason and time of a change. */
export type Authorship = { author: string; message: string; nowMs: number };

export async function readSeen(table: ConfigurationTable): Promise<Seen> {
  const current = await readCurrent(table);
  return { current, snapshot: await contentOf(table, current) };
}

/** The same, but unreadable live content counts as empty, so that a whole push can repair it. */
export async function readSeenToReplace(table: ConfigurationTable): Promise<Seen & { isReadable: boolean }> {
  const current = await readCurrent(table);
  try {
    return { current, snapshot: await contentOf(table, current), isReadable: true };
  } catch (error) {
    if (!(error instanceof UnreadableConfiguration)) throw error;
    return { current, snapshot: emptySnapshot, isReadable: false };
  }
}

/** Content by the hash that an entry, or what is live, names. */
export async function contentOf(
  table: ConfigurationTable,
  { snapshot }: Pick<CurrentConfiguration, 'snapshot'>,
): Promise<Snapshot> {
  return snapshot === undefined ? emptySnapshot : readSnapshot(table, snapshot);
}

/** The content before and after an entry. */
export async function contentAround(
  table: ConfigurationTable,
  entry: HistoryEntry,
): Promise<{ before: Snapshot; after: Snapshot }> {
  const parent = entry.version === 1 ? undefined : await readHistory(table, entry.version - 1);
  const [before, after] = await Promise.all([contentOf(table, parent ?? {}), contentOf(table, entry)]);
  return { before, after };
}

/** What a commit changed. Older entries do not name it, so their content is compared. */
export async function changesOf(table: ConfigurationTable, entry: HistoryEntry): Promise<ResourceChange[]> {
  if (entry.kind === 'state') return [];
  if (entry.changes !== undefined) return entry.changes;
  const { before, after } = await contentAround(table, entry);
  return changesBetween(before, after);
}

/** The newest commit that changed a resource; undefined when none did. */
export async function lastCommitOf(table: ConfigurationTable, ref: ResourceRef): Promise<HistoryEntry | undefined> {
  for await (const entry of historyNewestFirst(table)) {
    if ((await changesOf(table, entry)).some((change) => sameRef(change, ref))) return entry;
  }
  return undefined;
}

export type Committed = { version: number; id: string; changes: ResourceChange[]; newSources: string[] };

export type MakeLive = Authorship & {
  content: Snapshot;
  /** Default: the differences. An empty commit names its resource. */
  changes?: ResourceChange[];
  /** First values for sources that are new to this environment. */
  seed: EnvironmentFile | undefined;
} & Pick<HistoryEntry, 'promotedFrom' | 'reverts'>;

// Settings may be switched at the same moment, again and again; so a commit makes this many
// attempts.
const attemptsMax = 5;

/**
 * Makes content live by one conditional Update. State that changed meanwhile is kept and is not a
 * conflict; changed content is.
 * @throws ConfigurationConflict when another commit was made after `seen`
 */
export async function makeLive(table: ConfigurationTable, seen: Seen, request: MakeLive): Promise<Committed> {
  const { content, seed, nowMs, author, message, promotedFrom, reverts } = request;
  const changes = request.changes ?? changesBetween(seen.snapshot, content);
  const snapshot = await writeSnapshot(table, content);
  let { current } = seen;
  for (let attempt = 1; ; attempt++) {
    const newSources = newSourcesOf(current.state, content);
    const about = { author, message, createdAtMs: nowMs, ...(promotedFrom && { promotedFrom }) };
    const state = seeded(current, newSources, seed);
    try {
      const { version, head } = await goLive(table, current, {
        kind: 'commit',
        ...about,
        ...(reverts !== undefined && { reverts }),
        changes,
        snapshot,
        state,
      });
      return { version, id: head, changes, newSources };
    } catch (error) {
      if (!(error instanceof ConfigurationConflict) || attempt === attemptsMax) throw error;
      const now = await readCurrent(table);
      if (now.snapshot !== seen.current.snapshot) throw error;
      current = now;
    }
  }
}

export function newSourcesOf(state: EnvironmentState, content: Snapshot): string[] {
  return Object.keys(content.sources).filter((key) => !Object.hasOwn(state.sources, key));
}

/**
 * Existing state is kept, whatever the files say: only sources that are new here get the files'
 * first values.
 */
function seeded(
  { state, version }: CurrentConfiguration,
  newSources: string[],
  seed: EnvironmentFile | undefined,
): EnvironmentState {
  const values = seed ?? EnvironmentFile.parse({});
  const first = newSources.map(
    (key) => [key, SourceState.parse(Object.hasOwn(values.sources, key) ? values.sources[key] : {})] as const,
  );
  return {
    ...state,
    sources: { ...state.sources, ...Object.fromEntries(first) },
    inactive_workflows: version === 0 ? values.inactive_workflows : state.inactive_workflows,
  };
}
