import { isoTimeMs } from './iso-time.ts';

// The size of a number since 1970 shows its unit: each bound is a moment in the year 5138, and in
// the next smaller unit one in 1973.
const secondsMax = 1e11;
const millisecondsMax = 1e14;
const microsecondsMax = 1e17;

/**
 * A time as senders write them, in epoch milliseconds: ISO 8601 text, a date alone (the start of
 * that day in UTC), or seconds, milliseconds, microseconds or nanoseconds since 1970 as a number or
 * its digits. Undefined for anything else.
 */
export function eventTimeMs(value: unknown): number | undefined {
  const iso = isoTimeMs(value) ?? dateMs(value);
  if (iso !== undefined) return iso;
  const number = typeof value === 'string' && /^\d{9,19}(\.\d{1,9})?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || number <= 0) return undefined;
  if (number < secondsMax) return Math.round(number * 1000);
  if (number < millisecondsMax) return Math.round(number);
  return Math.round(number < microsecondsMax ? number / 1000 : number / 1_000_000);
}

function dateMs(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? isoTimeMs(`${value}T00:00Z`) : undefined;
}

/**
 * A time in the form of the directory's `created_at`: ISO 8601 with an offset, unchanged if it was
 * sent so; undefined if it is not a time.
 */
export function dateTimeText(value: unknown): string | undefined {
  const timeMs = eventTimeMs(value);
  if (timeMs === undefined || Math.abs(timeMs) > dateMsMax) return undefined;
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T\S+(Z|[+-]\d{2}:?\d{2})$/.test(value)) return value;
  return new Date(timeMs).toISOString();
}

/** The range of a JavaScript date. */
const dateMsMax = 8.64e15;
