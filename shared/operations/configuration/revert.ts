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
import type { Snapshot } from '../../core/configuration/schema.ts';
import { type DraftConflict, missingWorkflows } from './commit.ts';
import { dropFromDraft } from './drafts.ts';
import { type Force, isForced } from './force.ts';
import { differences } from './history.ts';
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
import { isOtherThan } from './plan-token.ts';

export type RevertRequest = Authorship & {
  commit: HistoryEntry;
  /**
   * Also reverts later changes of the same resources, and allows content that then names missing
   * resources.
   */
  force?: Force;
  /** The limits of the content. Absent: they are not checked. */
  terms?: CommitTerms;
  /** The token of the plan that the person saw. Absent: whatever the change is by now. */
  expects?: string | undefined;
};

export type RevertResult =
  | ({ kind: 'reverted'; dropped: ResourceRef[] } & Committed)
  /** The entry is a change of settings, which cannot be reverted. */
  | { kind: 'not_a_commit' }
  /** All its resources already are as they were before that commit. */
  | { kind: 'nothing_to_revert'; dropped: ResourceRef[] }
  | { kind: 'conflict'; conflicts: DraftConflict[] }
  | { kind: 'missing_references'; missing: MissingReference[] }
  | { kind: 'refused'; objections: Objection[] }
  /** It would not do any more what the person saw. */
  | { kind: 'changed_meanwhile' };

/**
 * Reverts a commit by a new one, which restores each of its resources to the state before. The
 * draft's changes to these resources are dropped, since they were made on the reverted content.
 * @throws ConfigurationConflict when another commit is made at the same moment
 */
export async function revertCommit(table: ConfigurationTable, request: RevertRequest): Promise<RevertResult> {
  const { commit, force, terms, expects, ...about } = request;
  if (commit.kind !== 'commit') return { kind: 'not_a_commit' };
  const plan = await planRevert(table, { commit, ...(terms && { terms }) });
  const { seen, open, changed, content, changes, conflicts, missing, objections } = plan;
  if (open.length === 0) {
    // An earlier revert died before it could drop changes that were made on the reverted content.
    const isMadeOnIt = (ref: ResourceRef, base?: string) =>
      changed.some((change) => sameRef(change, ref) && change.hash === base);
    return {
      kind: 'nothing_to_revert',
      dropped: await dropFromDraft(table, ({ base, ...ref }) => isMadeOnIt(ref, base)),
    };
  }
  if (isOtherThan(expects, differences(seen.snapshot, content))) return { kind: 'changed_meanwhile' };
  if (conflicts.length > 0 && !isForced(force, 'conflict')) return { kind: 'conflict', conflicts };
  if (missing.length > 0 && !isForced(force, 'missing_references')) return { kind: 'missing_references', missing };
  if (objections.length > 0) return { kind: 'refused', objections };
  const committed = await makeLive(table, seen, { ...about, content, changes, seed: undefined, reverts: commit.id });
  const dropped = await dropFromDraft(table, (change) => changed.some((ref) => sameRef(ref, change)));
  return { kind: 'reverted', dropped, ...committed };
}

/** What reverting a commit would change, and all that stands against it. Reads only. */
export async function planRevert(
  table: ConfigurationTable,
  { commit, terms }: Pick<RevertRequest, 'commit' | 'terms'>,
) {
  const [seen, { before, after }, changed] = await Promise.all([
    readSeen(table),
    contentAround(table, commit),
    changesOf(table, commit),
  ]);
  const hashIn = (snapshot: Snapshot, ref: ResourceRef) => resourceHash(resourceOf(snapshot, ref));
  const open = changed.filter((ref) => hashIn(seen.snapshot, ref) !== hashIn(before, ref));
  const later = open.filter((ref) => hashIn(seen.snapshot, ref) !== hashIn(after, ref));
  const conflicts = later.map(
    async ({ type, key }): Promise<DraftConflict> => ({ type, key, commit: await lastCommitOf(table, { type, key }) }),
  );
  const edits = open.map(({ type, key }): ResourceEdit => {
    const content = resourceOf(before, { type, key });
    return { type, key, ...(content && { content }) };
  });
  const content = withEdits(seen.snapshot, edits);
  const changes = changesBetween(seen.snapshot, content);
  return {
    seen,
    changed,
    /** Resources that are not as they were before the commit. */
    open,
    content,
    changes,
    conflicts: await Promise.all(conflicts),
    missing: missingWorkflows(content, edits),
    objections:
      terms && changes.length > 0 ? await objectionsTo(seen, content, changes, { ...terms, seed: undefined }) : [],
  };
}
