import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import type { ServiceRefusal } from './access/permission.ts';
import type { RoleAccess } from './access/role-access.ts';
import { deniedRequest, type Roles } from './access/roles.ts';
import { type AwsJsonClient, makeAwsJsonClient } from './aws-json-client.ts';
import type { LocalCredentials } from './credentials.ts';
import { callerOf, type Guards, operationOf } from './guard.ts';
import { limitQueues } from './limits/limit-queues.ts';
import type { QueueResource } from './resources/queue.ts';
import { accountId, region } from './resources/resource-type.ts';
import { DatabaseSync } from './sqlite.ts';

export type QueueCounts = { visible: number; inFlight: number; delayed: number };

export type LocalQueues = {
  endpoint: string;
  client: AwsJsonClient;
  /** Calls as another caller, such as a function's role. */
  clientWith(credentials: LocalCredentials): AwsJsonClient;
  /** A queue's URL for clients on this machine; also valid for queues that are created later. */
  url(name: string): string;
  /** Creates the queue, or sets the attributes of the queue kept from an earlier run. */
  ensure(queue: QueueResource): Promise<void>;
  counts(name: string): QueueCounts;
  /**
   * When the oldest message was sent, as SQS tells CloudWatch: without those that were received three
   * times. Undefined: there is none.
   * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
   */
  oldestSentMs(name: string): number | undefined;
  stop(): Promise<void>;
};

const target = 'AmazonSQS';
/** SQS passes over messages that were received as often, which do not say how far behind their consumer is. */
const receivesSeen = 3;

/** @param directory where messages are kept; absent: in memory */
export async function startQueues(
  directory: string | undefined,
  credentials: LocalCredentials,
  roles?: Roles,
): Promise<LocalQueues> {
  if (directory !== undefined) makeAllVisible(directory);
  const server = await adjusted({ credentials, ...(roles && { roles }), target }, () =>
    startFauxqs({
      port: 0,
      logger: false,
      defaultRegion: region,
      ...(directory !== undefined && { dataDir: directory }),
    }),
  );
  const endpoint = `http://127.0.0.1:${server.port}`;
  const client = makeAwsJsonClient(endpoint, target, credentials);
  // The host name in the emulator's URLs does not resolve; its address with the same path works.
  const url = (name: string) => `${endpoint}/${accountId}/${name}`;
  return {
    endpoint,
    client,
    clientWith: (others) => makeAwsJsonClient(endpoint, target, others),
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
    oldestSentMs(name) {
      const { ready = [], inflight = [], delayed = [] } = server.inspectQueue(name)?.messages ?? {};
      let oldest: number | undefined;
      const look = ({ sentTimestamp, approximateReceiveCount }: (typeof ready)[number]) => {
        if (approximateReceiveCount < receivesSeen && sentTimestamp < (oldest ?? Number.POSITIVE_INFINITY))
          oldest = sentTimestamp;
      };
      for (const message of ready) look(message);
      for (const message of delayed) look(message);
      for (const { message } of inflight) look(message);
      return oldest;
    },
    async stop() {
      client.close();
      await server.stop();
    },
  };
}

/** The part of https://fastify.dev/docs/latest/Reference/Server/ that is used here. */
type Fastify = {
  listen(options: object): Promise<string>;
  addHook(name: 'onRequest' | 'preHandler', hook: FastifyHook): void;
};
type FastifyHook = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;
/** `body` is parsed when `preHandler` is called. */
type FastifyRequest = { raw: IncomingMessage; body: unknown };
type FastifyReply = {
  code(status: number): FastifyReply;
  headers(values: Record<string, string>): FastifyReply;
  send(body: string): void;
};

// Requests to queues say all that permissions depend on.
const nothingElse = { partitionKeyOf: () => undefined, secretArn: () => undefined };

function refuse(reply: FastifyReply, { status, headers, body }: ServiceRefusal): void {
  reply
    .code(status)
    .headers({ 'content-type': 'application/x-amz-json-1.0', ...headers })
    .send(JSON.stringify(body));
}

/** Starts fauxqs with four changes for which it has no option. */
async function adjusted(guards: Guards, start: () => Promise<FauxqsServer>): Promise<FauxqsServer> {
  // It listens on every interface. It is a Fastify server, and Fastify announces each instance
  // before it listens: https://fastify.dev/docs/latest/Reference/Hooks/#diagnostics-channel-hooks
  // It answers every origin and host, and also speaks SNS, S3 and STS; the guard refuses such
  // requests before they reach it.
  const adjust = (message: unknown) => {
    const { fastify } = message as { fastify: Fastify };
    const roleOf = new WeakMap<IncomingMessage, RoleAccess>();
    fastify.addHook('onRequest', ({ raw }, reply, done) => {
      const { method, headers, socket } = raw;
      const caller = callerOf({ method, headers, port: Number(socket.localPort) }, guards);
      if ('refused' in caller) return refuse(reply, caller.refused);
      if (caller.role !== undefined) roleOf.set(raw, caller.role);
      done();
    });
    fastify.addHook('preHandler', ({ raw, body }, reply, done) => {
      const role = roleOf.get(raw);
      const denied = role && deniedRequest(role, { target, operation: operationOf(raw), body }, nothingElse);
      if (denied !== undefined) return refuse(reply, denied);
      done();
    });
    limitQueues(fastify);
    const listen = fastify.listen.bind(fastify);
    fastify.listen = (options) => listen({ ...options, host: '127.0.0.1' });
  };
  // It waits for the disk at every message, which makes it three times slower. Without that,
  // messages survive a kill of the process, but not of the machine:
  // https://sqlite.org/pragma.html#pragma_synchronous
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (sql: string) {
    exec.call(this, sql);
    if (sql.includes('journal_mode')) exec.call(this, 'PRAGMA synchronous = NORMAL');
  };
  subscribe('fastify.initialization', adjust);
  try {
    return await start();
  } finally {
    unsubscribe('fastify.initialization', adjust);
    DatabaseSync.prototype.exec = exec;
  }
}

/**
 * The receivers of messages ended with the process that ran the queues, so no receiver is
 * processing one any more.
 */
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
