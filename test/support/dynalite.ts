import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';
import { mendDynalite } from '../../infra/local/limits/mend-dynalite.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { type TableDefinition, type TableName, tableDefinitions } from '../../shared/adapters/table-definitions.ts';

export const localCredentials = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
};

export type TestTables = {
  client: DynamoDBDocumentClient;
  endpoint: string;
  names: Record<TableName, string>;
  stop(): Promise<void>;
};

/** In tests a table is called what the list calls it. */
export const tableNames = Object.fromEntries(Object.keys(tableDefinitions).map((name) => [name, name])) as Record<
  TableName,
  string
>;

/**
 * An embedded DynamoDB on a free port with every table of the stack, empty.
 * @param path a folder with the tables of an earlier server, which are kept there; absent: in memory
 */
export async function startTables(path?: string): Promise<TestTables> {
  mendDynalite();
  const isKept = path !== undefined && existsSync(path);
  const server: Server = dynalite({
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
    ...(path !== undefined && { path }),
  });
  let unanswered = 0;
  server.on('request', (_request, response) => {
    unanswered += 1;
    response.once('close', () => {
      unanswered -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('dynalite has no port');
  const endpoint = `http://127.0.0.1:${address.port}`;
  const client = makeDocumentClient({ endpoint, ...localCredentials });
  if (!isKept)
    await Promise.all(
      Object.entries(tableDefinitions).map(([name, definition]) => createTable(client, name, definition)),
    );
  return {
    client,
    endpoint,
    names: tableNames,
    async stop() {
      // A query that found its database closed would fail the whole file, after its last test.
      for (const untilMs = Date.now() + 2_000; unanswered > 0 && Date.now() < untilMs; ) await sleep(5);
      client.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export async function createTable(
  client: DynamoDBClient | DynamoDBDocumentClient,
  name: string,
  definition: TableDefinition,
) {
  const indexes = Object.entries(definition.indexes);
  const attributes = new Set([
    definition.partitionKey,
    definition.sortKey,
    ...indexes.flatMap(([, index]) => [index.partitionKey, index.sortKey]),
  ]);
  await (client as DynamoDBClient).send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [...attributes].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: definition.partitionKey, KeyType: 'HASH' },
        { AttributeName: definition.sortKey, KeyType: 'RANGE' },
      ],
      ...(indexes.length > 0 && {
        GlobalSecondaryIndexes: indexes.map(([IndexName, index]) => ({
          IndexName,
          KeySchema: [
            { AttributeName: index.partitionKey, KeyType: 'HASH' },
            { AttributeName: index.sortKey, KeyType: 'RANGE' },
          ],
          Projection:
            index.projection === 'KEYS_ONLY'
              ? { ProjectionType: 'KEYS_ONLY' }
              : { ProjectionType: 'INCLUDE', NonKeyAttributes: [...index.projection] },
        })),
      }),
    }),
  );
  // The emulator answers before the table is there.
  for (let active = false; !active; ) {
    const { Table } = await (client as DynamoDBClient).send(new DescribeTableCommand({ TableName: name }));
    active = Table?.TableStatus === 'ACTIVE';
  }
}
