import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Compares a credential in constant time. It compares digests of equal length, so the lengths of
 * secret and guess do not show.
 */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
