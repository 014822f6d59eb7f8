import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { makeHttpTargets } from '../../shared/adapters/http-target.ts';
import { cancelRequest, runRequest } from '../support/runs.ts';
import { startWireServer } from '../support/wire-server.ts';

const secret = (text: string) => `whsec_${Buffer.from(text.padEnd(32, '.')).toString('base64')}`;
const [newest, older, foreign] = [secret('the newest'), secret('the one before'), secret('somebody else’s')];
let server: Awaited<ReturnType<typeof startWireServer>>;
let values: string[];

beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.received.length = 0;
  server.world.answer = (_request, response) => void response.writeHead(202).end();
  values = [newest];
});

function open(batch?: { max: number }) {
  const secrets = { valuesOf: async () => values, refresh: async () => values };
  return makeHttpTargets({ secrets, allowPrivate: true, nowMs: Date.now })('order-completed', {
    type: 'http',
    url: `${server.url}/runs`,
    timeout_seconds: 5,
    headers: {},
    ...(batch && { batch }),
  });
}

const batch = { messageId: 'msg_1d3a2f54-0000-5000-8000-000000000000', timeoutMs: 2000 };
const headersOf = (i: number) => server.received[i]?.headers as Record<string, string>;

describe('a batch', () => {
  test('is one request with every run in it, signed under the batch’s id', async () => {
    const requests = [runRequest('lena'), runRequest('ivo')];
    const target = open({ max: 50 });
    expect(target.batchMax).toBe(50);
    const accepted = { kind: 'accepted', reference: { status: 202 } };
    expect(await target.startMany?.(requests, batch)).toEqual([accepted, accepted]);
    expect(server.received).toHaveLength(1);
    expect(new Webhook(newest).verify(server.received[0]?.body ?? '', headersOf(0))).toEqual({
      type: 'workflow.runs',
      timestamp: requests[0]?.message.timestamp,
      data: requests.map(({ message }) => message.data),
    });
    expect(headersOf(0)['webhook-id']).toBe(batch.messageId);
  });

  test('of one run has the same shape, so that a receiver needs to know only one', async () => {
    await open({ max: 50 }).startMany?.([runRequest()], batch);
    expect(server.received[0]?.json).toMatchObject({ type: 'workflow.runs', data: [runRequest().message.data] });
  });

  test.each([
    [503, { kind: 'unavailable', reason: 'target_unavailable', retryAfterSeconds: 9 }],
    [429, { kind: 'unavailable', reason: 'target_busy', retryAfterSeconds: 9 }],
    [422, { kind: 'refused' }],
  ])('answered %d: all its runs hear that', async (status, answer) => {
    server.world.answer = (_request, response) => void response.writeHead(status, { 'retry-after': '9' }).end();
    expect(await open({ max: 2 }).startMany?.([runRequest('a'), runRequest('b')], batch)).toMatchObject([
      answer,
      answer,
    ]);
  });

  test('is not to be had where the target names no batch', () => {
    expect(open().startMany).toBeUndefined();
    expect(open().batchMax).toBeUndefined();
  });
});

describe('while a secret is replaced', () => {
  test.each([
    ['a run', () => open().start(runRequest())],
    ['a batch', () => open({ max: 2 }).startMany?.([runRequest()], batch)],
    ['a cancellation', () => open().cancel?.(cancelRequest())],
  ])('%s is verified by a receiver with either of the two, and by no third', async (_name, call) => {
    values = [newest, older];
    await call();
    const body = server.received[0]?.body ?? '';
    expect(new Webhook(newest).verify(body, headersOf(0))).toEqual(server.received[0]?.json);
    expect(new Webhook(older).verify(body, headersOf(0))).toEqual(server.received[0]?.json);
    expect(() => new Webhook(foreign).verify(body, headersOf(0))).toThrow();
  });
});

describe('a cancellation', () => {
  test('goes where the run went, as a message of its own with an id that never changes', async () => {
    await open().start(runRequest());
    expect(await open().cancel?.(cancelRequest())).toEqual({ kind: 'cancelled', reference: { status: 202 } });
    await open().cancel?.(cancelRequest());
    expect(server.received[1]).toMatchObject({
      path: '/runs',
      json: {
        type: 'workflow_run.cancelled',
        timestamp: '2026-11-21T04:00:00.000Z',
        data: {
          id: runRequest().message.data.id,
          workflow: 'order-completed',
          recipient: { id: 'lena' },
          cancellation_key: 'order-1',
          reason: 'workflows_cancel',
        },
      },
    });
    const ids = server.received.map(({ headers }) => headers['webhook-id']);
    expect(ids[1]).toBe(ids[2]);
    expect(ids[1]).not.toBe(ids[0]);
  });

  test.each([
    [404, 'too_late'],
    [409, 'too_late'],
    [410, 'too_late'],
    [429, 'unavailable'],
    [500, 'unavailable'],
  ])('answered %d is %s', async (status, kind) => {
    server.world.answer = (_request, response) => void response.writeHead(status).end();
    expect(await open().cancel?.(cancelRequest())).toMatchObject({ kind });
  });
});
