import { createHash } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { canonicalJson } from '../core/configuration/canonical-json.ts';
import type { Snapshot } from '../core/configuration/schema.ts';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';

export const emptySnapshot: Snapshot = { sources: {}, workflows: {}, audiences: {} };

/** @throws Error when a part is missing or does not hash to its name */
export async function readSnapshot(table: ConfigurationTable, hash: string): Promise<Snapshot> {
  const parts = (await queryAll(table, `snapshot#${hash}`)).map((item) => item.content as Uint8Array);
  if (parts.length === 0) throw new Error(`snapshot ${hash} is not in the table`);
  const text = brotliDecompressSync(Buffer.concat(parts)).toString('utf8');
  if (snapshotHash(text) !== hash)
    throw new Error(`snapshot ${hash} is damaged: its content hashes to ${snapshotHash(text)}`);
  // What was stored before there were audiences has none.
  return { ...emptySnapshot, ...JSON.parse(text) };
}

function snapshotHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

// An item holds 400 KB with its keys.
const partBytesMax = 380 * 1024;

/** Stores content under its hash; storing the same content twice changes nothing. */
export async function writeSnapshot({ client, table }: ConfigurationTable, snapshot: Snapshot): Promise<string> {
  const text = canonicalJson(snapshot);
  const hash = snapshotHash(text);
  // The highest quality would take half a minute for 100,000 mappings, to save a tenth.
  const content = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
  for (let i = 0; i * partBytesMax < content.length; i++) {
    const part = content.subarray(i * partBytesMax, (i + 1) * partBytesMax);
    await client.send(
      new PutCommand({
        TableName: table,
        Item: { pk: `snapshot#${hash}`, sk: String(i).padStart(4, '0'), content: part },
      }),
    );
  }
  return hash;
}
