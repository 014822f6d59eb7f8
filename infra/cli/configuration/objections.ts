import { join } from 'node:path';
import { commitTermsOf } from '../../../shared/operations/configuration/commit-terms.ts';
import { type FileBases, fileBasesAt } from '../../../shared/operations/configuration/files/file-bases.ts';
import {
  type CommitTerms,
  type Objection,
  objectionText,
  overridable,
  refusalOf,
} from '../../../shared/operations/configuration/objections.ts';
import { liveAtMs, waitUntilLive } from '../../../shared/operations/configuration/wait-until-live.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { stateDirectory } from '../environment.ts';
import { canAsk, confirm } from '../terminal/confirm.ts';
import type { Terminal } from '../terminal/terminal.ts';

type Refused = { kind: 'refused'; objections: readonly Objection[] };

/**
 * Commits. It asks at a terminal if the only objection is that a live resource would be removed.
 * @throws Refusal with every objection
 */
export async function commitOnTerms<Result extends { kind: string }>(
  environment: Environment,
  { force, ...words }: { force: boolean; consequence: string; directory?: string },
  commit: (terms: CommitTerms) => Promise<Result | Refused>,
  show: (refused: Refused) => void = () => undefined,
): Promise<Exclude<Result, Refused>> {
  const result = await commit(commitTermsOf(environment, force ? overridable : []));
  if (!isRefused(result)) return result as Exclude<Result, Refused>;
  show(result);
  const { objections } = result;
  const isRemoval = objections.every(({ kind }) => kind === 'removes_live');
  if (!isRemoval || !canAsk()) throw refusalOf(objections, environment.name, words);
  for (const objection of objections) process.stderr.write(`${objectionText(objection, environment.name).what}\n`);
  if (!(await confirm('Remove them?'))) throw refusalOf(objections, environment.name, words);
  const again = await commit(commitTermsOf(environment, ['removes_live']));
  if (isRefused(again)) throw refusalOf(again.objections, environment.name, words);
  return again as Exclude<Result, Refused>;
}

const isRefused = (result: { kind: string }): result is Refused => result.kind === 'refused';

/** This checkout's record of the commits that its files came from. */
export const fileBases = (): FileBases => fileBasesAt(join(stateDirectory(), 'file-bases.json'));

/** When a commit is in force: the words after "is at version …". */
export function liveText(environment: Environment, isWaiting: boolean): string {
  return liveAtMs(environment, 0) === 0
    ? 'Live now.'
    : isWaiting
      ? 'Waiting until it is live everywhere …'
      : 'Live within 30 s.';
}

/** For `--wait`: returns when every event runs by the commit. */
export async function waited(terminal: Terminal, environment: Environment, committedAtMs: number): Promise<void> {
  if (liveAtMs(environment, 0) === 0) return;
  await waitUntilLive(environment, committedAtMs);
  terminal.note('Live.');
}
