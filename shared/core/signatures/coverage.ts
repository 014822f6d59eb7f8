import type { FieldPath } from '../mappings/field-path.ts';
import type { Verifier } from './verifier.ts';

/**
 * - `signed`: the signature covers the value, so it cannot be changed without the secret;
 * - `partly_signed`: it covers only the first event of a batch;
 * - `unsigned`: an observer of one request can send it again with another value;
 * - `computed`: the kind or the source's expression computes it from the event, perhaps from
 *   unsigned parts;
 * - `no_signature`: the scheme does not sign; a sender that knows the secret, or the URL, may send
 *   anything.
 */
export type Coverage = 'signed' | 'partly_signed' | 'unsigned' | 'computed' | 'no_signature';

/**
 * Whether a request's proof covers the value at a path. An observer of one signed request can
 * replace a key, type or id that is not covered, and so run the body again as another event.
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
