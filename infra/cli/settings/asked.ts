import { notFound, type Refusal } from '../../../shared/operations/refusal.ts';
import type { Asked, Unknown } from '../../../shared/operations/settings/change.ts';
import { nearestName } from '../../../shared/operations/words/did-you-mean.ts';
import { currentAuthor } from '../../author.ts';

/** The operator at the keyboard, as requests name them. */
export function askedNow({ message }: { message?: string }): Asked {
  return { author: currentAuthor(), nowMs: Date.now(), message };
}

/**
 * A name that is not live in an environment, with the one that was probably meant, or with all
 * names.
 */
export function unknownName({ what, name, known }: Unknown, environment: string): Refusal {
  const near = nearestName(name, known);
  const rest = near === undefined ? `it has ${known.join(', ') || 'none'}` : `did you mean "${near}"?`;
  return notFound(`${environment} has no ${what} "${name}"; ${rest}`);
}
