import { isoTimeMs } from './iso-time.ts';

/** As many seconds since 1970 as are reached in the year 5138, and as many milliseconds as were in March 1973. */
const secondsMax = 1e11;

/**
 * A time as senders write them, in epoch milliseconds: ISO 8601 text, or seconds or milliseconds since 1970 as a number or
 * its digits. Undefined for anything else.
 */
export function eventTimeMs(value: unknown): number | undefined {
  const iso = isoTimeMs(value);
  if (iso !== undefined) return iso;
  const number = typeof value === 'string' && /^\d{9,16}(\.\d{1,9})?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || number <= 0) return undefined;
  return Math.round(number < secondsMax ? number * 1000 : number);
}
