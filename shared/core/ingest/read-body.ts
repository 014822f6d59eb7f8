import { gunzipSync } from 'node:zlib';
import { type Refusal, refused } from './refusal.ts';

/** The most bytes of a request's body, as sent and decompressed. */
export const bodyBytesMax = 4 * 1024 * 1024;

/**
 * The body's exact text. Bytes that are not UTF-8 are refused, never replaced, since a replaced
 * character makes a different id. A leading byte order mark is left out.
 */
export function readBody(
  rawBody: Uint8Array,
  contentEncoding: string | undefined,
): { kind: 'text'; text: string } | Refusal {
  if (rawBody.length > bodyBytesMax) return tooLarge(`the body has ${rawBody.length} bytes`);
  const encoding = (contentEncoding ?? '').trim().toLowerCase();
  const layers = encoding.split(',').map((layer) => layer.trim());
  const isKnown = layers.length <= layersMax && layers.every((layer) => knownEncodings.has(layer));
  if (!isKnown && !isPlainJson(rawBody)) {
    return refused('encoding_unsupported', `content-encoding is "${encoding}"; send the body as it is, or with gzip`);
  }
  if (rawBody.length === 0) return refused('body_empty', 'the request has no body; send an event as a JSON object');
  // A proxy may have inflated the body and left the header, or the sender may compress without the
  // header.
  let bytes: Uint8Array | Refusal = rawBody;
  for (const _ of layers) if (bytes instanceof Uint8Array && hasGzipMark(bytes)) bytes = inflate(bytes);
  return bytes instanceof Uint8Array ? decode(bytes) : bytes;
}

/** `x-gzip` is gzip: https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.3 */
const knownEncodings = new Set(['', 'identity', 'gzip', 'x-gzip']);

/**
 * A proxy that compresses again, or writes the header again, makes `gzip, gzip`. More does not
 * occur.
 */
const layersMax = 2;

/**
 * Whether a body with an unknown encoding is JSON all the same: a proxy decoded it and left the
 * header, or the sender wrote its character set there. Bytes of a real encoding are not UTF-8
 * between two brackets.
 */
function isPlainJson(rawBody: Uint8Array): boolean {
  const decoded = hasGzipMark(rawBody) ? undefined : decode(rawBody);
  return decoded?.kind === 'text' && /^\s*[[{]/.test(decoded.text) && /[\]}]\s*$/.test(decoded.text.slice(-100));
}

/** Text never begins like this. Some senders compress, but announce it in a header for answers. */
function hasGzipMark(rawBody: Uint8Array): boolean {
  return rawBody[0] === 0x1f && rawBody[1] === 0x8b;
}

function inflate(rawBody: Uint8Array): Uint8Array | Refusal {
  try {
    // Stops at the limit, so that a gzip bomb costs only a fraction of its content.
    return gunzipSync(rawBody, { maxOutputLength: bodyBytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      return tooLarge('the decompressed body is larger');
    return refused('body_not_gzip', 'the body begins like gzip, but is not gzip or breaks off');
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
  return refused('body_too_large', `${what}; at most ${bodyBytesMax} are accepted. Send fewer or smaller events`);
}
