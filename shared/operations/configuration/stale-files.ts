import { historyNewestFirst, readHistory } from '../../adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import {
  changesBetween,
  folderOf,
  type ResourceRef,
  refText,
  resourceHash,
  resourceOf,
  resourceTypes,
  sameRef,
} from '../../core/configuration/resources.ts';
import type { Snapshot } from '../../core/configuration/schema.ts';
import type { FileBase } from './files/file-bases.ts';
import { changesOf, type Seen } from './live-content.ts';
import { type Objection, withCommits } from './objections.ts';

/** How far back earlier content is searched for a file without a known base. */
const entriesMax = 200;

/**
 * Whether files would undo commits that are newer than them. With a base, that is so if the live
 * content differs from the files and from all that their author knew. Without one (another
 * checkout, CI), it is so if a file equals word for word an earlier version that another author has
 * changed since. docs/decisions/0033.
 */
export async function staleFiles(
  table: ConfigurationTable,
  seen: Seen,
  files: Snapshot,
  { base, author }: { base: FileBase | undefined; author: string },
): Promise<Objection[]> {
  const changes = changesBetween(seen.snapshot, files);
  const refs = (await isOfThisHistory(table, base))
    ? changes.filter(({ type, key }) => {
        const live = resourceHash(resourceOf(seen.snapshot, { type, key }));
        const known = base?.known[refText({ type, key })] ?? [];
        // Another author removed it, and the files still have it unchanged: that would undo the
        // removal.
        return live === undefined ? known.length > 0 && !known.includes('') : !known.includes(live);
      })
    : await undoneWithoutBase(table, changes, files, author);
  return refs.length === 0 ? [] : [{ kind: 'stale_files', conflicts: await withCommits(table, refs.map(refOf)) }];
}

const refOf = ({ type, key }: ResourceRef): ResourceRef => ({ type, key });

/** The environment was made again since, so the base does not apply. */
async function isOfThisHistory(table: ConfigurationTable, base: FileBase | undefined): Promise<boolean> {
  const version = Number(/^\d+/.exec(base?.commit ?? '')?.[0]);
  return version > 0 && (await readHistory(table, version))?.id === base?.commit;
}

async function undoneWithoutBase(
  table: ConfigurationTable,
  changes: readonly ResourceRef[],
  files: Snapshot,
  author: string,
): Promise<ResourceRef[]> {
  const undone: ResourceRef[] = [];
  /** Resources that another author changed since, without a matching earlier version so far. */
  const sought = new Set<string>();
  const settled = new Set<string>();
  let entries = 0;
  for await (const entry of historyNewestFirst(table)) {
    if (++entries > entriesMax || settled.size === changes.length) break;
    for (const change of await changesOf(table, entry)) {
      const ref = changes.find((one) => sameRef(one, change));
      const name = refText(change);
      if (ref === undefined || settled.has(name)) continue;
      if (change.hash !== undefined && change.hash === resourceHash(resourceOf(files, ref)) && sought.has(name)) {
        undone.push(refOf(ref));
        settled.add(name);
      } else if (entry.author === author && !sought.has(name)) settled.add(name);
      else sought.add(name);
    }
  }
  return undone;
}

/**
 * The files' new base after they were compared with the live content and either equal it or differ
 * on purpose.
 */
export function baseOf(commit: string, live: Snapshot, files: Snapshot): FileBase {
  const known: FileBase['known'] = {};
  for (const type of resourceTypes)
    for (const key of new Set([...Object.keys(live[folderOf(type)]), ...Object.keys(files[folderOf(type)])])) {
      const hashes = [live, files].map((content) => resourceHash(resourceOf(content, { type, key })) ?? '');
      known[refText({ type, key })] = [...new Set(hashes)];
    }
  return { commit, known };
}
