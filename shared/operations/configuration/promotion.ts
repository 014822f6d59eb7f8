import type { HistoryEntry } from '../../adapters/dynamodb-configuration-history.ts';
import { refText } from '../../core/configuration/resources.ts';
import type { EnvironmentFile } from '../../core/configuration/schema.ts';
import type { Environment } from '../environment.ts';
import { usageError } from '../refusal.ts';
import { factsOf } from './environment-facts.ts';
import { type PromotionProblem, preflight } from './preflight.ts';
import { type PromotionEnds, type PromotionPlan, planPromotion } from './promote.ts';

/** A promotion that could be made, and what would not work or be undone in the upper environment. */
export type CheckedPromotion = { ends: PromotionEnds; plan: PromotionPlan; problems: PromotionProblem[] };

/**
 * Plans a promotion and checks it against the upper environment. Reads only.
 * @param only one commit of the lower environment; absent: everything
 * @param seed first settings of sources that are new in the upper environment
 * @throws Refusal (invalid) when `only` is a change of settings
 */
export async function checkPromotion(
  { lower, upper }: { lower: Environment; upper: Environment },
  { only, seed }: { only: HistoryEntry | undefined; seed: EnvironmentFile | undefined },
): Promise<CheckedPromotion> {
  if (only?.kind === 'state')
    throw usageError(
      `${only.id} changed settings of ${lower.name} ("${only.message}"); those are of each environment itself`,
    );
  const ends = {
    lower: { name: lower.name, table: lower.configuration },
    upper: { name: upper.name, table: upper.configuration },
  };
  const plan = await planPromotion(ends, only);
  const problems = plan.changes.length === 0 ? [] : await preflight(plan, factsOf(upper), seed);
  return { ends, plan, problems };
}

/** A problem's own name, by which a person overrules it alone: `target_missing workflow/welcome`. */
export const problemName = ({ problem, ...ref }: PromotionProblem) => `${problem} ${refText(ref)}`;
