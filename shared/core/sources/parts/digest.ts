import { createHash } from 'node:crypto';
import { canonicalJson } from '../../json/canonical-json.ts';

/** A digest of what a value says, whatever the order of its keys: 32 digits of hex. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 32);
}
