import { createHash } from 'node:crypto';
import type { Snapshot } from '../core/configuration/schema.ts';
import { checkSnapshot, formatOf, snapshotFormat, UnreadableConfiguration } from '../core/configuration/unreadable.ts';
import { errorMessage } from '../core/errors.ts';
import { canonicalJson } from '../core/json/canonical-json.ts';
import { isJsonObject } from '../core/json/values.ts';
import { pack, partsOf, unpack, writeParts } from './dynamodb-configuration-parts.ts';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';

export const emptySnapshot: Snapshot = { sources: {}, workflows: {}, audiences: {} };

/**
 * @throws UnreadableConfiguration when a part is missing, the hash differs, or a newer version
 * wrote it
 */
export async function readSnapshot(table: ConfigurationTable, hash: string): Promise<Snapshot> {
  // Consistent: `current` may name a snapshot that a replica does not have yet.
  const items = await queryAll(table, `snapshot#${hash}`, true);
  const [first] = items;
  if (first === undefined)
    throw new UnreadableConfiguration('snapshot_missing', `snapshot ${hash} is not in the table`);
  // Snapshots from before formats were numbered have no number.
  const format = Number(first.format ?? 1);
  if (format > snapshotFormat)
    throw new UnreadableConfiguration(
      'snapshot_unknown',
      `snapshot ${hash} is of format ${format}; this version reads up to ${snapshotFormat}`,
    );
  const snapshot: unknown = JSON.parse(unpackSnapshot(partsOf(items), hash));
  // Snapshots from before audiences existed have none.
  const whole: unknown = isJsonObject(snapshot) ? { audiences: {}, ...snapshot } : snapshot;
  checkSnapshot(whole, hash);
  return whole;
}

function unpackSnapshot(content: Uint8Array, hash: string): string {
  let bytes: Buffer;
  try {
    bytes = unpack(content);
  } catch (error) {
    throw new UnreadableConfiguration('snapshot_damaged', `snapshot ${hash} is damaged: ${errorMessage(error)}`);
  }
  const found = snapshotHash(bytes);
  if (found === hash) return bytes.toString('utf8');
  throw new UnreadableConfiguration('snapshot_damaged', `snapshot ${hash} is damaged: its content hashes to ${found}`);
}

function snapshotHash(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Stores content under its hash; storing the same content twice changes nothing. */
export async function writeSnapshot(table: ConfigurationTable, snapshot: Snapshot): Promise<string> {
  const text = canonicalJson(snapshot);
  const hash = snapshotHash(text);
  await writeParts(table, `snapshot#${hash}`, pack(text), { format: formatOf(snapshot) });
  return hash;
}
