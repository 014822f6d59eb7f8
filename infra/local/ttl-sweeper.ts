import { setTimeout as sleep } from 'node:timers/promises';
import { type AwsJsonClient, AwsJsonError } from './aws-json-client.ts';
import type { TableResource } from './resources/table.ts';

export type TtlSweeper = { stop(): Promise<void> };

const pageItemsMax = 100;
type Item = Record<string, unknown>;

/**
 * Deletes items whose time to live has passed; DynamoDB does so by itself, dynalite does not. It
 * reads one small page at a time, with pauses. That is enough, since DynamoDB can take days too and
 * no code may rely on it.
 */
export function startTtlSweeper(
  client: AwsJsonClient,
  tables: TableResource[],
  { pauseMs = 1_000, restMs = 60_000 } = {},
): TtlSweeper {
  const stopping = new AbortController();
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
  async function sweepForever(): Promise<void> {
    while (!stopping.signal.aborted) {
      for (const table of tables) {
        let start: Item | undefined;
        do {
          start = await sweepPage(client, table, start).catch(() => undefined);
          await pause(pauseMs);
        } while (start !== undefined && !stopping.signal.aborted);
      }
      await pause(restMs);
    }
  }
  const done = sweepForever();
  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

/** Sweeps one page and answers the start of the next. */
async function sweepPage(client: AwsJsonClient, table: TableResource, start?: Item): Promise<Item | undefined> {
  const { name, timeToLive, definition } = table;
  if (timeToLive === undefined) return undefined;
  const keys = (definition.KeySchema as { AttributeName: string }[]).map(({ AttributeName }) => AttributeName);
  const expired = {
    ExpressionAttributeNames: { '#ttl': timeToLive },
    ExpressionAttributeValues: { ':now': { N: String(Math.floor(Date.now() / 1000)) } },
  };
  const page = await client.call<{ Items: Item[]; LastEvaluatedKey?: Item }>('Scan', {
    TableName: name,
    Limit: pageItemsMax,
    FilterExpression: '#ttl <= :now',
    ...expired,
    ...(start && { ExclusiveStartKey: start }),
  });
  for (const item of page.Items) {
    const Key = Object.fromEntries(keys.map((key) => [key, item[key]]));
    // Checked again, since the item's life may have been extended after the read.
    const deletion = { TableName: name, Key, ConditionExpression: '#ttl <= :now', ...expired };
    await client.call('DeleteItem', deletion).catch((error) => {
      if (!(error instanceof AwsJsonError)) throw error;
    });
  }
  return page.LastEvaluatedKey;
}
