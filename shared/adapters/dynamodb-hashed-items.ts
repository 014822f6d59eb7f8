import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { defined } from '../core/defined.ts';
import { tableError, writeIf } from './dynamodb.ts';
import type { ConfigurationTable } from './dynamodb-configuration-table.ts';

/*
 * Secrets that are stored by their hash, API keys and links of sources alike: items of the Configuration
 * table, all of one kind in one partition, so that a list is one Query.
 */

const hourMs = 3_600_000;

/** The item of a hash, read consistently: a revoked one is refused at once. */
export async function readHashed(
  { client, table }: ConfigurationTable,
  Key: HashedKey,
  what: string,
): Promise<Record<string, unknown> | undefined> {
  const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true })).catch((error) => {
    throw tableError(error, `reading ${what}`);
  });
  return Item;
}

/** Notes the hour of a use: one write an hour, whichever process is the first. */
export async function noteHashedUse(
  { client, table }: ConfigurationTable,
  Key: HashedKey,
  { lastUsedAtMs, nowMs }: { lastUsedAtMs: number | undefined; nowMs: number },
  what: string,
): Promise<void> {
  const hourStartMs = Math.floor(nowMs / hourMs) * hourMs;
  if (lastUsedAtMs !== undefined && lastUsedAtMs >= hourStartMs) return;
  // Refused: another process noted it, or the item is gone.
  await writeIf(
    client.send(
      new UpdateCommand({
        TableName: table,
        Key,
        UpdateExpression: 'SET last_used_at = :hour',
        ConditionExpression: 'attribute_exists(pk) AND (attribute_not_exists(last_used_at) OR last_used_at < :hour)',
        ExpressionAttributeValues: { ':hour': iso(hourStartMs) },
      }),
    ),
    `noting the use of ${what}`,
  );
}

/** @returns false when it was revoked already, or does not exist */
export function revokeHashed(
  { client, table }: ConfigurationTable,
  Key: HashedKey,
  { nowMs, author }: { nowMs: number; author: string },
  what: string,
): Promise<boolean> {
  return writeIf(
    client.send(
      new UpdateCommand({
        TableName: table,
        Key,
        UpdateExpression: 'SET revoked_at = :at, revoked_by = :by',
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(revoked_at)',
        ExpressionAttributeValues: { ':at': iso(nowMs), ':by': author },
      }),
    ),
    `revoking ${what}`,
  );
}

/** Its last use and its end, as far as the item has them. */
export function endsFromItem(item: Record<string, unknown>): {
  lastUsedAtMs?: number;
  revokedAtMs?: number;
  revokedBy?: string;
} {
  const time = (text: unknown) => (typeof text === 'string' ? Date.parse(text) : undefined);
  return defined({
    lastUsedAtMs: time(item.last_used_at),
    revokedAtMs: time(item.revoked_at),
    revokedBy: item.revoked_by as string | undefined,
  });
}

type HashedKey = { pk: string; sk: string };

const iso = (timeMs: number) => new Date(timeMs).toISOString();
