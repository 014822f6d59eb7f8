import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { startTables, type TestTables } from './dynalite.ts';

type Key = { pk: string; sk: string };
type Input = {
  TableName: string;
  ConsistentRead?: boolean;
  Item?: Key;
  Key?: Key;
  RequestItems?: Record<
    string,
    { ConsistentRead?: boolean } | { PutRequest?: { Item: Key }; DeleteRequest?: { Key: Key } }[]
  >;
};
export type Written = Key & { table: string };

export type LaggingTables = TestTables & {
  /** What was written is in every read from now on. @param isDue default: all of it */
  catchUp(isDue?: (written: Written) => boolean): Promise<void>;
};

/**
 * Embedded tables whose reads are as late as AWS's may be: a read that is not marked consistent, and
 * every read of an index, answers from a copy, which knows a write only after `catchUp`.
 */
export async function startLaggingTables(): Promise<LaggingTables> {
  const [tables, copy] = await Promise.all([startTables(), startTables()]);
  const waiting = new Map<string, Written>();

  const client = {
    async send(command: { constructor: { name: string }; input: Input }) {
      const { name } = command.constructor;
      const answer = await (isLate(name, command.input) ? copy : tables).client.send(command as never);
      for (const written of writtenBy(name, command.input)) waiting.set(JSON.stringify(written), written);
      return answer;
    },
  } as unknown as DynamoDBDocumentClient;

  return {
    ...tables,
    client,
    async catchUp(isDue = () => true) {
      for (const [id, written] of waiting) {
        if (!isDue(written)) continue;
        const { table, ...key } = written;
        const { Item } = await tables.client.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }));
        if (Item) await copy.client.send(new PutCommand({ TableName: table, Item }));
        else await copy.client.send(new DeleteCommand({ TableName: table, Key: key }));
        waiting.delete(id);
      }
    },
    async stop() {
      await Promise.all([tables.stop(), copy.stop()]);
    },
  };
}

function isLate(name: string, { ConsistentRead, RequestItems = {} }: Input): boolean {
  if (name === 'BatchGetCommand')
    return Object.values(RequestItems).some((one) => !('ConsistentRead' in one) || one.ConsistentRead !== true);
  return (name === 'GetCommand' || name === 'QueryCommand') && ConsistentRead !== true;
}

function writtenBy(name: string, { TableName, Item, Key, RequestItems = {} }: Input): Written[] {
  const of = (table: string, { pk, sk }: Key): Written => ({ table, pk, sk });
  if (name === 'PutCommand' && Item) return [of(TableName, Item)];
  if ((name === 'UpdateCommand' || name === 'DeleteCommand') && Key) return [of(TableName, Key)];
  if (name !== 'BatchWriteCommand') return [];
  return Object.entries(RequestItems).flatMap(([table, requests]) =>
    (requests as { PutRequest?: { Item: Key }; DeleteRequest?: { Key: Key } }[]).flatMap(
      ({ PutRequest, DeleteRequest }) => {
        const key = PutRequest?.Item ?? DeleteRequest?.Key;
        return key ? [of(table, key)] : [];
      },
    ),
  );
}
