import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import { builtFile } from '../build/build.js';
import type { Decision } from './access/role-access.ts';
import type { RoleCaller } from './access/roles.ts';
import { type AwsJsonClient, AwsJsonError, makeAwsJsonClient } from './aws-json-client.ts';
import type { LocalCredentials } from './credentials.ts';
import type { TableResource } from './resources/table.ts';
import type {
  TableKeys,
  TablesServerCall,
  TablesServerData,
  TablesServerMessage,
  TableUpdate,
} from './tables-server.ts';

export type LocalTables = {
  endpoint: string;
  client: AwsJsonClient;
  /** Creates the table, or finds the one kept from an earlier run. */
  ensure(table: TableResource): Promise<void>;
  /** From now on these callers may do what their roles allow. */
  admit(callers: RoleCaller[]): Promise<void>;
  /** Reports every item that an UpdateItem changes, before its sender has the answer. */
  onUpdate(listener: (update: TableUpdate) => void): void;
  stop(): Promise<void>;
};

/**
 * @param directory for the items; absent: in memory
 * @param onDecision is told what roles asked for
 */
export async function startTables(
  directory: string | undefined,
  credentials: LocalCredentials,
  onDecision: (decision: Decision) => void = () => undefined,
): Promise<LocalTables> {
  const worker = new Worker(builtFile('infra/local/tables-server.ts'), {
    workerData: { path: directory, credentials } satisfies TablesServerData,
    // Without this limit, V8 lets short-lived objects grow to 128 MB before it collects them.
    resourceLimits: { maxYoungGenerationSizeMb: 24 },
  });
  const [{ port }] = (await once(worker, 'message')) as [{ port: number }];
  const listeners: ((update: TableUpdate) => void)[] = [];
  const unanswered: (() => void)[] = [];
  worker.on('message', (message: TablesServerMessage) => {
    if ('updated' in message) for (const listener of listeners) listener(message.updated);
    if ('decided' in message) onDecision(message.decided);
    if ('done' in message) unanswered.shift()?.();
  });
  const tell = (call: Exclude<TablesServerCall, 'stop'>): Promise<void> =>
    new Promise((resolve) => {
      unanswered.push(resolve);
      worker.postMessage(call);
    });
  const endpoint = `http://127.0.0.1:${port}`;
  const client = makeAwsJsonClient(endpoint, 'DynamoDB_20120810', credentials);
  return {
    endpoint,
    client,
    async ensure({ name, definition }) {
      try {
        await client.call('CreateTable', definition);
      } catch (error) {
        if (!(error instanceof AwsJsonError) || error.type !== 'ResourceInUseException') throw error;
        const { Table } = await client.call<{ Table: TableShape }>('DescribeTable', { TableName: name });
        if (!isDeepStrictEqual(shapeOf(Table), shapeOf(definition as unknown as TableShape))) {
          throw new Error(
            `table ${name} was kept from an earlier run with other keys or indexes; remove the data directory, or start with --memory`,
          );
        }
      }
      await tell({ keys: keysIn(name, definition as unknown as TableShape) });
    },
    admit: (callers) => tell({ callers }),
    onUpdate(listener) {
      listeners.push(listener);
    },
    async stop() {
      client.close();
      const stopped = once(worker, 'exit');
      worker.postMessage('stop');
      await stopped;
    },
  };
}

type Key = { AttributeName: string; KeyType: string };
type TableShape = { KeySchema: Key[]; GlobalSecondaryIndexes?: { IndexName: string; KeySchema: Key[] }[] };

function keysIn(table: string, { KeySchema, GlobalSecondaryIndexes = [] }: TableShape): TableKeys {
  const partitionKey = (keys: Key[]) => keys.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '';
  const indexes = GlobalSecondaryIndexes.map((index) => [index.IndexName, partitionKey(index.KeySchema)]);
  return { table, partitionKey: partitionKey(KeySchema), indexes: Object.fromEntries(indexes) };
}

/** The properties that cannot change once a table exists here. */
function shapeOf({ KeySchema, GlobalSecondaryIndexes = [] }: TableShape) {
  const keysOf = (keys: Key[]) => keys.map(({ AttributeName, KeyType }) => `${KeyType} ${AttributeName}`);
  const indexes = GlobalSecondaryIndexes.map((index) => [index.IndexName, ...keysOf(index.KeySchema)].join(', '));
  return { keys: keysOf(KeySchema), indexes: indexes.sort() };
}
