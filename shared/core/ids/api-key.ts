import { createHash } from 'node:crypto';

/** `secret`: for servers, may do everything. `public`: for browsers; no server call accepts it. */
export type ApiKeyKind = 'secret' | 'public';

/**
 * What a key's text leads to. Only its hash is ever stored: 32 random bytes need no slow hash, and
 * looking a hash up reveals nothing by the time that it takes.
 */
export type ApiKeyRef = {
  kind: ApiKeyKind;
  /** SHA-256 of the whole text, 64 hexadecimal digits. */
  hash: string;
};

const prefixes = { secret: 'sk_', public: 'pk_' } as const;
export const apiKeyBytes = 32;

/** @param entropy 32 random bytes */
export function makeApiKey(kind: ApiKeyKind, entropy: Uint8Array): string {
  return `${prefixes[kind]}${Buffer.from(entropy).toString('base64url')}`;
}

/** Undefined for text that cannot be a key: it costs no look-up. */
export function readApiKey(text: string): ApiKeyRef | undefined {
  const [, prefix] = /^([sp])k_[\w-]{43}$/.exec(text) ?? [];
  if (prefix === undefined) return undefined;
  return { kind: prefix === 's' ? 'secret' : 'public', hash: createHash('sha256').update(text).digest('hex') };
}

/** How people and logs name a key: the first 12 digits of its hash, which lead to no key. */
export function apiKeyId(hash: string): string {
  return hash.slice(0, 12);
}
