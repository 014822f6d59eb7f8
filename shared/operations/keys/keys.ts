import { listApiKeys, revokeApiKey, writeApiKey } from '../../adapters/dynamodb-api-keys.ts';
import { type ApiKeyKind, apiKeyId, makeApiKey, readApiKey } from '../../core/ids/api-key.ts';
import { isBlank } from '../../core/json/values.ts';
import type { ApiKey } from '../../ports/api-keys.ts';
import type { Environment } from '../environment.ts';
import { failure, notFound, usageError } from '../refusal.ts';
import { iso, isoOrNull } from '../words/iso.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

/** A key of the API, as lists show it: its text is known only to who made it. */
export type KeyRow = {
  id: string;
  name: string;
  kind: ApiKeyKind;
  created_at: string;
  created_by: string;
  /** The hour of its last use; null when it was never used. */
  last_used_at: string | null;
  /** Null for a key that works. */
  revoked_at: string | null;
  revoked_by: string | null;
};

/** `key` is shown this once, and is stored nowhere. */
export type NewKey = { id: string; name: string; key: string };

type KeysOf = Pick<Environment, 'name' | 'configuration'>;

const nameLengthMax = 100;

/**
 * Makes a key of this environment; it works at once.
 * @param entropy 32 random bytes
 * @throws Refusal (invalid) for a name that is blank, too long for a table of keys, or has control characters
 */
export async function createKey(
  { configuration }: KeysOf,
  { name, kind }: { name: string; kind: ApiKeyKind },
  { author, nowMs, entropy }: { author: string; nowMs: number; entropy: Uint8Array },
): Promise<NewKey> {
  if (isBlank(name)) throw usageError('the name of the key is blank', 'name what will use it: "census", "checkout"');
  if (name.length > nameLengthMax)
    throw usageError(`the name of the key has ${name.length} characters; at most ${nameLengthMax} fit a list`);
  if (/\p{Cc}/u.test(name))
    throw usageError(`the name of the key has a control character: ${JSON.stringify(name)}`, 'write it without');
  const key = makeApiKey(kind, entropy);
  const hash = readApiKey(key)?.hash;
  if (hash === undefined) throw new Error('a key that was just made could not be read');
  await writeApiKey(configuration, { hash, kind, name: name.trim(), createdAtMs: nowMs, createdBy: author });
  return { id: apiKeyId(hash), name: name.trim(), key };
}

/** Every key that was ever made here, the oldest first. */
export async function listKeys({ configuration }: KeysOf): Promise<KeyRow[]> {
  return (await listApiKeys(configuration)).map(keyRow);
}

/**
 * Ends a key: the next request with it is refused.
 * @throws Refusal (not_found) for an unknown id; (failed) for a key that was revoked before
 */
export async function revokeKey(
  environment: KeysOf,
  id: string,
  { author, nowMs }: { author: string; nowMs: number },
): Promise<KeyRow> {
  const keys = await listApiKeys(environment.configuration);
  const found = keys.find((key) => key.id === id);
  if (found === undefined) {
    const named = keys.filter(({ name, revokedAtMs }) => name === id && revokedAtMs === undefined);
    const remedy = named.map((key) => `the key "${id}" has the id ${key.id}`);
    throw notFound(
      `there is no key ${id} in ${environment.name}`,
      ...(remedy.length > 0 ? remedy : ['npx signalbox keys list shows the ids']),
    );
  }
  const isRevoked = await revokeApiKey(environment.configuration, found.hash, { nowMs, author });
  if (!isRevoked) throw failure(`the key ${id} ("${found.name}") was revoked before`, 'it is refused already');
  return keyRow({ ...found, revokedAtMs: nowMs, revokedBy: author });
}

function keyRow({ id, name, kind, createdAtMs, createdBy, lastUsedAtMs, revokedAtMs, revokedBy }: ApiKey): KeyRow {
  return {
    id,
    name,
    kind,
    created_at: iso(createdAtMs),
    created_by: createdBy,
    last_used_at: isoOrNull(lastUsedAtMs),
    revoked_at: isoOrNull(revokedAtMs),
    revoked_by: revokedBy ?? null,
  };
}
