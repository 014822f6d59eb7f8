import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { defined } from '../core/defined.ts';
import { type ApiKeyKind, apiKeyId } from '../core/ids/api-key.ts';
import type { ApiKey, ApiKeys } from '../ports/api-keys.ts';
import { tableError, writeIf } from './dynamodb.ts';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';

/** All keys are one partition of a few items, so that a list is one Query. */
export const apiKeysPartition = 'keys';

const keyOf = (hash: string) => ({ pk: apiKeysPartition, sk: hash });

const hourMs = 3_600_000;

export function makeApiKeys({ client, table }: ConfigurationTable): ApiKeys {
  return {
    async find(hash) {
      const { Item } = await client
        .send(new GetCommand({ TableName: table, Key: keyOf(hash), ConsistentRead: true }))
        .catch((error) => {
          throw tableError(error, 'reading an API key');
        });
      return Item && apiKeyFromItem(Item);
    },

    async noteUse({ hash, lastUsedAtMs }, nowMs) {
      const hourStartMs = Math.floor(nowMs / hourMs) * hourMs;
      if (lastUsedAtMs !== undefined && lastUsedAtMs >= hourStartMs) return;
      // Refused: another process noted it, or the key is gone.
      await writeIf(
        client.send(
          new UpdateCommand({
            TableName: table,
            Key: keyOf(hash),
            UpdateExpression: 'SET last_used_at = :hour',
            ConditionExpression:
              'attribute_exists(pk) AND (attribute_not_exists(last_used_at) OR last_used_at < :hour)',
            ExpressionAttributeValues: { ':hour': iso(hourStartMs) },
          }),
        ),
        'noting the use of an API key',
      );
    },
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
  { client, table }: ConfigurationTable,
  hash: string,
  { nowMs, author }: { nowMs: number; author: string },
): Promise<boolean> {
  return writeIf(
    client.send(
      new UpdateCommand({
        TableName: table,
        Key: keyOf(hash),
        UpdateExpression: 'SET revoked_at = :at, revoked_by = :by',
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(revoked_at)',
        ExpressionAttributeValues: { ':at': iso(nowMs), ':by': author },
      }),
    ),
    'revoking an API key',
  );
}

function apiKeyFromItem(item: Record<string, unknown>): ApiKey {
  const hash = String(item.sk);
  const time = (text: unknown) => (typeof text === 'string' ? Date.parse(text) : undefined);
  return {
    id: apiKeyId(hash),
    hash,
    kind: item.kind as ApiKeyKind,
    name: String(item.name),
    createdAtMs: Date.parse(String(item.created_at)),
    createdBy: String(item.created_by),
    ...defined({
      lastUsedAtMs: time(item.last_used_at),
      revokedAtMs: time(item.revoked_at),
      revokedBy: item.revoked_by as string | undefined,
    }),
  };
}

const iso = (timeMs: number) => new Date(timeMs).toISOString();
