import { applyChange } from '../configuration/files/apply-change.ts';
import { failure, usageError } from '../refusal.ts';
import { didYouMean } from '../words/did-you-mean.ts';
import type { KnockEnvironment } from './account.ts';
import { type ConvertedAccount, convertAccount } from './convert-account.ts';
import { type ImportPlan, type PlanTerms, planImport } from './plan-import.ts';
import { type KnockAccess, readKnockAccount } from './read-account.ts';
import type { EnvironmentPair, ImportWishes } from './wishes.ts';

export type ImportRequest = Omit<ImportWishes, 'pairs'> &
  Omit<PlanTerms, 'withTargets'> & {
    access: KnockAccess;
    /** Names here of environments of Knock that are called otherwise, by slug. */
    names: ReadonlyMap<string, string>;
    /** An environment here: only its counterpart is read. Absent: all that have one. */
    only?: string;
  };

export type ImportFromKnock = { converted: ConvertedAccount; plan: ImportPlan };

/**
 * Reads an account of Knock and plans the files that say the same here; writes nothing yet.
 * @throws Refusal when Knock refuses or cannot be reached, when no environment has a counterpart,
 * and when the files in the folder are in the way
 */
export async function importFromKnock(request: ImportRequest): Promise<ImportFromKnock> {
  let pairs: EnvironmentPair[] = [];
  const account = await readKnockAccount(request.access, (environments) => {
    pairs = pairsOf(environments, request);
    return pairs.map(({ knock }) => knock);
  });
  const { here, kinds, target, directory, overwrite } = request;
  const converted = await convertAccount(account, { pairs, here, kinds, ...(target && { target }) });
  const plan = planImport(converted, { directory, overwrite, withTargets: target !== undefined });
  return { converted, plan };
}

/**
 * Writes the files of a plan.
 * @throws Error of the file system
 */
export function writeImport({ changes }: ImportPlan): void {
  changes.forEach(applyChange);
}

/** Environments of the same name belong together, and those that a person paired. */
function pairsOf(
  environments: readonly KnockEnvironment[],
  { here, names, only }: Pick<ImportRequest, 'here' | 'names' | 'only'>,
): EnvironmentPair[] {
  const slugs = environments.map(({ slug }) => slug);
  for (const [slug, name] of names) {
    if (!slugs.includes(slug)) throw usageError(`Knock has no environment "${slug}"${didYouMean(slug, slugs)}`);
    if (!here.includes(name)) throw usageError(`there is no environment "${name}" here${didYouMean(name, here)}`);
  }
  const pairs = slugs.flatMap((slug) => {
    const name = names.get(slug) ?? (here.includes(slug) ? slug : undefined);
    return name === undefined ? [] : [{ knock: slug, here: name }];
  });
  for (const [name, found] of Map.groupBy(pairs, (pair) => pair.here))
    if (found.length > 1)
      throw usageError(
        `${found.map(({ knock }) => knock).join(' and ')} of Knock would both be ${name} here`,
        'pair each with one of its own: --as',
      );
  const wanted = only === undefined ? pairs : pairs.filter((pair) => pair.here === only);
  if (wanted.length > 0) return wanted;
  throw failure(
    only === undefined
      ? `no environment of Knock (${slugs.join(', ') || 'it has none'}) is called like one here (${here.join(', ')})`
      : `no environment of Knock takes the place of ${only}; it has ${slugs.join(', ') || 'none'}`,
    'pair them: --as SLUG=NAME',
  );
}
