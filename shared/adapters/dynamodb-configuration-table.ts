import { type DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { EnvironmentState } from '../core/configuration/schema.ts';

/**
 * The Configuration table: versioned content and per-environment state. docs/protocols/configuration.md.
 *
 * | pk | sk | holds |
 * |---|---|---|
 * | `current` | `current` | version, head of the history, hash of the live snapshot, state: all that functions poll |
 * | `snapshot#{hash}` | `0000`… | the compressed content, in parts that fit an item; immutable |
 * | `history` | `v00000012#{id}` | one entry per commit and state change, each naming its parent |
 * | `secret-changes` | `{id}` | who changed which secret, when; never a value |
 * | `draft` | `draft` | what was pushed and not committed: by whom, on which version, which resources |
 * | `draft#{id}` | `0000`… | its compressed content, in parts |
 * | `sources` | `{key}` | every source that was ever seen here: last event (to the hour), most log shards used |
 * | `keys` | `{hash}` | one API key: name, kind, by whom, last use (to the hour), revoked |
 * | `links` | `{hash}` | one read-only link to a source: its options, by whom, until when, last use (to the hour), revoked |
 * | `refusals` | `{source}#{reason}` | the last request that was not accepted: its id and time (to five minutes) |
 * | `announcements` | `{alarm}` | what each channel was told last of an alarm |
 * | `jobs` | `{id}` | long work of operators: what, by whom, how far |
 * | `erased` | `{hash}` | a person whose data was erased: when, by whom, why; `salt` is that of the hashes |
 * | `statements` | `{day}#{made at}` | completeness statements that the schedule made |
 * | `event-types#{source}` | `{type}` | last seen (to the hour), a sample event |
 */
export type ConfigurationTable = { client: DynamoDBDocumentClient; table: string };

export type CurrentConfiguration = {
  version: number;
  /** The history entry that made this version. Absent only before the first commit. */
  head?: string;
  snapshot?: string;
  state: EnvironmentState;
  /** How often a person was erased, or allowed again; absent: never. */
  erasures?: number;
};

const emptyState: EnvironmentState = { sources: {}, inactive_workflows: [] };

/** @returns version 0, empty, when no content was ever committed here */
export async function readCurrent(
  { client, table }: ConfigurationTable,
  consistent = true,
): Promise<CurrentConfiguration> {
  const { Item } = await client.send(
    new GetCommand({ TableName: table, Key: { pk: 'current', sk: 'current' }, ConsistentRead: consistent }),
  );
  if (Item === undefined) return { version: 0, state: emptyState };
  return {
    // A person may be erased before the first commit.
    version: Item.version ?? 0,
    head: Item.head,
    ...(Item.snapshot && { snapshot: Item.snapshot }),
    state: Item.state ?? emptyState,
    ...(Item.erasures !== undefined && { erasures: Number(Item.erasures) }),
  };
}

/** Every item of a partition, in the order of its sort keys. */
export async function queryAll(
  { client, table }: ConfigurationTable,
  pk: string,
  consistent = false,
): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
        ConsistentRead: consistent,
        ExclusiveStartKey,
      }),
    );
    items.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return items;
}
