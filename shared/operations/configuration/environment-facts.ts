import { makeAudiences } from '../../adapters/dynamodb-audiences.ts';
import { isInGrantedTargets } from '../../core/configuration/granted-targets.ts';
import type { Environment } from '../environment.ts';
import { secretLookup } from '../secrets/secret-names.ts';
import { capabilitiesFrom } from './capabilities.ts';
import type { EnvironmentFacts } from './preflight.ts';

/**
 * The facts that a promotion needs about the upper environment: its secrets, audiences, permissions
 * and functions.
 */
export function factsOf(environment: Environment): EnvironmentFacts {
  const { name, documents, outputs } = environment;
  const audiences = makeAudiences(documents, outputs.DirectoryTable);
  return {
    name,
    isSecretSet: secretLookup(environment),
    capabilities: capabilitiesFrom(outputs),
    audienceExists: (key) => audiences.ensure(key, false, Date.now()),
    ...(outputs.GrantedTargets !== undefined && {
      isGranted: (target: string) => isInGrantedTargets(outputs.GrantedTargets ?? '', target),
    }),
  };
}
