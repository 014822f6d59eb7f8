import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { SQSClient } from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { limitQueues } from '../../infra/local/limits/limit-queues.ts';
import { localCredentials } from './dynalite.ts';

export type TestQueues = {
  client: SQSClient;
  endpoint: string;
  /** Creates a queue and answers the URL to use with `client`. */
  create(name: string, attributes?: Record<string, string>): string;
  stop(): Promise<void>;
};

/** An embedded SQS on a free port. */
export async function startQueues(): Promise<TestQueues> {
  const limit = (message: unknown) => limitQueues((message as { fastify: unknown }).fastify);
  subscribe('fastify.initialization', limit);
  const server = await startFauxqs({ port: 0, logger: false }).finally(() =>
    unsubscribe('fastify.initialization', limit),
  );
  const client = new SQSClient({ endpoint: server.address, ...localCredentials });
  return {
    client,
    endpoint: server.address,
    create(name, attributes) {
      const { queueUrl } = server.createQueue(name, attributes ? { attributes } : undefined);
      // The emulator's own host name does not resolve; its address with the same path does.
      return server.address + new URL(queueUrl).pathname;
    },
    async stop() {
      client.destroy();
      await server.stop();
    },
  };
}
