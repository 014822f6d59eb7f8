import { isJsonObject, type JsonValue } from './values.ts';

// 16 digits in a row could be an integer beyond 2^53.
const longDigits = /\d{16}/;
const stringOrLongInteger = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

// No text begins like this by accident.
const mark = '\u0000integer:';

/**
 * JSON in which each integer that a JavaScript number may not hold is a marked text of its digits.
 * For callers that want numbers back exactly as they sent them: `withoutMarks` gives the digits as
 * text, `restoreLongIntegers` the numbers.
 */
export function markLongIntegers(json: string): string {
  if (!longDigits.test(json)) return json;
  return json.replace(stringOrLongInteger, (token) => (token.startsWith('"') ? token : JSON.stringify(mark + token)));
}

/** The value as `parseJson` gives it: integers that a number cannot hold are text of their digits. */
export function withoutMarks(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.startsWith(mark) ? unmarked(value.slice(mark.length)) : value;
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutMarks(inner)]));
}

function unmarked(digits: string): JsonValue {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : digits;
}

const markedInJson = new RegExp(`"${JSON.stringify(mark).slice(1, -1).replace('\\', '\\\\')}(-?\\d+)"`, 'g');

/** JSON with the marked integers as numbers again. */
export function restoreLongIntegers(json: string): string {
  return json.replace(markedInJson, '$1');
}
