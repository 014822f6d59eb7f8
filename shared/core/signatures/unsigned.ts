import type { Verifier } from './verifier.ts';

/**
 * For a sender whose only proof is that it knows the URL.
 * @param reason why it cannot be checked, for people
 */
export function unsigned(reason: string): Verifier {
  return {
    provesNothing: true,
    isSigned: () => false,
    verify: () => 'skipped',
    sign: () => ({}),
    secretProblem: () => `would never be checked: ${reason}`,
    credentialHeaders: [],
    instruction: reason,
  };
}
