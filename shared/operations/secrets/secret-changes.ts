import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { v7 as uuidv7 } from 'uuid';
import * as z from 'zod';
import { type ConfigurationTable, queryAll } from '../../adapters/dynamodb-configuration-table.ts';
import { secretFreshMs } from '../../adapters/secrets-manager-secrets.ts';
import { queryItems } from '../tables/tables.ts';

/*
 * Who changed which secret, and when, in the Configuration table: `pk = secret-changes`, `sk` sorts by
 * time. Never a value, nor anything made of one.
 */

const partition = 'secret-changes';

export const secretChangeKinds = ['set', 'added', 'rotated', 'retired', 'restored'] as const;

export type SecretChange = {
  id: string;
  /** `sources/rudderstack` */
  name: string;
  change: (typeof secretChangeKinds)[number];
  /** How many values are active since. */
  values: number;
  author: string;
  atMs: number;
};

const Stored = z.object({
  sk: z.string(),
  name: z.string(),
  change: z.enum(secretChangeKinds),
  values: z.number(),
  author: z.string(),
  created_at: z.string(),
});

export async function recordSecretChange(
  { client, table }: ConfigurationTable,
  { atMs, ...change }: Omit<SecretChange, 'id'>,
): Promise<void> {
  const item = { pk: partition, sk: uuidv7({ msecs: atMs }), ...change, created_at: new Date(atMs).toISOString() };
  await client.send(new PutCommand({ TableName: table, Item: item }));
}

/** All of them, newest first: there are few, since secrets rarely change. */
export async function listSecretChanges(table: ConfigurationTable): Promise<SecretChange[]> {
  return (await queryAll(table, partition)).map(fromItem).reverse();
}

/** Those from a time on, newest first; read by their key. */
export async function secretChangesSince(
  { client, table }: ConfigurationTable,
  sinceMs: number,
): Promise<SecretChange[]> {
  const items = queryItems(client, {
    TableName: table,
    KeyConditionExpression: 'pk = :pk AND sk >= :from',
    ExpressionAttributeValues: { ':pk': partition, ':from': idFrom(sinceMs) },
    ScanIndexForward: false,
  });
  const changes: SecretChange[] = [];
  for await (const item of items) changes.push(fromItem(item));
  return changes;
}

/** The first id of a moment: ids sort by their time. */
const idFrom = (timeMs: number) => uuidv7({ msecs: Math.max(0, timeMs), seq: 0, random: new Uint8Array(16) });

function fromItem(item: Record<string, unknown>): SecretChange {
  const { sk, created_at, ...rest } = Stored.parse(item);
  return { id: sk, ...rest, atMs: Date.parse(created_at) };
}

/** Functions keep a value that they read for so long, so the last of them uses a change from then on. */
export const inUseFromMs = (changedAtMs: number): number => changedAtMs + secretFreshMs;
