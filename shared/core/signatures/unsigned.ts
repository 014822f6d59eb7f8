import type { Verifier } from './verifier.ts';

/**
 * For a sender whose only proof is that it knows the URL.
 * @param reason why it cannot be checked, for people
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
