import type { ResourceRef } from '../../core/configuration/resources.ts';
import type { Environment } from '../environment.ts';
import { failure } from '../refusal.ts';
import { type Checkout, placeOf } from './checkout.ts';
import { readDraftContent } from './drafts.ts';
import { applyChange } from './files/apply-change.ts';
import { type FileChange, planPull } from './files/plan-pull.ts';
import { readSeen, type Seen } from './live-content.ts';
import { baseOf } from './stale-files.ts';

export type PullPlan = {
  seen: Seen;
  /** Without unreadable files. */
  changes: Exclude<FileChange, { kind: 'unreadable' }>[];
  /** In the draft, and so not in the files. */
  draft: ResourceRef[];
};

/**
 * What would be written into a folder so that its files say what is live. Reads only.
 * @throws Refusal when nothing is live, and when a file cannot be read
 */
export async function planPullOf(
  { configuration: table, name }: Pick<Environment, 'configuration' | 'name'>,
  directory: string,
): Promise<PullPlan> {
  const [seen, { open }] = await Promise.all([readSeen(table), readDraftContent(table)]);
  if (seen.current.version === 0) throw failure(`nothing was committed to ${name} yet; there is nothing to pull`);
  const changes: PullPlan['changes'] = [];
  const unreadable: string[] = [];
  for (const change of planPull(directory, seen.snapshot)) {
    if (change.kind !== 'unreadable') changes.push(change);
    else {
      const { path, line, column, problem } = change;
      unreadable.push(`${path}${line === undefined ? '' : `:${line}:${column}`} ${problem}`);
    }
  }
  if (unreadable.length > 0) throw failure(unreadable, 'correct it first; nothing was written');
  return { seen, changes, draft: open.map(({ type, key }) => ({ type, key })) };
}

/**
 * Writes a plan.
 * @param isRemoving whether files of what is no longer live are removed; otherwise they stay
 * @returns what was done
 * @throws Error of the file system
 */
export function carryOutPull(
  environment: Pick<Environment, 'where' | 'name'>,
  { directory, bases }: Checkout,
  { seen: { current, snapshot }, changes }: PullPlan,
  isRemoving: boolean,
): PullPlan['changes'] {
  const done = changes.filter(({ kind }) => kind !== 'remove' || isRemoving);
  done.forEach(applyChange);
  // A folder that keeps files whose content is gone does not equal this commit, so it gets no base.
  const isWhole = isRemoving || done.length === changes.length;
  if (isWhole && current.head !== undefined)
    bases.write(directory, placeOf(environment), baseOf(current.head, snapshot, snapshot));
  return done;
}
