// Date, "T" or a space, time to the minute at least, any precision of seconds, and an offset if
// there is one.
const isoDateTime =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * An ISO 8601 date-time as epoch milliseconds; undefined for anything else, including impossible
 * dates. A time without an offset counts as UTC, as senders that leave it out mean.
 */
export function isoTimeMs(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const match = isoDateTime.exec(value);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (hour === undefined || minute === undefined || second === undefined) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const offsetMs = offsetMinutes(match[8]) * 60_000;
  const dayMs = Date.UTC(year, month - 1, day);
  // Date.UTC turns 31 April into 1 May; a date that does not come back unchanged is invalid.
  const read = new Date(dayMs);
  if (read.getUTCFullYear() !== year || read.getUTCMonth() !== month - 1 || read.getUTCDate() !== day) return undefined;
  return dayMs + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds - offsetMs;
}

function offsetMinutes(offset: string | undefined): number {
  if (offset === undefined || offset.toUpperCase() === 'Z') return 0;
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return offset.startsWith('-') ? -minutes : minutes;
}
