import { createHmac } from 'node:crypto';
import type { SourceState } from '../configuration/schema.ts';
import type { OldCredential } from '../events/raw-event.ts';
import { sameText } from '../signatures/same-text.ts';

const tokenLength = 24;

/**
 * The unguessable part of a source's URL, 144 bits of a keyed hash. It is not stored, and raising
 * the generation makes a new one. docs/protocols/configuration.md.
 */
export function ingestToken(ingestKey: string, source: string, generation: number): string {
  return createHmac('sha256', ingestKey).update(`${source}.${generation}`).digest('base64url').slice(0, tokenLength);
}

/** The path for a source's events, below the API's address. */
export function ingestPath(source: string, token: string): string {
  return `/v1/sources/${source}/${token}`;
}

/**
 * Whether `token` opens the source. It does if it is of the current generation, of the previous one
 * while that is valid, or made with the previous key during its replacement. The work is the same
 * for every source and token, known or not, so the time of the answer reveals nothing.
 * @param ingestKeys the current key, then the previous one if it is still accepted
 * @returns what is old about the token, empty for the source's current URL; undefined when it does
 * not open the source
 */
export function matchIngestToken(
  token: string,
  source: string,
  url: SourceState['url'],
  ingestKeys: string[],
): readonly OldCredential[] | undefined {
  let match: readonly OldCredential[] | undefined;
  for (const [i, key] of ingestKeys.entries()) {
    const current = sameText(token, ingestToken(key, source, url.generation));
    const previous = sameText(token, ingestToken(key, source, url.generation - 1));
    if (current || (previous && url.previous_valid))
      match = [...(current ? [] : ['url' as const]), ...(i === 0 ? [] : ['key' as const])];
  }
  return match;
}
