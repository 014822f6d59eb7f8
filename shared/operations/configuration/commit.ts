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
import { type Force, isForced } from './force.ts';
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
import { isOtherThan } from './plan-token.ts';
import { baseOf, staleFiles } from './stale-files.ts';

export type CommitRequest = Authorship & {
  snapshot: Snapshot;
  /** First values for sources that are new to this environment; `environments/<env>.yaml`. */
  seed: EnvironmentFile | undefined;
};

export type CommitResult = Partial<Committed> & { version: number; changed: boolean; newSources: string[] };

/**
 * Makes a whole snapshot live; resources that it lacks are removed. Content that is already live
 * makes no new version. Existing state is kept. It supersedes the author's own draft; another
 * author's draft stays.
 * @throws ConfigurationConflict when another author committed meanwhile
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
  /** The known base of the files; undefined when it isn't known. */
  base: FileBase | undefined;
  /** The token of the plan that the person saw. Absent: whatever the change is by now. */
  expects?: string;
};

export type FilesCommitResult = { differences: ResourceDifference[] } & (
  | { kind: 'committed'; result: CommitResult; base: FileBase }
  | { kind: 'refused'; objections: [Objection, ...Objection[]] }
  /** It would not do any more what the person saw. */
  | { kind: 'changed_meanwhile' }
);

/** What `commitFiles` would change, and every objection to it. Reads only. */
export async function planFilesCommit(
  table: ConfigurationTable,
  { terms, base, snapshot: files, seed, author }: Omit<FilesCommitRequest, 'message' | 'nowMs'>,
) {
  const seen = await readSeenToReplace(table);
  const changes = changesBetween(seen.snapshot, files);
  // Damaged content is replaced as a whole, so it has no changes to undo.
  const isOverwriting = terms.allowed?.includes('stale_files') || !seen.isReadable;
  const objections = [
    ...(isOverwriting ? [] : await staleFiles(table, seen, files, { base, author })),
    ...(await objectionsTo(seen, files, changes, { ...terms, seed })),
  ];
  return { seen, objections, differences: differences(seen.snapshot, files) };
}

/**
 * Makes the whole content of files live, unless there are objections.
 * @throws ConfigurationConflict when another author committed meanwhile
 */
export async function commitFiles(
  table: ConfigurationTable,
  { terms, base, expects, ...request }: FilesCommitRequest,
): Promise<FilesCommitResult> {
  const { seen, differences: found, objections } = await planFilesCommit(table, { terms, base, ...request });
  const { snapshot: files } = request;
  if (isOtherThan(expects, found)) return { kind: 'changed_meanwhile', differences: found };
  const [objection, ...more] = objections;
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
  /** Absent: the whole draft. */
  only?: ResourceRef[];
  /**
   * Makes a new version with the same content, for the one resource in `only`, if it has no change.
   */
  allowEmpty?: boolean;
  /** Commits over commits made meanwhile, and also content that names missing resources. */
  force?: Force;
  /** The limits of the content. Absent: they are not checked. */
  terms?: CommitTerms;
  /** The token of the plan that the person saw. Absent: whatever the change is by now. */
  expects?: string | undefined;
};

export type DraftConflict = ResourceRef & { commit: HistoryEntry | undefined };

export type DraftCommitResult =
  | ({ kind: 'committed'; left: ResourceRef[] } & Committed)
  | { kind: 'nothing_to_commit' }
  /** Resources named in `only` that the draft does not change. */
  | { kind: 'not_in_draft'; refs: ResourceRef[]; draft: ResourceRef[] }
  | { kind: 'unknown_resource'; ref: ResourceRef }
  /** Resources that were committed after the draft was made. */
  | { kind: 'conflict'; conflicts: DraftConflict[] }
  | { kind: 'missing_references'; missing: MissingReference[] }
  | { kind: 'refused'; objections: Objection[] }
  /** It would not do any more what the person saw. */
  | { kind: 'changed_meanwhile' };

/**
 * Makes the draft live, or only its named resources; the rest stays in the draft.
 * @throws ConfigurationConflict when another commit is made at the same moment
 */
export async function commitDraft(table: ConfigurationTable, request: DraftCommitRequest): Promise<DraftCommitResult> {
  const { only, force, allowEmpty = false, terms: _terms, expects, ...about } = request;
  const plan = await planDraftCommit(table, request);
  const { seen, draft, open, absent, chosen, content } = plan;
  const [single] = absent;
  if (single !== undefined && allowEmpty && only?.length === 1) return emptyCommit(table, single, about);
  if (absent.length > 0) return { kind: 'not_in_draft', refs: absent, draft: open.map(refOf) };
  if (chosen.length === 0) {
    // An earlier commit died before it could do this.
    await dropFromDraft(table, (change) => !open.some((left) => isSameChange(left, change)));
    return { kind: 'nothing_to_commit' };
  }
  if (isOtherThan(expects, differences(seen.snapshot, content))) return { kind: 'changed_meanwhile' };
  const { conflicts, missing, objections } = plan;
  if (conflicts.length > 0 && !isForced(force, 'conflict')) return { kind: 'conflict', conflicts };
  if (missing.length > 0 && !isForced(force, 'missing_references')) return { kind: 'missing_references', missing };
  if (objections.length > 0) return { kind: 'refused', objections };

  const committed = await makeLive(table, seen, { ...about, content, seed: draft?.seed });
  await dropFromDraft(table, (change) => chosen.some((done) => isSameChange(done, change)));
  const left = open.filter((change) => !chosen.includes(change)).map(refOf);
  return { kind: 'committed', left, ...committed };
}

/** What a commit of the draft would change, and all that stands against it. Reads only. */
export async function planDraftCommit(
  table: ConfigurationTable,
  { only, terms }: Pick<DraftCommitRequest, 'only' | 'terms'>,
) {
  const [seen, draft] = await Promise.all([readSeen(table), readDraft(table)]);
  const open = openChanges(draft, seen.snapshot);
  const chosen = open.filter((change) => only === undefined || only.some((ref) => sameRef(ref, change)));
  /** Named, and not in the draft. */
  const absent = (only ?? []).filter((ref) => !open.some((change) => sameRef(change, ref)));
  const overtaken = chosen.filter(({ base, ...ref }) => resourceHash(resourceOf(seen.snapshot, ref)) !== base);
  const conflicts = overtaken.map(
    async (change): Promise<DraftConflict> => ({ ...refOf(change), commit: await lastCommitOf(table, change) }),
  );
  const content = withEdits(seen.snapshot, chosen);
  const changes = changesBetween(seen.snapshot, content);
  return {
    seen,
    draft,
    open,
    absent,
    chosen,
    content,
    conflicts: await Promise.all(conflicts),
    missing: missingWorkflows(content, chosen),
    objections:
      terms && changes.length > 0 ? await objectionsTo(seen, content, changes, { ...terms, seed: draft?.seed }) : [],
  };
}

const refOf = ({ type, key }: ResourceRef): ResourceRef => ({ type, key });

/** A newer push of the same resource was not committed, and stays. */
const isSameChange = (a: DraftChange, b: DraftChange) =>
  sameRef(a, b) && resourceHash(a.content) === resourceHash(b.content);

/**
 * As in the files: a missing workflow, or a trigger's missing source, is an error. An action may
 * still make a missing audience.
 */
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
