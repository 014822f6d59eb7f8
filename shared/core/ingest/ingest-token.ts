import { createHmac } from 'node:crypto';
import type { SourceState } from '../configuration/schema.ts';
import { sameText } from '../signatures/same-text.ts';

const tokenLength = 24;

/**
 * The unguessable part of a source's URL, 144 bits of a keyed hash: nothing has to be stored, and raising the generation
 * makes a new one. docs/architecture.md, "Configuration".
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
 */
export function isIngestToken(token: string, source: string, url: SourceState['url'], ingestKeys: string[]): boolean {
  let matches = false;
  for (const key of ingestKeys) {
    const current = sameText(token, ingestToken(key, source, url.generation));
    const previous = sameText(token, ingestToken(key, source, url.generation - 1));
    matches = matches || current || (previous && url.previous_valid);
  }
  return matches;
}
