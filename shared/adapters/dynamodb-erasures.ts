import { randomBytes } from 'node:crypto';
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { personHash } from '../core/ids/erased-persons.ts';
import { writeIf } from './dynamodb.ts';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';
import { erasedPartition as partition, saltName } from './dynamodb-erased-persons.ts';

export type Erasure = {
  /** Of the person's id: the id itself is not kept. */
  hash: string;
  erasedAtMs: number;
  author: string;
  reason: string;
  /** The job that erased it. */
  job: string;
  /** When the person was allowed again: the refusal has ended. */
  allowedAtMs?: number;
  allowedBy?: string;
  allowedReason?: string;
};

/** Newest first. */
export async function listErasures(table: ConfigurationTable): Promise<Erasure[]> {
  const items = await queryAll(table, partition, true);
  return items
    .filter(({ sk }) => sk !== saltName)
    .map(erasureFromItem)
    .sort((a, b) => b.erasedAtMs - a.erasedAtMs);
}

/** How this environment remembers a person; undefined while none was ever erased here. */
export async function hashHere({ client, table }: ConfigurationTable, userId: string): Promise<string | undefined> {
  const { Item } = await client.send(
    new GetCommand({ TableName: table, Key: { pk: partition, sk: saltName }, ConsistentRead: true }),
  );
  return Item && personHash(String(Item.salt), userId);
}

export async function readErasure(table: ConfigurationTable, userId: string): Promise<Erasure | undefined> {
  const hash = await hashHere(table, userId);
  if (hash === undefined) return undefined;
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.table, Key: { pk: partition, sk: hash }, ConsistentRead: true }),
  );
  return Item && erasureFromItem(Item);
}

/** The hashes of ids, with a salt that is made at the first call. */
export async function hashesOf(configuration: ConfigurationTable, userIds: readonly string[]): Promise<string[]> {
  const { client, table } = configuration;
  const Item = { pk: partition, sk: saltName, salt: randomBytes(32).toString('hex') };
  const known = await hashHere(configuration, '');
  // A refusal means that another process made one meanwhile, which counts.
  if (known === undefined)
    await writeIf(
      client.send(new PutCommand({ TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' })),
      'making the salt of hashes',
    );
  return Promise.all(userIds.map(async (id) => (await hashHere(configuration, id)) as string));
}

/** From the next read of the configuration on, functions refuse what names the person. */
export async function writeErasure(configuration: ConfigurationTable, erasure: Erasure): Promise<void> {
  const { hash, erasedAtMs, author, reason, job } = erasure;
  const item = { pk: partition, sk: hash, erased_at: new Date(erasedAtMs).toISOString(), author, reason, job };
  await configuration.client.send(new PutCommand({ TableName: configuration.table, Item: item }));
  await countChange(configuration);
}

/** The record of the erasure stays, and says so. */
export async function allowAgain(
  configuration: ConfigurationTable,
  hash: string,
  { author, reason, nowMs }: { author: string; reason: string; nowMs: number },
): Promise<void> {
  await configuration.client.send(
    new UpdateCommand({
      TableName: configuration.table,
      Key: { pk: partition, sk: hash },
      UpdateExpression: 'SET allowed_at = :at, allowed_by = :author, allowed_reason = :reason',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':at': new Date(nowMs).toISOString(), ':author': author, ':reason': reason },
    }),
  );
  await countChange(configuration);
}

async function countChange({ client, table }: ConfigurationTable): Promise<void> {
  await client.send(
    new UpdateCommand({
      TableName: table,
      Key: { pk: 'current', sk: 'current' },
      UpdateExpression: 'ADD erasures :one',
      ExpressionAttributeValues: { ':one': 1 },
    }),
  );
}

function erasureFromItem(item: Record<string, unknown>): Erasure {
  return {
    hash: String(item.sk),
    erasedAtMs: Date.parse(String(item.erased_at)),
    author: String(item.author),
    reason: String(item.reason),
    job: String(item.job),
    ...(item.allowed_at !== undefined && {
      allowedAtMs: Date.parse(String(item.allowed_at)),
      allowedBy: String(item.allowed_by),
      allowedReason: String(item.allowed_reason),
    }),
  };
}
