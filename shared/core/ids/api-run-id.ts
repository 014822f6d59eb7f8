import { createHash } from 'node:crypto';
import { apiSource } from './api-source.ts';
import { eventIdFromParts, eventIdParts } from './event-id.ts';

/**
 * The workflow run id that a trigger of the REST API answers: a UUID of version 8 that holds the
 * request's id. So the id alone leads to the request's rows, without an index or a row of its own.
 *
 * ```
 * time (ms), 48 bits | 8 | log shard, 5 bits; check, 7 bits | 10, 00 | random, 60 bits
 * ```
 *
 * The source is not in it: it is the API. https://www.rfc-editor.org/rfc/rfc9562#section-5.8
 */
export function apiRunId(requestId: string): string {
  const { timeMs, random, shard } = eventIdParts(requestId);
  const hex = (value: number | bigint, digits: number) => value.toString(16).padStart(digits, '0');
  const time = hex(timeMs, 12);
  const middle = hex((shard << 7) | checkOf(requestId), 3);
  // The first hexadecimal digit of the last part holds the variant's two bits and two zero bits.
  const end = `8${hex(random, 15)}`;
  return `${time.slice(0, 8)}-${time.slice(8)}-8${middle}-${end.slice(0, 4)}-${end.slice(4)}`;
}

/** The request whose trigger has this run id; undefined for any other text. */
export function requestOfApiRunId(text: string): string | undefined {
  const [, high = '', low = '', middle = '', start = '', end = ''] =
    /^([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-8([0-9a-f]{3})-([0-9a-f]{12})$/.exec(text.toLowerCase()) ?? [];
  if (high === '') return undefined;
  const bits = Number.parseInt(middle, 16);
  const id = eventIdFromParts(apiSource, {
    timeMs: Number.parseInt(`${high}${low}`, 16),
    random: BigInt(`0x${start}${end}`),
    shard: bits >> 7,
  });
  return checkOf(id) === (bits & 0x7f) ? id : undefined;
}

/** Tells our ids from other UUIDs of this version, but for one in 128. */
function checkOf(requestId: string): number {
  return createHash('sha256').update(requestId).digest().readUInt8(0) & 0x7f;
}
