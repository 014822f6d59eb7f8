import type { JsonValue } from '../json/values.ts';

/**
 * Whether a value can be an idempotency key: text of 1 to 255 characters.
 *
 * Anything else is dropped, and the event runs without protection: refusing it would lose an event over a field that
 * only protects it. Numbers are not coerced, since `1` and `"1"` would silently become one key.
 */
export function validKey(candidate: JsonValue | undefined): string | undefined {
  if (typeof candidate !== 'string' || candidate === '') return undefined;
  // Characters as people count them. The table takes 2,048 bytes of key, and 255 characters are at most 1,020.
  return [...candidate].length <= 255 ? candidate : undefined;
}
