import { createHmac } from 'node:crypto';
import type { SourceState } from '../configuration/schema.ts';
import type { OldCredential } from '../events/raw-event.ts';
import { sameText } from '../signatures/same-text.ts';

const tokenLength = 24;

/**
 * The unguessable part of a source's URL, 144 bits of a keyed hash: nothing has to be stored, and raising the generation
 * makes a new one. docs/protocols/configuration.md.
 */
export function ingestToken(ingestKey: string, source: string, generation: number): string {
  return createHmac('sha256', ingestKey).update(`${source}.${generation}`).digest('base64url').slice(0, tokenLength);
}

/** Where a source's events are posted, below the API's address. */
export function ingestPath(source: string, token: string): string {
  return `/v1/sources/${source}/${token}`;
}

/**
 * Whether `token` opens the source: one of its current generation, of the previous one while that is valid, or one made
 * with the previous key while the key is being replaced. The work is the same for every source and every token, known
 * or not, so that the time of the answer tells nothing.
 *
 * @param ingestKeys the current key, then the previous one if it is still accepted
 * @returns what about the token is on its way out, which is nothing for the source's current URL; undefined: it opens nothing
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
