import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { defined } from '../core/defined.ts';
import { linkId } from '../core/ids/link-token.ts';
import type { LinkGuide, SourceLink, SourceLinks } from '../ports/source-links.ts';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';
import { endsFromItem, noteHashedUse, readHashed, revokeHashed } from './dynamodb-hashed-items.ts';

const partition = 'links';

const keyOf = (hash: string) => ({ pk: partition, sk: hash });

export function makeSourceLinks(configuration: ConfigurationTable): SourceLinks {
  return {
    async find(hash) {
      const item = await readHashed(configuration, keyOf(hash), 'a link');
      return item && linkFromItem(item);
    },
    noteUse: ({ hash, lastUsedAtMs }, nowMs) =>
      noteHashedUse(configuration, keyOf(hash), { lastUsedAtMs, nowMs }, 'a link'),
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
  configuration: ConfigurationTable,
  hash: string,
  by: { nowMs: number; author: string },
): Promise<boolean> {
  return revokeHashed(configuration, keyOf(hash), by, 'a link');
}

function linkFromItem(item: Record<string, unknown>): SourceLink {
  const hash = String(item.sk);
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
    ...defined({ sealedUrl: item.sealed_url as Uint8Array | undefined }),
    ...endsFromItem(item),
  };
}

const iso = (timeMs: number) => new Date(timeMs).toISOString();
