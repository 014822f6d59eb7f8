import type { HistoryEntry } from '../../adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import type { MissingReference } from '../../core/configuration/missing-references.ts';
import {
  changesBetween,
  type ResourceEdit,
  type ResourceRef,
  resourceHash,
  resourceOf,
  sameRef,
  withEdits,
} from '../../core/configuration/resources.ts';
import { type DraftConflict, missingWorkflows } from './commit.ts';
import { dropFromDraft } from './drafts.ts';
import {
  type Authorship,
  type Committed,
  changesOf,
  contentAround,
  lastCommitOf,
  makeLive,
  readSeen,
} from './live-content.ts';
import { type CommitTerms, type Objection, objectionsTo } from './objections.ts';

export type RevertRequest = Authorship & {
  commit: HistoryEntry;
  /** Takes later changes of the same resources back too, and what names resources that are then not there. */
  force?: boolean;
  /** What the content has to keep to. Absent: it's not looked at. */
  terms?: CommitTerms;
};

export type RevertResult =
  | ({ kind: 'reverted'; dropped: ResourceRef[] } & Committed)
  /** A change of settings: those have no versions to go back to. */
  | { kind: 'not_a_commit' }
  /** Everything is as it was before that commit. */
  | { kind: 'nothing_to_revert'; dropped: ResourceRef[] }
  | { kind: 'conflict'; conflicts: DraftConflict[] }
  | { kind: 'missing_references'; missing: MissingReference[] }
  | { kind: 'refused'; objections: Objection[] };

/**
 * Takes a commit back by a new one: each of its resources becomes what it was before. What is in the draft of these
 * resources is dropped, since it was made on what is taken back.
 * @throws ConfigurationConflict when somebody else commits at the same moment
 */
export async function revertCommit(table: ConfigurationTable, request: RevertRequest): Promise<RevertResult> {
  const { commit, force = false, terms, ...about } = request;
  if (commit.kind !== 'commit') return { kind: 'not_a_commit' };
  const [seen, { before, after }, changed] = await Promise.all([
    readSeen(table),
    contentAround(table, commit),
    changesOf(table, commit),
  ]);
  const hashIn = (snapshot: typeof before, ref: ResourceRef) => resourceHash(resourceOf(snapshot, ref));
  const open = changed.filter((ref) => hashIn(seen.snapshot, ref) !== hashIn(before, ref));
  if (open.length === 0) {
    // A revert that died before it could do this: what was made on the content that it took back.
    const isMadeOnIt = (ref: ResourceRef, base?: string) =>
      changed.some((change) => sameRef(change, ref) && change.hash === base);
    return {
      kind: 'nothing_to_revert',
      dropped: await dropFromDraft(table, ({ base, ...ref }) => isMadeOnIt(ref, base)),
    };
  }
  const later = open.filter((ref) => hashIn(seen.snapshot, ref) !== hashIn(after, ref));
  if (later.length > 0 && !force) {
    const conflicts = later.map(async ({ type, key }) => ({
      type,
      key,
      commit: await lastCommitOf(table, { type, key }),
    }));
    return { kind: 'conflict', conflicts: await Promise.all(conflicts) };
  }
  const edits = open.map(({ type, key }): ResourceEdit => {
    const content = resourceOf(before, { type, key });
    return { type, key, ...(content && { content }) };
  });
  const content = withEdits(seen.snapshot, edits);
  const missing = missingWorkflows(content, edits);
  if (missing.length > 0 && !force) return { kind: 'missing_references', missing };
  const changes = changesBetween(seen.snapshot, content);
  const objections = terms ? await objectionsTo(seen, content, changes, { ...terms, seed: undefined }) : [];
  if (objections.length > 0) return { kind: 'refused', objections };
  const committed = await makeLive(table, seen, { ...about, content, changes, seed: undefined, reverts: commit.id });
  const dropped = await dropFromDraft(table, (change) => changed.some((ref) => sameRef(ref, change)));
  return { kind: 'reverted', dropped, ...committed };
}
