import { isBlank, type JsonValue } from '../json/values.ts';

// What programs write where they have no id: String(undefined), String(null), `${{}}`, String(NaN).
const noIds: ReadonlySet<string> = new Set(['undefined', 'null', 'NaN', '[object Object]']);

/**
 * The user id that a value stands for. Sloppy clients send numbers, whose digits name the same person; parseJson keeps the
 * digits of long ones. Text is taken exactly as sent: `"u "` and `"u"` are two users.
 * Decision: docs/decisions/0040-numbers-are-keys-and-blanks-are-no-ids.md
 *
 * @returns undefined where the value names no one: blanks alone, and what a program writes when it has no id
 */
export function userIdOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  return typeof value === 'string' && !isNoId(value) ? value : undefined;
}

/** Whether a text that stands where an id belongs is none: blanks alone, `undefined`, `null` and the like. */
export function isNoId(text: string): boolean {
  return isBlank(text) || noIds.has(text.trim());
}
