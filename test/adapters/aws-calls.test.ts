import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { callLimits, endCallsWith } from '../../shared/adapters/aws-calls.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeEventBridgeTargets } from '../../shared/adapters/event-bridge-target.ts';
import { makeSecretsClient } from '../../shared/adapters/secrets-manager-secrets.ts';
import { makeEventsQueue, makeQueueClient } from '../../shared/adapters/sqs-queues.ts';
import { makeStepFunctionsTargets } from '../../shared/adapters/step-functions-target.ts';
import { rawEvent } from '../support/build.ts';
import { localCredentials } from '../support/dynalite.ts';

/* Services that hang: they take a request and never answer, or stop in the middle of an answer. */

let server: Server;
let endpoint: string;
let requests: number;
let begins: boolean;
beforeAll(async () => {
  server = createServer((request, response) => {
    requests++;
    request.resume();
    if (begins) response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).write('{"Item":');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = 0;
  begins = false;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const read = new GetCommand({ TableName: 't', Key: { pk: 'a', sk: 'b' } });

describe('the limit of an attempt', () => {
  // The service is in this process: on a busy machine it counts a request only after a while.
  const limited = () =>
    makeDocumentClient({ endpoint, ...localCredentials, ...callLimits({ attempts: 2, attemptMs: 500 }) });

  test.each([
    ['before it answers', false],
    ['in the middle of its answer', true],
  ])('ends a call to a service that hangs %s, and the last attempt ends the call', async (_, halfway) => {
    begins = halfway;
    await expect(limited().send(read)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(requests).toBe(2);
  });

  test('ends a call that gets no connection', async () => {
    // An address for documentation, to which nothing answers; some machines refuse it at once.
    const client = makeDocumentClient({
      endpoint: 'http://192.0.2.1:9',
      ...localCredentials,
      ...callLimits({ attempts: 1, attemptMs: 60 }),
    });
    await expect(client.send(read)).rejects.toThrow(Error);
  });
});

describe('the end of a function’s time', () => {
  const config = () => ({ endpoint, ...localCredentials });
  const message = { type: 'workflow.run', timestamp: '2026-05-04T12:00:00Z', data: {} } as never;
  const request = { messageId: 'msg_1', message, timeoutMs: 60_000 };
  const stateMachine = 'arn:aws:states:us-east-1:123456789012:stateMachine:s';
  const calls: [string, () => Promise<unknown>][] = [
    ['tables', () => makeDocumentClient(config()).send(read)],
    ['queues', () => makeQueueClient(config()).send(new ListQueuesCommand())],
    ['secrets', () => makeSecretsClient(config()).send(new GetSecretValueCommand({ SecretId: 's' }))],
    [
      'Step Functions',
      () =>
        makeStepFunctionsTargets(config())('w', {
          type: 'step-functions',
          state_machine_arn: stateMachine,
        }).start(request),
    ],
    [
      'EventBridge',
      () =>
        makeEventBridgeTargets(config())('w', {
          type: 'event-bridge',
          bus: 'b',
          source: 's',
          detail_type: 'd',
        }).start(request),
    ],
  ];

  test.each(calls)('ends a call under way to %s without another attempt, and later calls at once', async (_, call) => {
    const ending = new AbortController();
    const ended = (result: unknown) => JSON.stringify(result) + String(result);
    const outcome = endCallsWith(ending.signal, () => call().then(ended, ended));
    while (requests === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    ending.abort();
    expect(await outcome).toMatch(/abort|target_timeout/i);
    expect(await endCallsWith(ending.signal, () => call().then(ended, ended))).toMatch(/abort|target_timeout/i);
    expect(requests).toBe(1);
  });

  test('leaves calls of other work alone', async () => {
    const ended = new AbortController();
    ended.abort();
    const client = makeDocumentClient({ ...config(), ...callLimits({ attempts: 1, attemptMs: 60 }) });
    await endCallsWith(ended.signal, async () => undefined);
    await expect(client.send(read)).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('tells events that the queue may have from those that it was never asked to take', async () => {
    // A server of its own: a request that an earlier test gave up may reach the shared one late. And attempts that
    // outlast the test: one that timed out on a busy machine would be repeated, as it should.
    const asked: string[] = [];
    const hanging = createServer((request) => {
      asked.push(`${request.headers['amz-sdk-invocation-id']} ${request.headers['amz-sdk-request']}`);
      request.resume();
    });
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`;
    try {
      const ending = new AbortController();
      const events = Array.from({ length: 200 }, () => rawEvent());
      const limits = callLimits({ attempts: 3, attemptMs: 120_000 });
      const queue = makeQueueClient({ ...localCredentials, ...limits, endpoint: address });
      const sent = endCallsWith(ending.signal, () =>
        makeEventsQueue(queue, `${address}/1/q`).sendEach(events, ending.signal),
      );
      while (asked.length < 16) await new Promise((resolve) => setTimeout(resolve, 5));
      ending.abort();
      const results = await sent;
      expect(results.every((result) => !result.sent && result.error.name === 'RetryableError')).toBe(true);
      // Sixteen requests of ten were under way.
      expect(results.filter((result) => !result.sent && result.asked === false)).toHaveLength(40);
      // Whatever left this process before the end has arrived by the time that a later request has.
      void fetch(address, { headers: { 'amz-sdk-request': 'later' } }).catch(() => undefined);
      while (!asked.at(-1)?.endsWith('later')) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(new Set(asked).size).toBe(17);
      expect(asked.filter((text) => text.includes('attempt=1;'))).toHaveLength(16);
    } finally {
      hanging.closeAllConnections();
      hanging.close();
    }
  });
});
