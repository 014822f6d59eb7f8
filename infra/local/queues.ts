import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { type AwsJsonClient, makeAwsJsonClient } from './aws-json-client.ts';
import { accountId, type QueueResource, region } from './resources.ts';
import { DatabaseSync } from './sqlite.ts';

export type QueueCounts = { visible: number; inFlight: number; delayed: number };

export type LocalQueues = {
  endpoint: string;
  client: AwsJsonClient;
  /** The URL that a client on this machine can use; holds for queues that are created later too. */
  url(name: string): string;
  /** Creates the queue, or gives the one that is kept from an earlier run its attributes. */
  ensure(queue: QueueResource): Promise<void>;
  counts(name: string): QueueCounts;
  stop(): Promise<void>;
};

/** @param directory where messages are kept; absent: in memory */
export async function startQueues(directory: string | undefined): Promise<LocalQueues> {
  if (directory !== undefined) makeAllVisible(directory);
  const server = await adjusted(() =>
    startFauxqs({
      port: 0,
      logger: false,
      defaultRegion: region,
      ...(directory !== undefined && { dataDir: directory }),
    }),
  );
  const endpoint = `http://127.0.0.1:${server.port}`;
  const client = makeAwsJsonClient(endpoint, 'AmazonSQS');
  // The emulator's own URLs have a host name that does not resolve; its address with the same path does.
  const url = (name: string) => `${endpoint}/${accountId}/${name}`;
  return {
    endpoint,
    client,
    url,
    async ensure({ name, attributes }) {
      // Creating a queue a second time would empty it.
      if (server.inspectQueue(name) === undefined) server.createQueue(name, { attributes, region });
      else await client.call('SetQueueAttributes', { QueueUrl: url(name), Attributes: attributes });
    },
    counts(name) {
      const { ready = [], inflight = [], delayed = [] } = server.inspectQueue(name)?.messages ?? {};
      return { visible: ready.length, inFlight: inflight.length, delayed: delayed.length };
    },
    async stop() {
      client.close();
      await server.stop();
    },
  };
}

/** Starts fauxqs with two things changed for which it has no option. */
async function adjusted(start: () => Promise<FauxqsServer>): Promise<FauxqsServer> {
  // It listens on every interface. It is a Fastify server, and Fastify announces each instance before it listens:
  // https://fastify.dev/docs/latest/Reference/Hooks/#diagnostics-channel-hooks
  const bindToLoopback = (message: unknown) => {
    const { fastify } = message as { fastify: { listen(options: object): Promise<string> } };
    const listen = fastify.listen.bind(fastify);
    fastify.listen = (options) => listen({ ...options, host: '127.0.0.1' });
  };
  // It has the disk confirm every single message, which makes it three times slower. Without that, what was written
  // outlives a kill of the process, though not of the machine: https://sqlite.org/pragma.html#pragma_synchronous
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (sql: string) {
    exec.call(this, sql);
    if (sql.includes('journal_mode')) exec.call(this, 'PRAGMA synchronous = NORMAL');
  };
  subscribe('fastify.initialization', bindToLoopback);
  try {
    return await start();
  } finally {
    unsubscribe('fastify.initialization', bindToLoopback);
    DatabaseSync.prototype.exec = exec;
  }
}

/** Whoever had received a message ended with the process that ran the queues, so nobody is working on it any more. */
function makeAllVisible(directory: string): void {
  const file = join(directory, 'fauxqs.db');
  if (!existsSync(file)) return;
  const database = new DatabaseSync(file);
  try {
    database.exec('UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL');
  } finally {
    database.close();
  }
}
