import { createHash } from 'node:crypto';

/**
 * Event ids: ULIDs whose random part also says where the event's log row is.
 *
 * ```
 * 01JD3Q9F7K  8M2  5RXK0Q4T9B7C  0
 * time (ms)   |    random        log shard (0-31)
 *             hash of the source key (15 bits)
 * ```
 *
 * An id alone therefore leads to its row: the time gives the day, the last character the shard, and the hash picks the
 * source from the list of known ones. docs/ingest.md, "Event id".
 */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const valueByCharacter = new Map([...alphabet].map((character, value) => [character, value]));
const timeLength = 10;
const hashLength = 3;
const randomLength = 12;
export const eventIdLength = timeLength + hashLength + randomLength + 1;

/** The most log shards of a source: the values of one Crockford character. */
export const logShardsMax = 32;

/** A new id for an event received at `receivedAtMs`. `entropy` holds at least 12 random bytes. */
export function makeEventId(source: string, shard: number, receivedAtMs: number, entropy: Uint8Array): string {
  if (!Number.isInteger(shard) || shard < 0 || shard >= logShardsMax)
    throw new RangeError(`log shard ${shard} is not in 0-31`);
  let random = '';
  for (let i = 0; i < randomLength; i++) random += alphabet[(entropy[i] ?? 0) & 31];
  return encodeTime(receivedAtMs) + sourceHash(source) + random + alphabet[shard];
}

export function isEventId(text: string): boolean {
  return (
    text.length === eventIdLength &&
    text[0] !== undefined &&
    text[0] <= '7' &&
    [...text].every((c) => valueByCharacter.has(c))
  );
}

/** When the event was received, in epoch milliseconds. */
export function eventIdTimeMs(id: string): number {
  let time = 0;
  for (let i = 0; i < timeLength; i++) time = time * 32 + digit(id, i);
  return time;
}

/**
 * Whether one event came before another: it was received earlier, or was before it in the same
 * request, whose ids ascend. Of two events of different sources in one millisecond neither came
 * first.
 */
export function isEventBefore(id: string, other: string): boolean {
  const times = [id, other].map(eventIdTimeMs) as [number, number];
  if (times[0] !== times[1]) return times[0] < times[1];
  const [source, otherSource] = [id, other].map((one) => one.slice(timeLength, timeLength + hashLength));
  return source === otherSource && id < other;
}

export function eventIdShard(id: string): number {
  return digit(id, eventIdLength - 1);
}

/**
 * Whether `id` can belong to `source`: true for its own source, and by chance for one in 32,768
 * others.
 */
export function eventIdMayBeFrom(id: string, source: string): boolean {
  return id.slice(timeLength, timeLength + hashLength) === sourceHash(source);
}

/** What an id is made of, besides its source: `random` has 60 bits, `shard` is 0 to 31. */
export type EventIdParts = { timeMs: number; random: bigint; shard: number };

export function eventIdParts(id: string): EventIdParts {
  let random = 0n;
  for (let i = timeLength + hashLength; i < eventIdLength - 1; i++) random = random * 32n + BigInt(digit(id, i));
  return { timeMs: eventIdTimeMs(id), random, shard: eventIdShard(id) };
}

/** The id of these parts, of this source. */
export function eventIdFromParts(source: string, { timeMs, random, shard }: EventIdParts): string {
  let text = '';
  for (let rest = random, i = 0; i < randomLength; i++, rest /= 32n) text = alphabet[Number(rest % 32n)] + text;
  return encodeTime(timeMs) + sourceHash(source) + text + alphabet[shard];
}

/** The smallest id of a time: `lowestIdAt(t) <= id` holds for every id made at or after `t`. */
export function lowestIdAt(timeMs: number): string {
  return encodeTime(timeMs) + '0'.repeat(eventIdLength - timeLength);
}

/** The UTC day of an id or a time, as log keys write it: `20261121`. */
export function utcDay(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10).replaceAll('-', '');
}

const sourceHashes = new Map<string, string>();

function sourceHash(source: string): string {
  const known = sourceHashes.get(source);
  if (known !== undefined) return known;
  const bits = createHash('sha256').update(source).digest().readUInt16BE(0) & 0x7fff;
  const text = `${alphabet[bits >> 10]}${alphabet[(bits >> 5) & 31]}${alphabet[bits & 31]}`;
  sourceHashes.set(source, text);
  return text;
}

function encodeTime(timeMs: number): string {
  let rest = Math.max(0, Math.floor(timeMs));
  let text = '';
  for (let i = 0; i < timeLength; i++) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function digit(id: string, position: number): number {
  const value = valueByCharacter.get(id[position] ?? '');
  if (value === undefined) throw new RangeError(`"${id}" is not an event id`);
  return value;
}
