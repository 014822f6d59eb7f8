import { type Draft, type DraftChange, readDraft, replaceDraft } from '../../adapters/dynamodb-configuration-drafts.ts';
import { ConfigurationConflict } from '../../adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import {
  changesBetween,
  type ResourceRef,
  resourceHash,
  resourceOf,
  sameRef,
  withEdits,
} from '../../core/configuration/resources.ts';
import type { EnvironmentFile, Snapshot } from '../../core/configuration/schema.ts';
import type { FileBase } from './files/file-bases.ts';
import { type Force, isForced } from './force.ts';
import { differences, type ResourceDifference } from './history.ts';
import { readSeen } from './live-content.ts';
import type { Objection } from './objections.ts';
import { baseOf, staleFiles } from './stale-files.ts';

/**
 * Drafts: content that was pushed and is not live. A draft is a set of changes to resources, each
 * with its base, not a copy of everything. So a part of it can be committed while the rest stays,
 * and commits made meanwhile are neither undone nor overlooked. docs/protocols/configuration.md.
 */
export type PushRequest = {
  snapshot: Snapshot;
  seed: EnvironmentFile | undefined;
  author: string;
  nowMs: number;
  /** Replaces another author's uncommitted push. */
  force?: Force;
};

export type PushResult =
  | { kind: 'saved'; baseVersion: number; changes: DraftChange[] }
  /**
   * The files equal the committed content. The author's own draft is gone, since the files no
   * longer have its changes.
   */
  | { kind: 'nothing_to_save'; version: number; dropped: ResourceRef[] }
  /** Another author's draft would lose these. */
  | { kind: 'others_draft'; author: string; updatedAtMs: number; lost: ResourceRef[] };

export type SaveFilesResult = { differences: ResourceDifference[] } & (
  | { kind: 'done'; result: PushResult; base: FileBase }
  | { kind: 'refused'; objections: [Objection, ...Objection[]] }
);

/**
 * Saves the files' content as the draft, unless it would undo commits that are newer than the
 * files.
 */
export async function saveFiles(
  table: ConfigurationTable,
  { base, ...request }: PushRequest & { base: FileBase | undefined },
): Promise<SaveFilesResult> {
  const seen = await readSeen(table);
  const { snapshot: files, author } = request;
  const found = differences(seen.snapshot, files);
  const [objection, ...more] = isForced(request.force, 'stale_files')
    ? []
    : await staleFiles(table, seen, files, { base, author });
  if (objection !== undefined) return { kind: 'refused', objections: [objection, ...more], differences: found };
  const result = await pushDraft(table, request);
  return { kind: 'done', result, base: baseOf(seen.current.head ?? '', seen.snapshot, files), differences: found };
}

/** Saves content as the environment's draft; none of it is live until it is committed. */
export async function pushDraft(table: ConfigurationTable, request: PushRequest): Promise<PushResult> {
  const { snapshot, seed, author, nowMs } = request;
  for (let attempt = 1; ; attempt++) {
    const [seen, before] = await Promise.all([readSeen(table), readDraft(table)]);
    const changes = changesBetween(seen.snapshot, snapshot).map(({ type, key, change }): DraftChange => {
      const [base, content] = [
        resourceHash(resourceOf(seen.snapshot, { type, key })),
        resourceOf(snapshot, { type, key }),
      ];
      return { type, key, change, ...(base !== undefined && { base }), ...(content && { content }) };
    });
    const open = openChanges(before, seen.snapshot);
    const lost = open.filter((theirs) => !changes.some((mine) => sameRef(mine, theirs)));
    if (before !== undefined && before.author !== author && lost.length > 0 && !isForced(request.force, 'others_draft'))
      return { kind: 'others_draft', author: before.author, updatedAtMs: before.updatedAtMs, lost: lost.map(refOf) };
    const { version } = seen.current;
    const draft = { baseVersion: version, author, updatedAtMs: nowMs, changes, ...(seed && { seed }) };
    if (await replaceDraft(table, before, draft)) {
      if (changes.length === 0) return { kind: 'nothing_to_save', version, dropped: open.map(refOf) };
      return { kind: 'saved', baseVersion: version, changes };
    }
    if (attempt === 5) throw new ConfigurationConflict(version, []);
  }
}

const refOf = ({ type, key }: ResourceRef): ResourceRef => ({ type, key });

/** What a draft would still change, without changes that were committed meanwhile. */
export function openChanges(draft: Draft | undefined, committed: Snapshot): DraftChange[] {
  return (draft?.changes ?? []).filter(
    (change) => resourceHash(change.content) !== resourceHash(resourceOf(committed, change)),
  );
}

/** The committed content with the draft's changes: dry runs and comparisons call it "draft". */
export async function readDraftContent(
  table: ConfigurationTable,
): Promise<{ draft: Draft | undefined; open: DraftChange[]; content: Snapshot }> {
  const [{ snapshot }, draft] = await Promise.all([readSeen(table), readDraft(table)]);
  const open = openChanges(draft, snapshot);
  return { draft, open, content: withEdits(snapshot, open) };
}

/** Removes changes from any author's draft; answers those that it contained. */
export async function dropFromDraft(
  table: ConfigurationTable,
  isDropped: (change: DraftChange, draft: Draft) => boolean,
): Promise<ResourceRef[]> {
  for (let attempt = 1; ; attempt++) {
    const draft = await readDraft(table);
    if (draft === undefined) return [];
    const dropped = draft.changes.filter((change) => isDropped(change, draft));
    if (dropped.length === 0) return [];
    const { id: _id, ...rest } = draft;
    const left = { ...rest, changes: draft.changes.filter((change) => !dropped.includes(change)) };
    if (await replaceDraft(table, draft, left)) return dropped.map(refOf);
    if (attempt === 5) throw new ConfigurationConflict(draft.baseVersion, []);
  }
}
