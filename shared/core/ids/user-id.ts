import { isBlank, type JsonValue } from '../json/values.ts';

// Text that programs write without an id: String(undefined), String(null), `${{}}`, String(NaN).
const noIds: ReadonlySet<string> = new Set(['undefined', 'null', 'NaN', '[object Object]']);

/**
 * The user id in a value. Some clients send numbers, whose digits name the same person; parseJson
 * keeps the digits of long ones. Text is used exactly as sent: `"u "` and `"u"` are two users.
 * Decision: docs/decisions/0022-numbers-are-keys-and-blank-text-is-not-an-id.md
 *
 * @returns undefined for a value that is not an id: blank text, and text that programs write
 * without an id
 */
export function userIdOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  return typeof value === 'string' && !isNoId(value) ? value : undefined;
}

/** Whether a text in place of an id is not one: blank, `undefined`, `null` and similar. */
export function isNoId(text: string): boolean {
  return isBlank(text) || noIds.has(text.trim());
}
