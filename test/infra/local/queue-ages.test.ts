import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openMetricHistory } from '../../../infra/local/metric-history.ts';
import { withQueueAges } from '../../../infra/local/queue-ages.ts';
import { type LocalQueues, startQueues } from '../../../infra/local/queues.ts';
import { localCredentials } from '../../support/dynalite.ts';

const minute = 60_000;
let queues: LocalQueues;
beforeAll(async () => {
  queues = await startQueues(undefined, localCredentials.credentials);
});
afterAll(() => queues.stop());

const history = openMetricHistory(undefined);
const metric = (QueueName: string) => ({
  namespace: 'AWS/SQS',
  name: 'ApproximateAgeOfOldestMessage',
  dimensions: { QueueName },
});
const aroundNow = () => ({ sinceMs: Date.now() - minute, untilMs: Date.now() + minute });
const agesOf = (queue: string, range = aroundNow()) =>
  withQueueAges(history, (name) => queues.oldestSentMs(name))
    .minutes(metric(queue), range)
    .map(({ max }) => max);

describe("a queue's oldest message", () => {
  const send = (name: string, body: string) =>
    queues.client.call('SendMessage', { QueueUrl: queues.url(name), MessageBody: body });
  const receive = (name: string) =>
    queues.client.call('ReceiveMessage', { QueueUrl: queues.url(name), VisibilityTimeout: 0 });

  test('has its age in seconds for the present minute, and an empty queue has none', async () => {
    await queues.ensure({ name: 'aged', attributes: {} });
    expect(agesOf('aged')).toEqual([]);
    expect(agesOf('no-such-queue')).toEqual([]);
    const beganMs = Date.now();
    await send('aged', 'first');
    await sleep(30);
    await send('aged', 'second');
    const [age = 0, ...others] = agesOf('aged');
    expect(others).toEqual([]);
    expect(age).toBeGreaterThanOrEqual(0.03);
    expect(age).toBeLessThanOrEqual((Date.now() - beganMs) / 1000);
    expect(agesOf('aged', { sinceMs: 0, untilMs: Date.now() - minute })).toEqual([]);
  });

  test('is passed over once it was received three times, as SQS does', async () => {
    await queues.ensure({ name: 'poisoned', attributes: {} });
    await send('poisoned', 'poison');
    for (let i = 0; i < 2; i++) await receive('poisoned');
    expect(agesOf('poisoned')).toHaveLength(1);
    await receive('poisoned');
    expect(agesOf('poisoned')).toEqual([]);
  });
});
