import { createHash } from 'node:crypto';
import type { JsonValue } from '../json/values.ts';

/**
 * The idempotency key in a value: text of 1 to 255 characters that is not blank, or a number, whose
 * digits are the key. A number beyond 2^53 arrives as text of its digits, so a counter keeps its
 * keys beyond that; and a sender that writes one id as `1` and as `"1"` means one event. Decision:
 * docs/decisions/0022-numbers-are-keys-and-blank-text-is-not-an-id.md
 *
 * @returns undefined for anything else. The event then runs without protection, since refusing it
 * would lose the event because of a field that only protects it
 */
export function validKey(candidate: JsonValue | undefined): string | undefined {
  if (typeof candidate === 'number') return Number.isFinite(candidate) ? String(candidate) : undefined;
  if (typeof candidate !== 'string' || candidate.trim() === '') return undefined;
  // Unicode characters. The table takes 2,048 bytes of key, and 255 characters are at most 1,020.
  if ([...candidate].length > 255) return undefined;
  return candidate.isWellFormed() ? candidate : `sha256:${digestOf(candidate)}`;
}

/**
 * Text that a table cannot hold unchanged: any half of a surrogate pair becomes U+FFFD there, so
 * two keys would become one.
 */
export function digestOf(text: string): string {
  return createHash('sha256').update(text, 'utf16le').digest('hex');
}
