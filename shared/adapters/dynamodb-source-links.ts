import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { defined } from '../core/defined.ts';
import { linkId } from '../core/ids/link-token.ts';
import type { LinkGuide, SourceLink, SourceLinks } from '../ports/source-links.ts';
import { tableError, writeIf } from './dynamodb.ts';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';

/** All links are one partition of a few items, so that a list is one Query. */
const partition = 'links';

const keyOf = (hash: string) => ({ pk: partition, sk: hash });

const hourMs = 3_600_000;

export function makeSourceLinks({ client, table }: ConfigurationTable): SourceLinks {
  return {
    async find(hash) {
      const { Item } = await client
        .send(new GetCommand({ TableName: table, Key: keyOf(hash), ConsistentRead: true }))
        .catch((error) => {
          throw tableError(error, 'reading a link');
        });
      return Item && linkFromItem(Item);
    },

    async noteUse({ hash, lastUsedAtMs }, nowMs) {
      const hourStartMs = Math.floor(nowMs / hourMs) * hourMs;
      if (lastUsedAtMs !== undefined && lastUsedAtMs >= hourStartMs) return;
      // Refused: another process noted it, or the link is gone.
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
        'noting the use of a link',
      );
    },
  };
}

/** The oldest first. */
export async function listSourceLinks(table: ConfigurationTable): Promise<SourceLink[]> {
  const items = await queryAll(table, partition, true);
  return items.map(linkFromItem).sort((a, b) => a.createdAtMs - b.createdAtMs);
}

export async function writeSourceLink({ client, table }: ConfigurationTable, link: SourceLink): Promise<void> {
  const { hash, source, payloads, guide, sealedUrl, urlGeneration, createdAtMs, createdBy, expiresAtMs } = link;
  const item = {
    ...keyOf(hash),
    source,
    payloads,
    guide,
    url_generation: urlGeneration,
    created_at: iso(createdAtMs),
    created_by: createdBy,
    valid_until: iso(expiresAtMs),
    ...(sealedUrl && { sealed_url: sealedUrl }),
  };
  await client.send(new PutCommand({ TableName: table, Item: item, ConditionExpression: 'attribute_not_exists(pk)' }));
}

export async function deleteSourceLink({ client, table }: ConfigurationTable, hash: string): Promise<void> {
  await client.send(new DeleteCommand({ TableName: table, Key: keyOf(hash) }));
}

/** @returns false when the link was revoked already, or does not exist */
export function revokeSourceLink(
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
    'revoking a link',
  );
}

function linkFromItem(item: Record<string, unknown>): SourceLink {
  const hash = String(item.sk);
  const time = (text: unknown) => (typeof text === 'string' ? Date.parse(text) : undefined);
  return {
    id: linkId(hash),
    hash,
    source: String(item.source),
    payloads: item.payloads === true,
    guide: item.guide as LinkGuide,
    urlGeneration: Number(item.url_generation),
    createdAtMs: Date.parse(String(item.created_at)),
    createdBy: String(item.created_by),
    expiresAtMs: Date.parse(String(item.valid_until)),
    ...defined({
      sealedUrl: item.sealed_url as Uint8Array | undefined,
      lastUsedAtMs: time(item.last_used_at),
      revokedAtMs: time(item.revoked_at),
      revokedBy: item.revoked_by as string | undefined,
    }),
  };
}

const iso = (timeMs: number) => new Date(timeMs).toISOString();
