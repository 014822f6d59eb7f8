import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { v7 as uuidv7 } from 'uuid';
import * as z from 'zod';
import { type ConfigurationTable, queryAll } from '../../adapters/dynamodb-configuration-table.ts';

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
  return (await queryAll(table, partition))
    .map((item) => {
      const { sk, created_at, ...rest } = Stored.parse(item);
      return { id: sk, ...rest, atMs: Date.parse(created_at) };
    })
    .reverse();
}
