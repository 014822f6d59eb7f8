import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ApiGateway, startApiGateway } from '../../../infra/local/api-gateway.ts';
import { makeThrottle } from '../../../infra/local/throttle.ts';

describe('a throttle', () => {
  test('lets a burst through, and then as many as its rate', () => {
    let nowMs = 0;
    const passes = makeThrottle({ requestsPerSecond: 2, burst: 3 }, () => nowMs);
    const next = (count: number) => Array.from({ length: count }, () => passes());
    expect(next(4)).toEqual([true, true, true, false]);
    nowMs += 500;
    expect(next(2)).toEqual([true, false]);
    nowMs += 60_000;
    expect(next(4)).toEqual([true, true, true, false]);
  });
});

describe('the gateway', () => {
  let gateway: ApiGateway;
  beforeAll(async () => {
    gateway = await startApiGateway({ port: 0, metrics: () => ({}), onFailure: () => undefined });
    const called = { invoke: async () => JSON.stringify({ statusCode: 200, body: 'ok' }) };
    const route = { timeoutMs: 1000, function: called };
    gateway.serve([
      { ...route, routeKey: 'ANY /v1/limited', passes: makeThrottle({ requestsPerSecond: 0.001, burst: 1 }) },
      { ...route, routeKey: 'ANY /v1/free' },
    ]);
  });
  afterAll(() => gateway.stop());

  test('answers 429 above the limit of a route, and others go on', async () => {
    const statuses: number[] = [];
    for (const path of ['limited', 'limited', 'free', 'free'])
      statuses.push((await fetch(`${gateway.url}/v1/${path}`, { method: 'POST', body: '{}' })).status);
    expect(statuses).toEqual([200, 429, 200, 200]);
  });
});
