import { type HistoryEntry, historyNewestFirst } from '../../adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import {
  changesBetween,
  type ResourceChange,
  type ResourceEdit,
  type ResourceRef,
  refText,
  resourceHash,
  resourceOf,
  sameRef,
  withEdits,
} from '../../core/configuration/resources.ts';
import type { EnvironmentFile, Snapshot } from '../../core/configuration/schema.ts';
import { plural } from '../words/text.ts';
import {
  type Authorship,
  type Committed,
  changesOf,
  contentOf,
  makeLive,
  readSeen,
  type Seen,
} from './live-content.ts';

/**
 * Promotion: content that is committed in one environment is committed in the next, unchanged.
 * State, URLs, secrets and data stay where they are. docs/protocols/configuration.md.
 */
export type PromotionEnds = {
  lower: { name: string; table: ConfigurationTable };
  upper: { name: string; table: ConfigurationTable };
};

/** Why promoting would undo something, or go backwards. */
export type PromotionConcern = ResourceRef &
  (
    | { problem: 'changed_there'; commit: HistoryEntry | undefined }
    | { problem: 'reverted_there'; commit: HistoryEntry }
    | { problem: 'newer_there'; commit: HistoryEntry }
  );

export type PromotionPlan = {
  /**
   * The committed content above when the plan was made. The plan is carried out only if it is still
   * the same.
   */
  seen: Seen;
  changes: ResourceChange[];
  content: Snapshot;
  /** Commits of the lower environment that come along, newest first. */
  commits: HistoryEntry[];
  concerns: PromotionConcern[];
};

/**
 * What would be promoted: everything in which the lower environment is ahead, or with `only` the
 * resources of one of its commits, as they were in that commit. It only reads.
 */
export async function planPromotion({ lower, upper }: PromotionEnds, only?: HistoryEntry): Promise<PromotionPlan> {
  const [below, seen] = await Promise.all([readSeen(lower.table), readSeen(upper.table)]);
  const content = only === undefined ? below.snapshot : withEdits(seen.snapshot, await editsOf(lower.table, only));
  const changes = changesBetween(seen.snapshot, content);
  const origin = await traceBelow(lower.table, changes, seen.snapshot, only);
  const concerns = [...origin.concerns];
  for (const ref of origin.unknown) {
    concerns.push({ ...ref, problem: 'changed_there', commit: (await lastTwo(upper.table, ref))[0]?.entry });
  }
  for (const { type, key, hash } of changes) {
    const [last, before] = await lastTwo(upper.table, { type, key });
    if (last?.entry.reverts !== undefined && before?.hash === hash)
      concerns.push({ type, key, problem: 'reverted_there', commit: last.entry });
  }
  return { seen, changes, content, commits: origin.commits, concerns };
}

async function editsOf(table: ConfigurationTable, commit: HistoryEntry): Promise<ResourceEdit[]> {
  const [changes, content] = await Promise.all([changesOf(table, commit), contentOf(table, commit)]);
  return changes.map(({ type, key }) => {
    const resource = resourceOf(content, { type, key });
    return { type, key, ...(resource && { content: resource }) };
  });
}

/**
 * Goes through the lower environment's commits from the newest, for each resource back to the
 * version that the upper one has. A version that is not found was never committed below: the upper
 * environment changed it itself.
 */
async function traceBelow(
  table: ConfigurationTable,
  changes: ResourceChange[],
  above: Snapshot,
  only: HistoryEntry | undefined,
): Promise<{ commits: HistoryEntry[]; concerns: PromotionConcern[]; unknown: ResourceRef[] }> {
  const sought = new Map(
    changes.map(({ type, key }) => [refText({ type, key }), resourceHash(resourceOf(above, { type, key }))]),
  );
  const commits: HistoryEntry[] = [];
  const concerns: PromotionConcern[] = [];
  for await (const entry of historyNewestFirst(table)) {
    if (sought.size === 0) break;
    let isAhead = false;
    for (const { type, key, change, hash } of await changesOf(table, entry)) {
      const ref = refText({ type, key });
      if (!sought.has(ref)) continue;
      const isLater = only !== undefined && entry.version > only.version;
      if (hash === sought.get(ref) && entry.id !== only?.id) {
        sought.delete(ref);
        if (isLater) concerns.push({ type, key, problem: 'newer_there', commit: entry });
        continue;
      }
      isAhead ||= !isLater;
      // Before that commit it did not exist, and it does not exist above.
      if (change === 'added' && sought.get(ref) === undefined) sought.delete(ref);
    }
    if (isAhead) commits.push(entry);
  }
  const unknown = changes.filter(({ type, key }) => sought.get(refText({ type, key })) !== undefined);
  return { commits, concerns, unknown: unknown.map(({ type, key }) => ({ type, key })) };
}

/** The newest two commits that changed a resource, with the content that each left. */
async function lastTwo(
  table: ConfigurationTable,
  ref: ResourceRef,
): Promise<{ entry: HistoryEntry; hash: string | undefined }[]> {
  const found: { entry: HistoryEntry; hash: string | undefined }[] = [];
  for await (const entry of historyNewestFirst(table)) {
    const change = (await changesOf(table, entry)).find((one) => sameRef(one, ref));
    if (change !== undefined) found.push({ entry, hash: change.hash });
    if (found.length === 2) break;
  }
  return found;
}

/**
 * Makes a plan live above.
 * @param seed first values for sources that are new there, from that environment's own file
 * @throws ConfigurationConflict when another commit was made there after the plan
 */
export function promote(
  { lower, upper }: PromotionEnds,
  plan: PromotionPlan,
  about: Authorship & { seed: EnvironmentFile | undefined },
): Promise<Committed> {
  const promotedFrom = { environment: lower.name, commits: plan.commits.map(({ id }) => id) };
  const { seen, content, changes } = plan;
  return makeLive(upper.table, seen, { ...about, content, changes, promotedFrom });
}

/** What the history says of a promotion for which the person gives no message. */
export function promotionMessage({ commits }: PromotionPlan, lower: string): string {
  const [only, ...others] = commits;
  if (only === undefined) return `Promote from ${lower}`;
  return others.length === 0
    ? only.message
    : `Promote ${plural(commits.length, 'commit')} from ${lower}: ${only.message}, …`;
}
