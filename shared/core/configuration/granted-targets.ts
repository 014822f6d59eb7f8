import { createHash } from 'node:crypto';
import { type Target, targetDefinition } from './targets/index.ts';

/**
 * A deploy decides what a stack may call, and reading that from outside takes rights on IAM. So the
 * stack publishes it as output `GrantedTargets`: a short hash of each name, since the length of an
 * output is limited.
 */
export function grantedTargetsOutput(targets: readonly Target[]): string {
  const hashes = new Set(targets.flatMap((target) => grantNameOf(target) ?? []).map(hashOf));
  return [...hashes].sort().join(' ') || 'none';
}

export function isInGrantedTargets(output: string, name: string): boolean {
  return output.split(' ').includes(hashOf(name));
}

const hashOf = (name: string) => createHash('sha256').update(name).digest('hex').slice(0, 12);

/** The resource that a target calls with AWS's permission; undefined for types that need none. */
export function grantNameOf(target: Target): string | undefined {
  return targetDefinition(target).aws?.nameOf(target);
}
