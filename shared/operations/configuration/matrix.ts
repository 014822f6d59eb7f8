import { historyNewestFirst } from '../../adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import {
  folderOf,
  type ResourceRef,
  type ResourceType,
  refText,
  resourceHash,
  resourceOf,
  resourceTypes,
  sameRef,
} from '../../core/configuration/resources.ts';
import type { EnvironmentState, Snapshot } from '../../core/configuration/schema.ts';
import { mappingsOf, triggerMappings } from '../../core/configuration/triggers.ts';
import { own, sameJson } from '../../core/json/values.ts';
import { changesOf, readSeen } from './live-content.ts';

/**
 * How a resource compares with the column to the left, which is where its content comes from.
 * - `behind`: it has what the left had before, or the files have something new.
 * - `ahead`: the left has what was here before, or never had it.
 * - `differs`: neither was ever as the other is.
 */
export type CellState = 'same' | 'behind' | 'ahead' | 'differs' | 'absent';

export type MatrixCell = {
  state: CellState;
  /** Its source, mapping or workflow is switched off there. */
  off: boolean;
};

export type MatrixRow = ResourceRef & {
  /** Of a mapping: its id; absent on the row of the source itself. */
  mapping: string | null;
  /** Of a source, a workflow or an audience its name; of a mapping its event type. */
  title: string;
  /** By column. */
  cells: Record<string, MatrixCell>;
};

/** What a column holds; `table`: of an environment, whose history tells what was there before. */
export type MatrixColumn = { name: string; snapshot: Snapshot; state?: EnvironmentState; table?: ConfigurationTable };

/** How far back earlier content is searched for. */
const entriesMax = 200;

/** An environment as a column. */
export async function environmentColumn(name: string, table: ConfigurationTable): Promise<MatrixColumn> {
  const { current, snapshot } = await readSeen(table);
  return { name, snapshot, state: current.state, table };
}

/**
 * Every resource, and the mappings of each source, against every column; in the order of promotion
 * from left to right. Histories are read only where something differs.
 */
export async function configurationMatrix(columns: readonly MatrixColumn[]): Promise<MatrixRow[]> {
  const before = new Map<string, Promise<Map<string, Set<string>>>>();
  const historyOf = ({ name, table }: MatrixColumn) => {
    if (table === undefined) return undefined;
    const found = before.get(name) ?? earlierHashes(table);
    before.set(name, found);
    return found;
  };
  const files: MatrixRow[] = [];
  for (const type of resourceTypes)
    for (const key of keysOf(columns, type)) {
      const ref = { type, key };
      const cells: Record<string, MatrixCell> = {};
      for (const [i, column] of columns.entries())
        cells[column.name] = {
          state: await stateOf(ref, columns[i - 1], column, historyOf),
          off: isOff(ref, column),
        };
      files.push({ ...ref, mapping: null, title: titleOf(ref, columns), cells });
    }
  const cellsOf = (ref: ResourceRef) => files.find((row) => sameRef(row, ref))?.cells;
  return files.flatMap((row) => (row.type === 'source' ? [row, ...mappingRows(row.key, columns, cellsOf)] : [row]));
}

function keysOf(columns: readonly MatrixColumn[], type: ResourceType): string[] {
  return [...new Set(columns.flatMap(({ snapshot }) => Object.keys(snapshot[folderOf(type)])))].sort();
}

function titleOf(ref: ResourceRef, columns: readonly MatrixColumn[]): string {
  for (const { snapshot } of columns) {
    const name = resourceOf(snapshot, ref)?.name;
    if (name !== undefined) return name;
  }
  return '';
}

type Histories = (column: MatrixColumn) => Promise<Map<string, Set<string>>> | undefined;

async function stateOf(
  ref: ResourceRef,
  left: MatrixColumn | undefined,
  right: MatrixColumn,
  historyOf: Histories,
): Promise<CellState> {
  const there = resourceOf(right.snapshot, ref);
  if (left === undefined) return there === undefined ? 'absent' : 'same';
  const [was, is] = [resourceHash(resourceOf(left.snapshot, ref)), resourceHash(there)];
  if (was === is) return is === undefined ? 'absent' : 'same';
  if (is === undefined) return 'absent';
  const earlier = async (column: MatrixColumn, hash: string | undefined) =>
    hash !== undefined && ((await historyOf(column))?.get(refText(ref))?.has(hash) ?? false);
  if (await earlier(left, is)) return 'behind';
  if (await earlier(right, was)) return 'ahead';
  // Files have no history: what was never live is new in them.
  if (left.table === undefined) return 'behind';
  return was === undefined ? 'ahead' : 'differs';
}

/** The contents that each resource ever had, back to the limit. */
async function earlierHashes(table: ConfigurationTable): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  let entries = 0;
  for await (const entry of historyNewestFirst(table)) {
    if (++entries > entriesMax) break;
    for (const { hash, ...ref } of await changesOf(table, entry)) {
      if (hash === undefined) continue;
      const hashes = found.get(refText(ref)) ?? new Set();
      found.set(refText(ref), hashes.add(hash));
    }
  }
  return found;
}

function isOff({ type, key }: ResourceRef, { state }: MatrixColumn): boolean {
  if (type === 'source') return own(state?.sources ?? {}, key)?.enabled === false;
  return type === 'workflow' && (state?.inactive_workflows.includes(key) ?? false);
}

/**
 * A mapping that differs stands as the file does that has it: its source's, or that of the workflow
 * whose trigger it is. Commits and promotions carry files.
 */
function mappingRows(
  source: string,
  columns: readonly MatrixColumn[],
  cellsOf: (ref: ResourceRef) => Record<string, MatrixCell> | undefined,
): MatrixRow[] {
  const byId = columns.map(({ snapshot }) => new Map(mappingsOf(snapshot, source).map((one) => [one.id, one])));
  const ids = [...new Set(byId.flatMap((mappings) => [...mappings.keys()]))];
  return ids.map((id): MatrixRow => {
    const cells: Record<string, MatrixCell> = {};
    for (const [i, { name, state, snapshot }] of columns.entries()) {
      const [was, is] = [byId[i - 1]?.get(id), byId[i]?.get(id)];
      const isSame = i === 0 || (was !== undefined && is !== undefined && sameJson(was, is));
      const inactive = own(state?.sources ?? {}, source)?.inactive_mappings ?? [];
      const ofFile = cellsOf(fileOf(snapshot, source, id))?.[name]?.state;
      const differing = ofFile === 'behind' || ofFile === 'ahead' ? ofFile : 'differs';
      cells[name] = {
        state: is === undefined ? 'absent' : isSame ? 'same' : differing,
        off: is !== undefined && inactive.includes(id),
      };
    }
    const event = byId.map((mappings) => mappings.get(id)?.event).find((one) => one !== undefined) ?? '';
    return { type: 'source', key: source, mapping: id, title: event, cells };
  });
}

function fileOf(snapshot: Snapshot, source: string, id: string): ResourceRef {
  for (const [key, workflow] of Object.entries(snapshot.workflows))
    if (triggerMappings(key, workflow).some((one) => one.source === source && one.mapping.id === id))
      return { type: 'workflow', key };
  return { type: 'source', key: source };
}
