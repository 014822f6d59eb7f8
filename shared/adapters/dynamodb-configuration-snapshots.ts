import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/configuration/canonical-json.ts';
import type { Snapshot } from '../core/configuration/schema.ts';
import { pack, readParts, unpack, writeParts } from './dynamodb-configuration-parts.ts';
import type { ConfigurationTable } from './dynamodb-configuration-table.ts';

export const emptySnapshot: Snapshot = { sources: {}, workflows: {}, audiences: {} };

/** @throws Error when a part is missing or does not hash to its name */
export async function readSnapshot(table: ConfigurationTable, hash: string): Promise<Snapshot> {
  const content = await readParts(table, `snapshot#${hash}`);
  if (content === undefined) throw new Error(`snapshot ${hash} is not in the table`);
  const bytes = unpack(content);
  const found = snapshotHash(bytes);
  if (found !== hash) throw new Error(`snapshot ${hash} is damaged: its content hashes to ${found}`);
  // What was stored before there were audiences has none.
  return { ...emptySnapshot, ...JSON.parse(bytes.toString('utf8')) };
}

function snapshotHash(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Stores content under its hash; storing the same content twice changes nothing. */
export async function writeSnapshot(table: ConfigurationTable, snapshot: Snapshot): Promise<string> {
  const text = canonicalJson(snapshot);
  const hash = snapshotHash(text);
  await writeParts(table, `snapshot#${hash}`, pack(text));
  return hash;
}
