/** A JSON document as TypeScript sees it. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** True for maps only: not for lists, not for null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether two documents are equal; the order of keys does not matter. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const entries = Object.entries(a);
  return (
    entries.length === Object.keys(b).length &&
    entries.every(([key, value]) => Object.hasOwn(b, key) && sameJson(value, (b as Record<string, unknown>)[key]))
  );
}

// Anything that could be an integer beyond 2^53: 16 digits in a row. It is cheap enough for every
// document.
const longDigits = /\d{16}/;

/**
 * Parses JSON without losing a digit. An integer that a JavaScript number cannot hold exactly
 * becomes a string of its digits, because such numbers are ids (`820982911946154508`), and an id
 * that is off by four is another person. Keys such as `__proto__` become own properties, as with
 * JSON.parse, never setters.
 * @throws SyntaxError like JSON.parse
 */
export function parseJson(text: string): JsonValue {
  if (!longDigits.test(text)) return JSON.parse(text);
  return JSON.parse(text, keepLongIntegers);
}

function keepLongIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const digits = context?.source;
  return digits !== undefined && /^-?\d+$/.test(digits) ? digits : value;
}

/**
 * Text of only white space, which cannot be a name, address or id. Zero-width characters count as
 * white space.
 */
export function isBlank(text: string): boolean {
  return !/[^\s\u200B-\u200D\u2060]/.test(text);
}

/** Unwraps lists and maps that some senders send as text; any other value stays unchanged. */
export function fromJsonText(value: JsonValue): JsonValue {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return parseJson(value);
  } catch {
    return value;
  }
}

/** The kind of a value, in words: `a map`, `text`. */
export function describeType(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

/**
 * A map's own value under a name from outside; undefined if it has none. `constructor` is a name
 * like any other.
 */
export function own<Value>(map: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}
