import { own } from '../../core/json/values.ts';
import type { Environment } from '../environment.ts';
import { commitFiles, type FilesCommitResult, planFilesCommit } from './commit.ts';
import { commitTermsOf } from './commit-terms.ts';
import { type SaveFilesResult, saveFiles } from './drafts.ts';
import type { ConfigurationFiles } from './files/configuration-files.ts';
import type { FileBases } from './files/file-bases.ts';
import type { Force } from './force.ts';
import type { CommitTerms } from './objections.ts';

/** A folder of configuration files, and which commits they came from. */
export type Checkout = {
  /** As it is shown to people: relative to the folder in which the program runs. */
  directory: string;
  bases: FileBases;
};

/** Local and deployed environments of one name have separate histories. */
export const placeOf = ({ where, name }: Pick<Environment, 'where' | 'name'>) => `${name} (${where})`;

/** The name of a file base is its folder; the files are read already, so that all agree on them. */
type Files = Pick<ConfigurationFiles, 'directory' | 'snapshot' | 'environments'>;

function requestOf(environment: Environment, bases: FileBases, files: Files) {
  return {
    snapshot: files.snapshot,
    seed: own(files.environments, environment.name),
    base: bases.read(files.directory, placeOf(environment)),
  };
}

/** Saves a checkout's files as the draft, and remembers what they were compared with. */
export async function pushCheckout(
  environment: Environment,
  { bases }: Pick<Checkout, 'bases'>,
  files: Files,
  about: { author: string; nowMs: number; force?: Force },
): Promise<SaveFilesResult> {
  const request = { ...requestOf(environment, bases, files), ...about };
  const saved = await saveFiles(environment.configuration, request);
  if (saved.kind === 'done' && saved.result.kind !== 'others_draft')
    bases.write(files.directory, placeOf(environment), saved.base);
  return saved;
}

/**
 * Makes a checkout's files live, unless there are objections.
 * @throws ConfigurationConflict when another author committed meanwhile
 */
export async function commitCheckout(
  environment: Environment,
  { bases }: Pick<Checkout, 'bases'>,
  files: Files,
  about: { author: string; message: string; nowMs: number; terms: CommitTerms; expects?: string },
): Promise<FilesCommitResult> {
  const request = { ...requestOf(environment, bases, files), ...about };
  const committed = await commitFiles(environment.configuration, request);
  if (committed.kind === 'committed') bases.write(files.directory, placeOf(environment), committed.base);
  return committed;
}

/** What `commitCheckout` would change, and every objection to it. Reads only. */
export function planCheckoutCommit(
  environment: Environment,
  { bases }: Pick<Checkout, 'bases'>,
  files: Files,
  { author }: { author: string },
) {
  const request = { ...requestOf(environment, bases, files), author, terms: commitTermsOf(environment, []) };
  return planFilesCommit(environment.configuration, request);
}
