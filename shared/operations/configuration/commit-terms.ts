import type { Environment } from '../environment.ts';
import { secretLookup } from '../secrets/secret-names.ts';
import { capabilitiesFrom } from './capabilities.ts';
import type { CommitTerms, ObjectionKind } from './objections.ts';

/** The limits of content in an environment: what its functions know, and its secrets. */
export function commitTermsOf(environment: Environment, allowed: readonly ObjectionKind[]): CommitTerms {
  return {
    capabilities: capabilitiesFrom(environment.outputs),
    isSecretSet: secretLookup(environment),
    allowed,
  };
}
