import { createHash } from 'node:crypto';
import { type Target, targetDefinition } from './targets/index.ts';

/**
 * What a stack may call is decided when it is deployed, and cannot be read from outside without rights on IAM. So the stack
 * says it, as output `GrantedTargets`: a short hash of each name, since an output holds no list of any length.
 */
export function grantedTargetsOutput(targets: readonly Target[]): string {
  const hashes = new Set(targets.flatMap((target) => grantNameOf(target) ?? []).map(hashOf));
  return [...hashes].sort().join(' ') || 'none';
}

export function isInGrantedTargets(output: string, name: string): boolean {
  return output.split(' ').includes(hashOf(name));
}

const hashOf = (name: string) => createHash('sha256').update(name).digest('hex').slice(0, 12);

/** What a target calls that AWS must allow; undefined for types that need no permission. */
export function grantNameOf(target: Target): string | undefined {
  return targetDefinition(target).aws?.nameOf(target);
}
