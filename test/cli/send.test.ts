import { randomInt, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import { guide } from '../../shared/core/sources/rudderstack.guide.ts';
import { planSamples } from '../../shared/operations/send/plan-samples.ts';
import { forEachPaced, postEvent } from '../../shared/operations/send/post.ts';
import { checkRuns, countFinal } from '../../shared/operations/send/summary.ts';
import { liveConfiguration, rawEvent } from '../support/build.ts';
import { actionEntry, eventEntry, outcome } from './entries-for-tests.ts';

const rudderstack = guide.samples;
const make = { uuid: randomUUID, int: randomInt, nowMs: Date.now() };

describe('samples', () => {
  test('are read by their source as the type and user they claim to be', () => {
    for (const type of ['identify', 'page', 'screen', 'group', 'alias', 'track/order_completed', 'track/Any Thing']) {
      const sample = rudderstack.ofType(type, { id: 'u1', name: 'Ada', email: 'ada@example.com' }, make);
      const planned = planEvent(rawEvent(sample?.body), liveConfiguration());
      expect(planned).toMatchObject({ event: { eventType: type, userId: 'u1' }, key: sample?.messageId });
    }
  });

  test('by default are one user and one order, so that an action and a run follow', () => {
    const plan = planSamples(rudderstack, {});
    expect(plan.introductions.map(({ eventType }) => eventType)).toEqual(['identify']);
    expect(plan.events.map(({ eventType }) => eventType)).toEqual(['track/order_completed']);
    expect(plan.events[0]?.userId).toBe(plan.introductions[0]?.userId);
  });

  test('are as many as asked for, no message id twice, users introduced first, in the proportions of the mix', () => {
    const { introductions, events } = planSamples(rudderstack, { count: 1000 });
    const samples = [...introductions, ...events];
    expect(samples).toHaveLength(1000);
    expect(new Set(samples.map(({ messageId }) => messageId)).size).toBe(1000);
    const known = new Set(introductions.map(({ userId }) => userId));
    expect(events.filter(({ userId }) => !known.has(userId))).toEqual([]);
    const orders = events.filter(({ eventType }) => eventType === 'track/order_completed').length;
    expect(orders / events.length).toBeCloseTo(0.7, 2);
  });

  test('of one type are only that; of one user only theirs', () => {
    const { introductions, events } = planSamples(rudderstack, { count: 3, eventType: 'page', userId: 'u7' });
    expect(introductions).toEqual([]);
    expect(events.map(({ eventType, userId }) => [eventType, userId])).toEqual(Array(3).fill(['page', 'u7']));
  });

  test('of a type that the source never sends are refused', () => {
    expect(() => planSamples(rudderstack, { eventType: 'invoice.paid' })).toThrow('no sample of type "invoice.paid"');
  });
});

test('a summary counts actions by status, and those with a warning by its code', () => {
  const entry = eventEntry();
  const outcomes = [outcome(entry.id), outcome(entry.id, { result: { id: 'x', runs: 0 } })];
  expect(countFinal([{ entry, actions: actionEntry(entry, outcomes) }])).toEqual({
    events: { processed: 1 },
    actions: { workflows_trigger: { succeeded: 2 } },
    warnings: { no_runs: 1 },
  });
});

describe('posting', () => {
  let server: Server | undefined;
  afterEach(async () => {
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    server = undefined;
  });

  /** Answers in turn, and keeps what it was sent. */
  async function answering(...answers: { status: number; body?: unknown; headers?: Record<string, string> }[]) {
    const requests: { body: Buffer; headers: NodeJS.Dict<string | string[]> }[] = [];
    server = createServer(async (request, response) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { status, body, headers } = answers[Math.min(requests.length, answers.length - 1)] ?? { status: 500 };
      requests.push({ body: Buffer.concat(chunks), headers: request.headers });
      response.writeHead(status, { connection: 'close', ...headers }).end(JSON.stringify(body ?? {}));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return { url: `http://127.0.0.1:${address.port}/v1/sources/a/SECRET`, requests };
  }

  test('sends bytes and headers as they are', async () => {
    const { url, requests } = await answering({ status: 200, body: { accepted: 1, ids: ['I'] } });
    const body = new Uint8Array([0x7b, 0x0a, 0xff, 0x7d]);
    expect(await postEvent(url, body, { 'user-agent': 'RudderLabs', 'x-webhook-secret': 's' })).toEqual({
      accepted: true,
      status: 200,
      ids: ['I'],
    });
    expect([...(requests[0]?.body ?? [])]).toEqual([...body]);
    expect(requests[0]?.headers).toMatchObject({ 'user-agent': 'RudderLabs', 'x-webhook-secret': 's' });
  });

  test('tries again after 503 and 429, as the vendor does', async () => {
    const { url, requests } = await answering({ status: 503 }, { status: 429 }, { status: 200, body: { ids: ['I'] } });
    expect(await postEvent(url, '{}', {})).toMatchObject({ accepted: true });
    expect(requests).toHaveLength(3);
  });

  test.each([400, 401, 404, 413])('takes %d for an answer, with the detail of the problem', async (status) => {
    const { url, requests } = await answering({ status, body: { title: 'Refused', detail: 'because' } });
    expect(await postEvent(url, '{}', {})).toEqual({ accepted: false, status, problem: 'Refused: because' });
    expect(requests).toHaveLength(1);
  });

  test('says who does not answer, and not the token', async () => {
    const { url } = await answering({ status: 200 });
    await new Promise((resolve) => server?.close(resolve));
    const posting = postEvent(url, '{}', {});
    await expect(posting).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringContaining(new URL(url).origin),
    });
    await expect(posting).rejects.not.toMatchObject({ message: expect.stringContaining('SECRET') });
  });

  test('keeps to its concurrency and rate, and stops at the first error', async () => {
    let running = 0;
    let most = 0;
    const startedAt = performance.now();
    await forEachPaced(
      Array.from({ length: 12 }, (_, i) => i),
      { concurrency: 3, perSecond: 100 },
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running--;
      },
    );
    expect(most).toBeLessThanOrEqual(3);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(100);
    const done: number[] = [];
    const failing = forEachPaced([1, 2, 3], { concurrency: 1 }, async (n) => {
      if (n === 2) throw new Error('two');
      done.push(n);
    });
    await expect(failing).rejects.toThrow('two');
    expect(done).toEqual([1]);
  });
});

describe('the check of runs', () => {
  const event = eventEntry();
  const final = (...events: (typeof event)[]) =>
    new Map(events.map((entry) => [entry.id, { entry, actions: actionEntry(entry, [outcome(entry.id)]) }]));

  test('is content when every trigger has the runs that it reported', () => {
    const check = checkRuns(final(event), new Map([[event.id, 1]]), new Map([[event.id, 'm1']]));
    expect(check).toEqual({ total: 1, expected: 1, missing: [], twice: [] });
  });

  test('finds a run that is missing, and one too many', () => {
    expect(checkRuns(final(event), new Map(), new Map([[event.id, 'm1']])).missing).toEqual(['m1']);
    expect(checkRuns(final(event), new Map([[event.id, 2]]), new Map([[event.id, 'm1']])).twice).toEqual(['m1']);
  });

  test('finds a message that ran under two executions', () => {
    const copy = eventEntry();
    const runs = new Map([
      [event.id, 1],
      [copy.id, 1],
    ]);
    expect(
      checkRuns(
        final(event, copy),
        runs,
        new Map([
          [event.id, 'm1'],
          [copy.id, 'm1'],
        ]),
      ).twice,
    ).toEqual(['m1']);
    expect(
      checkRuns(
        final(event, copy),
        runs,
        new Map([
          [event.id, 'm1'],
          [copy.id, 'm2'],
        ]),
      ).twice,
    ).toEqual([]);
  });
});
