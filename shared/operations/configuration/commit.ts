import { type DraftChange, readDraft } from '../../adapters/dynamodb-configuration-drafts.ts';
import type { HistoryEntry } from '../../adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import { type MissingReference, missingReferences } from '../../core/configuration/missing-references.ts';
import {
  changesBetween,
  type ResourceRef,
  resourceHash,
  resourceOf,
  sameRef,
  withEdits,
} from '../../core/configuration/resources.ts';
import type { EnvironmentFile, Snapshot } from '../../core/configuration/schema.ts';
import { dropFromDraft, openChanges } from './drafts.ts';
import type { FileBase } from './files/file-bases.ts';
import { differences, type ResourceDifference } from './history.ts';
import {
  type Authorship,
  type Committed,
  lastCommitOf,
  makeLive,
  newSourcesOf,
  readSeen,
  readSeenToReplace,
  type Seen,
} from './live-content.ts';
import { type CommitTerms, type Objection, objectionsTo } from './objections.ts';
import { baseOf, staleFiles } from './stale-files.ts';

export type CommitRequest = Authorship & {
  snapshot: Snapshot;
  /** First values for sources that are new to this environment; `environments/<env>.yaml`. */
  seed: EnvironmentFile | undefined;
};

export type CommitResult = Partial<Committed> & { version: number; changed: boolean; newSources: string[] };

/**
 * Makes a snapshot live, as a whole: what it lacks is removed. Content that is live already makes no new version. State
 * that exists is kept. A draft of the author's own is superseded by it; somebody else's stays.
 * @throws ConfigurationConflict when somebody else committed meanwhile
 */
export async function pushAndCommit(table: ConfigurationTable, request: CommitRequest): Promise<CommitResult> {
  return replaceContent(table, request, await readSeenToReplace(table));
}

async function replaceContent(
  table: ConfigurationTable,
  request: CommitRequest,
  seen: Seen & { isReadable: boolean },
): Promise<CommitResult> {
  const { snapshot: content, ...about } = request;
  const newSources = newSourcesOf(seen.current.state, content);
  const isSame =
    seen.isReadable && seen.current.snapshot !== undefined && changesBetween(seen.snapshot, content).length === 0;
  const committed = isSame && newSources.length === 0 ? undefined : await makeLive(table, seen, { ...about, content });
  await dropFromDraft(table, (_change, { author }) => author === request.author);
  if (committed === undefined) return { version: seen.current.version, changed: false, newSources };
  return { ...committed, changed: true };
}

export type FilesCommitRequest = CommitRequest & {
  terms: CommitTerms;
  /** What the files were last known to come from; undefined when that's not known. */
  base: FileBase | undefined;
};

export type FilesCommitResult = { differences: ResourceDifference[] } & (
  | { kind: 'committed'; result: CommitResult; base: FileBase }
  | { kind: 'refused'; objections: [Objection, ...Objection[]] }
);

/**
 * Makes what files say live, as a whole, when nothing speaks against it.
 * @throws ConfigurationConflict when another author committed meanwhile
 */
export async function commitFiles(
  table: ConfigurationTable,
  { terms, base, ...request }: FilesCommitRequest,
): Promise<FilesCommitResult> {
  const seen = await readSeenToReplace(table);
  const { snapshot: files, seed, author } = request;
  const changes = changesBetween(seen.snapshot, files);
  // What is damaged is replaced as a whole: there is nothing to undo.
  const isOverwriting = terms.allowed?.includes('stale_files') || !seen.isReadable;
  const [objection, ...more] = [
    ...(isOverwriting ? [] : await staleFiles(table, seen, files, { base, author })),
    ...(await objectionsTo(seen, files, changes, { ...terms, seed })),
  ];
  const found = differences(seen.snapshot, files);
  if (objection !== undefined) return { kind: 'refused', objections: [objection, ...more], differences: found };
  const result = await replaceContent(table, request, seen);
  return {
    kind: 'committed',
    result,
    base: baseOf(result.id ?? seen.current.head ?? '', files, files),
    differences: found,
  };
}

export type DraftCommitRequest = Authorship & {
  /** Absent: all of the draft. */
  only?: ResourceRef[];
  /** A new version with the same content, of the one resource in `only`, when it has no change. */
  allowEmpty?: boolean;
  /** Commits over what others committed meanwhile, and what names resources that are not there. */
  force?: boolean;
  /** What the content has to keep to. Absent: it's not looked at. */
  terms?: CommitTerms;
};

export type DraftConflict = ResourceRef & { commit: HistoryEntry | undefined };

export type DraftCommitResult =
  | ({ kind: 'committed'; left: ResourceRef[] } & Committed)
  | { kind: 'nothing_to_commit' }
  /** Named in `only`, and unchanged in the draft. */
  | { kind: 'not_in_draft'; refs: ResourceRef[]; draft: ResourceRef[] }
  | { kind: 'unknown_resource'; ref: ResourceRef }
  /** Somebody committed these after the draft was made. */
  | { kind: 'conflict'; conflicts: DraftConflict[] }
  | { kind: 'missing_references'; missing: MissingReference[] }
  | { kind: 'refused'; objections: Objection[] };

/**
 * Makes the draft live, or what is named of it; the rest stays a draft.
 * @throws ConfigurationConflict when somebody else commits at the same moment
 */
export async function commitDraft(table: ConfigurationTable, request: DraftCommitRequest): Promise<DraftCommitResult> {
  const { only, force = false, allowEmpty = false, terms, ...about } = request;
  const [seen, draft] = await Promise.all([readSeen(table), readDraft(table)]);
  const open = openChanges(draft, seen.snapshot);
  const chosen = open.filter((change) => only === undefined || only.some((ref) => sameRef(ref, change)));
  const absent = (only ?? []).filter((ref) => !open.some((change) => sameRef(change, ref)));
  const [single] = absent;
  if (single !== undefined && allowEmpty && only?.length === 1) return emptyCommit(table, single, about);
  if (absent.length > 0) return { kind: 'not_in_draft', refs: absent, draft: open.map(refOf) };
  if (chosen.length === 0) {
    // A commit that died before it could do this.
    await dropFromDraft(table, (change) => !open.some((left) => isSameChange(left, change)));
    return { kind: 'nothing_to_commit' };
  }

  const overtaken = chosen.filter(({ base, ...ref }) => resourceHash(resourceOf(seen.snapshot, ref)) !== base);
  if (overtaken.length > 0 && !force) {
    const conflicts = overtaken.map(async (change) => ({
      ...refOf(change),
      commit: await lastCommitOf(table, change),
    }));
    return { kind: 'conflict', conflicts: await Promise.all(conflicts) };
  }
  const content = withEdits(seen.snapshot, chosen);
  const missing = missingWorkflows(content, chosen);
  if (missing.length > 0 && !force) return { kind: 'missing_references', missing };
  const changes = changesBetween(seen.snapshot, content);
  const objections = terms ? await objectionsTo(seen, content, changes, { ...terms, seed: draft?.seed }) : [];
  if (objections.length > 0) return { kind: 'refused', objections };

  const committed = await makeLive(table, seen, { ...about, content, seed: draft?.seed });
  await dropFromDraft(table, (change) => chosen.some((done) => isSameChange(done, change)));
  const left = open.filter((change) => !chosen.includes(change)).map(refOf);
  return { kind: 'committed', left, ...committed };
}

const refOf = ({ type, key }: ResourceRef): ResourceRef => ({ type, key });

/** A newer push of the same resource is not what was committed, and stays. */
const isSameChange = (a: DraftChange, b: DraftChange) =>
  sameRef(a, b) && resourceHash(a.content) === resourceHash(b.content);

/** As in the files: a workflow or a trigger's source that is missing is an error, an audience may yet be made by an action. */
export function missingWorkflows(content: Snapshot, changed: readonly ResourceRef[]): MissingReference[] {
  return missingReferences(content, changed).filter(({ missing }) => missing.type !== 'audience');
}

async function emptyCommit(table: ConfigurationTable, ref: ResourceRef, about: Authorship): Promise<DraftCommitResult> {
  const seen = await readSeen(table);
  const hash = resourceHash(resourceOf(seen.snapshot, ref));
  if (hash === undefined) return { kind: 'unknown_resource', ref };
  const changes = [{ ...ref, change: 'changed', hash } as const];
  const committed = await makeLive(table, seen, { ...about, content: seen.snapshot, changes, seed: undefined });
  return { kind: 'committed', left: [], ...committed };
}
