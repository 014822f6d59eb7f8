import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import dynalite from 'dynalite';
import type { Decision } from './access/role-access.ts';
import { makeRoles, type RoleCaller } from './access/roles.ts';
import type { LocalCredentials } from './credentials.ts';
import { guardServer } from './guard.ts';
import { listen } from './http-server.ts';
import { mendDynalite } from './limits/mend-dynalite.ts';

// Runs in a worker thread: dynalite is the busiest part of a local run, and this way gets its own
// processor core.

/** An item that an UpdateItem has changed, by its key in DynamoDB's JSON. */
export type TableUpdate = { table: string; key: Record<string, { S?: string }> };

export type TablesServerData = {
  /** Folder of the items; absent: in memory. */
  path: string | undefined;
  credentials: LocalCredentials;
};

/** The attributes of partition keys: the table's own, and those of its indexes by name. */
export type TableKeys = { table: string; partitionKey: string; indexes: Record<string, string> };

/** To the worker. It answers the second and third with `done`. */
export type TablesServerCall = 'stop' | { keys: TableKeys } | { callers: RoleCaller[] };

/** From the worker. */
export type TablesServerMessage = { port: number } | { updated: TableUpdate } | { decided: Decision } | { done: true };

const say = (message: TablesServerMessage) => parentPort?.postMessage(message);

const { path, credentials } = workerData as TablesServerData;
mendDynalite();
const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0, ...(path !== undefined && { path }) });

// dynalite throws when a connection breaks, for example when a function is stopped at its timeout.
// That would end the whole run, so the error is dropped with the connection.
const [handle] = server.listeners('request') as RequestListener[];
server.removeAllListeners('request');
server.on('request', (request: IncomingMessage, response) => {
  handle?.(request, response);
  request.removeAllListeners('error');
  request.on('error', () => undefined);
});

// The live configuration is one item; the runtime must learn at once when it changes.
const [answer] = server.listeners('request') as RequestListener[];
server.removeAllListeners('request');
server.on('request', (request: IncomingMessage, response: ServerResponse) => {
  if (request.headers['x-amz-target'] === 'DynamoDB_20120810.UpdateItem') reportUpdate(request, response);
  answer?.(request, response);
});

function reportUpdate(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { end } = response;
  response.end = ((...rest: Parameters<typeof end>) => {
    // Before the answer, so that the runtime knows before the client can go on.
    if (response.statusCode === 200) say({ updated: updateIn(Buffer.concat(chunks)) });
    return end.apply(response, rest);
  }) as typeof end;
}

function updateIn(body: Buffer): TableUpdate {
  const { TableName, Key } = JSON.parse(body.toString('utf8')) as { TableName: string; Key: TableUpdate['key'] };
  return { table: TableName, key: Key };
}

const roles = makeRoles((decided) => say({ decided }));
const keysOf = new Map<string, TableKeys>();
guardServer(
  server,
  { credentials, roles, target: 'DynamoDB_20120810' },
  {
    partitionKeyOf(table, index) {
      const keys = keysOf.get(table);
      return index === undefined ? keys?.partitionKey : keys?.indexes[index];
    },
    secretArn: () => undefined,
  },
);

parentPort?.on('message', (call: TablesServerCall) => {
  if (call === 'stop') {
    server.closeAllConnections();
    // Also closes the store, so that the next run finds it consistent.
    server.close(() => process.exit(0));
    return;
  }
  if ('keys' in call) keysOf.set(call.keys.table, call.keys);
  else roles.add(call.callers);
  say({ done: true });
});
say({ port: await listen(server, 0) });
