import type { IncomingMessage, RequestListener } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import dynalite from 'dynalite';
import type { LocalCredentials } from './credentials.ts';
import { guardServer } from './guard.ts';
import { listen } from './http-server.ts';

// Runs in a worker thread: dynalite is the busiest part of a local run, and has a processor core to itself this way.

export type TablesServerData = {
  /** Where items are kept; absent: in memory. */
  path: string | undefined;
  credentials: LocalCredentials;
};

const { path, credentials } = workerData as TablesServerData;
const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0, ...(path !== undefined && { path }) });

// dynalite throws when a connection breaks, as it does when a function is stopped at its timeout; that would end the
// whole run, so the broken connection is let go instead.
const [handle] = server.listeners('request') as RequestListener[];
server.removeAllListeners('request');
server.on('request', (request: IncomingMessage, response) => {
  handle?.(request, response);
  request.removeAllListeners('error');
  request.on('error', () => undefined);
});

guardServer(server, credentials, 'DynamoDB_20120810');

parentPort?.once('message', () => {
  server.closeAllConnections();
  // Closes the store too, so that the next run finds it in order.
  server.close(() => process.exit(0));
});
parentPort?.postMessage({ port: await listen(server, 0) });
