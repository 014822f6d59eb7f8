import type { FieldPath } from '../mappings/field-path.ts';
import type { Verifier } from './verifier.ts';

/**
 * - `signed`: the signature covers what is there, so it cannot be changed without the secret;
 * - `partly_signed`: it covers the first event of a batch alone;
 * - `unsigned`: one who has seen a request can send it again with another value there;
 * - `computed`: made from the event by the kind or by the source's expression, which may read what is not signed;
 * - `no_signature`: the scheme signs nothing; a sender that knows the secret, or the URL, may send anything.
 */
export type Coverage = 'signed' | 'partly_signed' | 'unsigned' | 'computed' | 'no_signature';

/**
 * Whether a request's proof covers what stands at a path: a key, type or id that it does not cover can be replaced by
 * anyone who has seen one signed request, whose body then runs again as another event.
 */
export function coverageOf({ signs }: Pick<Verifier, 'signs'>, { segments }: FieldPath): Coverage {
  if (signs === undefined) return 'no_signature';
  const [namespace, ...rest] = segments;
  if (namespace === 'headers') {
    const name = rest.join('.').toLowerCase();
    return signs.headers.includes(name) ? 'signed' : 'unsigned';
  }
  if (namespace === 'preprocess') return 'computed';
  return signs.body === 'first_of_list' ? 'partly_signed' : 'signed';
}
