import { createHash } from 'node:crypto';
import { canonicalJson } from '../../json/canonical-json.ts';

/** A digest of a value's content, independent of the order of keys: 32 hex digits. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 32);
}
