import type { Verifier } from './verifier.ts';

/**
 * For a sender that proves nothing but that it knows the URL.
 *
 * @param reason why nothing can be checked, as people are told
 */
export function unsigned(reason: string): Verifier {
  return {
    isSigned: () => false,
    verify: () => 'skipped',
    sign: () => ({}),
    secretProblem: () => `would be checked by nobody: ${reason}`,
    credentialHeaders: [],
    instruction: reason,
  };
}
