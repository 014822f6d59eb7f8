import { type HistoryEntry, historyNewestFirst, readHistory } from '../../adapters/dynamodb-configuration-history.ts';
import { type ConfigurationTable, readCurrent } from '../../adapters/dynamodb-configuration-table.ts';
import { type FieldChange, fieldChanges } from '../../core/configuration/field-changes.ts';
import {
  changesBetween,
  type ResourceChange,
  type ResourceRef,
  resourceOf,
  sameRef,
} from '../../core/configuration/resources.ts';
import type { EnvironmentState, Snapshot } from '../../core/configuration/schema.ts';
import { take } from '../tables/newest-first.ts';
import { changesOf, contentAround } from './live-content.ts';

/**
 * One line of the history: a commit with its resources, or a change of settings with what it
 * changed.
 */
export type HistoryLine = { entry: HistoryEntry; changes: ResourceChange[]; settings: FieldChange[] };

export type HistoryFilter = {
  kind?: HistoryEntry['kind'];
  resource?: Partial<ResourceRef>;
  /** Goes on behind this version: only lower ones. */
  after?: number;
};

/** Newest first. A change of settings belongs to the sources and workflows that it names. */
export async function* historyLines(
  table: ConfigurationTable,
  { kind, resource, after }: HistoryFilter,
): AsyncGenerator<HistoryLine> {
  const lineOf = async (entry: HistoryEntry, older: HistoryEntry | undefined): Promise<HistoryLine[]> => {
    if (kind !== undefined && entry.kind !== kind) return [];
    const settings = entry.kind === 'state' ? stateChanges(older?.state, entry.state) : [];
    const changes = await changesOf(table, entry);
    const line = { entry, changes, settings };
    return resource === undefined || concerns(line, resource) ? [line] : [];
  };
  // Compared with the entry before, to see what it changed of the state.
  let newer: HistoryEntry | undefined;
  for await (const entry of historyNewestFirst(table, after)) {
    if (newer !== undefined) yield* await lineOf(newer, entry);
    newer = entry;
  }
  if (newer !== undefined) yield* await lineOf(newer, undefined);
}

/** The newest lines, at most `limit`. */
export function listHistory(
  table: ConfigurationTable,
  { limit, ...filter }: HistoryFilter & { limit: number },
): Promise<HistoryLine[]> {
  return take(historyLines(table, filter), limit);
}

const noState: EnvironmentState = { sources: {}, inactive_workflows: [] };

export function stateChanges(before: EnvironmentState = noState, after: EnvironmentState): FieldChange[] {
  return fieldChanges(before, after);
}

/** Whether a line is about such a resource. */
export function concerns({ changes, settings }: HistoryLine, resource: Partial<ResourceRef>): boolean {
  return [...changes, ...settings.flatMap(refsOfSetting)].some((ref) => matches(ref, resource));
}

function refsOfSetting({ path, before, after }: FieldChange): ResourceRef[] {
  const source = /^sources\.([^.[]+)/.exec(path)?.[1];
  if (source !== undefined) return [{ type: 'source', key: source }];
  const keys = new Set([before, after].flatMap((list) => (Array.isArray(list) ? list.map(String) : [])));
  return [...keys].map((key) => ({ type: 'workflow', key }));
}

function matches(ref: ResourceRef, { type, key }: Partial<ResourceRef>): boolean {
  return (type === undefined || ref.type === type) && (key === undefined || ref.key === key);
}

export type FoundEntry =
  | { kind: 'found'; entry: HistoryEntry }
  | { kind: 'malformed' }
  /** `newest`: the current version, 0 before the first commit. */
  | { kind: 'no_such_version'; newest: number }
  /** The version is a different commit: the id is mistyped, or belongs to another environment. */
  | { kind: 'other_id'; entry: HistoryEntry };

/**
 * Finds an entry by its version (`12`, `v12`), its id (`12-9f3c61aa`), or a beginning of the id
 * that includes the dash. A version has exactly one entry, so an accepted text never means two.
 */
export async function findEntry(table: ConfigurationTable, text: string): Promise<FoundEntry> {
  const [, digits, suffix] = /^v?(\d{1,8})(-[0-9a-f]{0,8})?$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return { kind: 'malformed' };
  const entry = await readHistory(table, Number(digits));
  if (entry === undefined) return { kind: 'no_such_version', newest: (await readCurrent(table)).version };
  if (suffix !== undefined && !entry.id.startsWith(`${entry.version}${suffix.toLowerCase()}`))
    return { kind: 'other_id', entry };
  return { kind: 'found', entry };
}

export type ResourceDifference = ResourceChange & { fields: FieldChange[] };

/** For programs: without our internal hash. */
export type DifferenceRow = Omit<ResourceDifference, 'hash'>;

export function differenceRow({ type, key, change, fields }: ResourceDifference): DifferenceRow {
  return { type, key, change, fields };
}

/** What differs between two contents, resource by resource and field by field. */
export function differences(before: Snapshot, after: Snapshot): ResourceDifference[] {
  return changesBetween(before, after).map((change) => ({
    ...change,
    fields: fieldChanges(resourceOf(before, change) ?? {}, resourceOf(after, change) ?? {}),
  }));
}

/** An entry with all that it changed. */
export async function describeEntry(
  table: ConfigurationTable,
  entry: HistoryEntry,
): Promise<{
  entry: HistoryEntry;
  differences: ResourceDifference[];
  changes: ResourceChange[];
  settings: FieldChange[];
}> {
  if (entry.kind === 'state') {
    const older = entry.version === 1 ? undefined : await readHistory(table, entry.version - 1);
    return { entry, differences: [], changes: [], settings: stateChanges(older?.state, entry.state) };
  }
  const [{ before, after }, changes] = await Promise.all([contentAround(table, entry), changesOf(table, entry)]);
  const between = differences(before, after);
  return {
    entry,
    // An empty commit names a resource without differences.
    differences: changes.map((change) => between.find((one) => sameRef(one, change)) ?? { ...change, fields: [] }),
    changes,
    settings: [],
  };
}
