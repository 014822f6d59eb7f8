import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { type ApiKeyKind, apiKeyId } from '../core/ids/api-key.ts';
import type { ApiKey, ApiKeys } from '../ports/api-keys.ts';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';
import { endsFromItem, noteHashedUse, readHashed, revokeHashed } from './dynamodb-hashed-items.ts';

export const apiKeysPartition = 'keys';

const keyOf = (hash: string) => ({ pk: apiKeysPartition, sk: hash });

export function makeApiKeys(configuration: ConfigurationTable): ApiKeys {
  return {
    async find(hash) {
      const item = await readHashed(configuration, keyOf(hash), 'an API key');
      return item && apiKeyFromItem(item);
    },
    noteUse: ({ hash, lastUsedAtMs }, nowMs) =>
      noteHashedUse(configuration, keyOf(hash), { lastUsedAtMs, nowMs }, 'an API key'),
  };
}

/** The oldest first. */
export async function listApiKeys(table: ConfigurationTable): Promise<ApiKey[]> {
  const items = await queryAll(table, apiKeysPartition, true);
  return items.map(apiKeyFromItem).sort((a, b) => a.createdAtMs - b.createdAtMs);
}

type NewApiKey = Pick<ApiKey, 'hash' | 'kind' | 'name' | 'createdAtMs' | 'createdBy'>;

export async function writeApiKey(
  { client, table }: ConfigurationTable,
  { hash, kind, name, createdAtMs, createdBy }: NewApiKey,
): Promise<void> {
  const item = { ...keyOf(hash), kind, name, created_at: iso(createdAtMs), created_by: createdBy };
  await client.send(new PutCommand({ TableName: table, Item: item, ConditionExpression: 'attribute_not_exists(pk)' }));
}

/** @returns false when the key was revoked already, or does not exist */
export function revokeApiKey(
  configuration: ConfigurationTable,
  hash: string,
  by: { nowMs: number; author: string },
): Promise<boolean> {
  return revokeHashed(configuration, keyOf(hash), by, 'an API key');
}

function apiKeyFromItem(item: Record<string, unknown>): ApiKey {
  const hash = String(item.sk);
  return {
    id: apiKeyId(hash),
    hash,
    kind: item.kind as ApiKeyKind,
    name: String(item.name),
    createdAtMs: Date.parse(String(item.created_at)),
    createdBy: String(item.created_by),
    ...endsFromItem(item),
  };
}

const iso = (timeMs: number) => new Date(timeMs).toISOString();
