import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';

/** 32 for the token, and 12 for the one text that is sealed with it. */
export const linkEntropyBytes = 44;
const tokenBytes = 32;
const tagBytes = 16;
const ivBytes = 12;
const cipher = 'aes-256-gcm';

/** @param entropy `linkEntropyBytes` random bytes, of which it takes the first 32 */
export function makeLinkToken(entropy: Uint8Array): string {
  return `lk_${Buffer.from(entropy.subarray(0, tokenBytes)).toString('base64url')}`;
}

/**
 * The SHA-256 by which a link is looked up, the only trace of its token that is stored. Undefined for
 * text that cannot be a token: it costs no look-up.
 */
export function linkHash(token: string): string | undefined {
  if (!/^lk_[\w-]{43}$/.test(token)) return undefined;
  return createHash('sha256').update(token).digest('hex');
}

/** How people and logs name a link: the first 12 digits of its hash, which lead to no link. */
export function linkId(hash: string): string {
  return hash.slice(0, 12);
}

/**
 * Encrypts a text so that only the token opens it. A table of links then holds nothing that its
 * readers could use.
 * @param entropy the same bytes as for the token, of which it takes the last 12
 */
export function sealFor(token: string, text: string, entropy: Uint8Array): Uint8Array {
  const iv = entropy.subarray(tokenBytes, tokenBytes + ivBytes);
  const sealing = createCipheriv(cipher, keyOf(token), iv);
  return Buffer.concat([iv, sealing.update(text, 'utf8'), sealing.final(), sealing.getAuthTag()]);
}

/** @returns undefined when another token sealed it, or it was changed */
export function openSealed(token: string, sealed: Uint8Array): string | undefined {
  try {
    const opening = createDecipheriv(cipher, keyOf(token), sealed.subarray(0, ivBytes));
    opening.setAuthTag(sealed.subarray(-tagBytes));
    const text = opening.update(sealed.subarray(ivBytes, -tagBytes));
    return Buffer.concat([text, opening.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function keyOf(token: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', token, '', 'signalbox link', 32));
}
