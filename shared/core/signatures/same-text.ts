import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Compares a credential in a time that says nothing about it. Digests of equal length are compared, so that neither the
 * length of the secret nor that of the guess shows.
 */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
