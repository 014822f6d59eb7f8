import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { clip } from '../text.ts';
import { type Refusal, refused } from './refusal.ts';

/** The most bytes of a request's body, as sent and decompressed. */
export const bodyBytesMax = 4 * 1024 * 1024;

/**
 * The body's exact text. Bytes that are not UTF-8 are refused, never replaced, since a replaced
 * character makes a different id. A leading byte order mark is left out.
 *
 * `content-encoding` is believed less than the bytes: a proxy may have inflated the body and left
 * the header, and some senders compress without one. Signatures were checked before, over the bytes
 * as they came: that is what senders who compress sign. Where a proxy inflated the body, these are
 * the bytes that the sender signed before it compressed, or the check fails.
 */
export function readBody(
  rawBody: Uint8Array,
  contentEncoding: string | undefined,
): { kind: 'text'; text: string } | Refusal {
  if (rawBody.length > bodyBytesMax) return tooLarge(`the body has ${rawBody.length}`);
  const encoding = (contentEncoding ?? '').trim().toLowerCase();
  const layers = encoding.split(',').map((layer) => layer.trim());
  const isKnown = layers.length <= layersMax && layers.every((layer) => knownEncodings.has(layer));
  if (!isKnown && !isPlainJson(rawBody)) {
    const detail = `content-encoding is "${clip(encoding, 100)}"; send the body as it is, or with gzip, br or deflate`;
    return refused('encoding_unsupported', detail);
  }
  if (rawBody.length === 0) return refused('body_empty', 'the request has no body; send an event as a JSON object');
  let bytes: Uint8Array | Refusal = rawBody;
  // The last encoding was applied last.
  for (const layer of layers.reverse()) if (bytes instanceof Uint8Array) bytes = decompress(bytes, layer);
  return bytes instanceof Uint8Array ? decode(bytes) : bytes;
}

/** `x-gzip` is gzip: https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.3 */
const knownEncodings = new Set(['', 'identity', 'gzip', 'x-gzip', 'br', 'deflate']);

/**
 * A proxy that compresses again, or writes the header again, makes `gzip, gzip`. More does not
 * occur.
 */
const layersMax = 2;

function decompress(bytes: Uint8Array, layer: string): Uint8Array | Refusal {
  // Whatever the header says: text never begins like this.
  if (hasGzipMark(bytes)) return inflate(bytes, gunzipSync, 'body_not_gzip', 'begins like gzip');
  if ((layer !== 'br' && layer !== 'deflate') || isPlainJson(bytes)) return bytes;
  const inflater = layer === 'br' ? brotliDecompressSync : hasZlibMark(bytes) ? inflateSync : inflateRawSync;
  return inflate(bytes, inflater, 'body_not_compressed', `is announced as ${layer}`);
}

/**
 * Whether a body is JSON although its header says otherwise: a proxy decoded it and left the
 * header, or the sender wrote its character set there. Bytes of a real encoding are not UTF-8
 * between two brackets.
 */
function isPlainJson(bytes: Uint8Array): boolean {
  const decoded = hasGzipMark(bytes) ? undefined : decode(bytes);
  return decoded?.kind === 'text' && /^\s*[[{]/.test(decoded.text) && /[\]}]\s*$/.test(decoded.text.slice(-100));
}

function hasGzipMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * `deflate` means zlib's format, but some senders leave its head out.
 * https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.2
 */
function hasZlibMark([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}

function inflate(
  bytes: Uint8Array,
  inflater: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array,
  reason: 'body_not_gzip' | 'body_not_compressed',
  what: string,
): Uint8Array | Refusal {
  try {
    // Stops at the limit, so that a bomb costs only a fraction of its content.
    return inflater(bytes, { maxOutputLength: bodyBytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      return tooLarge('the body is too large once it is decompressed');
    return refused(reason, `the body ${what}, but is not that or breaks off`);
  }
}

function decode(bytes: Uint8Array): { kind: 'text'; text: string } | Refusal {
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return refused('body_not_utf8', 'the body has bytes that are not UTF-8; encode it as UTF-8');
  }
}

function tooLarge(what: string): Refusal {
  return refused('body_too_large', `${what}; at most ${bodyBytesMax} bytes are accepted. Send fewer or smaller events`);
}
