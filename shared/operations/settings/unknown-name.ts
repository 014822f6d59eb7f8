import { notFound, type Refusal } from '../refusal.ts';
import { nearestName } from '../words/did-you-mean.ts';
import type { Unknown } from './change.ts';

/**
 * A name that is not live in an environment, with the one that was probably meant, or with all
 * names.
 */
export function unknownName({ what, name, known }: Unknown, environment: string): Refusal {
  const near = nearestName(name, known);
  const rest = near === undefined ? `it has ${known.join(', ') || 'none'}` : `did you mean "${near}"?`;
  return notFound(`${environment} has no ${what} "${name}"; ${rest}`);
}
