import { createHash } from 'node:crypto';
import { canonicalJson } from '../../core/json/canonical-json.ts';
import { differenceRow, type ResourceDifference } from './history.ts';

/**
 * Names what a plan told, field by field. A change that is asked for with it is made only while it
 * would still do exactly that.
 */
export function planToken(changes: readonly ResourceDifference[]): string {
  return createHash('sha256')
    .update(canonicalJson(changes.map(differenceRow)))
    .digest('hex')
    .slice(0, 24);
}

/** Whether it is not as the person saw it any more. Without a token there is nothing to compare. */
export function isOtherThan(expects: string | undefined, changes: readonly ResourceDifference[]): boolean {
  return expects !== undefined && expects !== planToken(changes);
}
