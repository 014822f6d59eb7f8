import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { inFullPerMinute, oneIn } from '../../shared/lambda/refusals.ts';
import { startApi, type TestApi } from './api-for-tests.ts';

const startMs = Date.parse('2026-05-04T12:00:00Z');
const minuteMs = 60_000;

let api: TestApi;
const clock = { nowMs: startMs };

beforeAll(async () => {
  api = await startApi({ nowMs: () => clock.nowMs });
});
afterAll(() => api.stop());
beforeEach(() => {
  // Each test begins with a new minute, in which nothing was refused yet.
  clock.nowMs = (Math.floor(clock.nowMs / minuteMs) + 2) * minuteMs;
  api.deps.refusals.settle();
  api.deps.metrics.flush();
  api.lines.length = 0;
  api.counted.length = 0;
});

const stranger = { key: 'sk_x' };

function sum(name: string, where: Record<string, unknown> = {}): number {
  return api.counted
    .filter((line) => Object.entries(where).every(([key, value]) => line[key] === value))
    .reduce((total, line) => total + Number(line[name] ?? 0), 0);
}

/** The dimensions under which CloudWatch stores a count of a line. */
function dimensionsOf(line: Record<string, unknown> | undefined, name: string): string[] {
  type Directive = { Dimensions: string[][]; Metrics: { Name: string }[] };
  const { CloudWatchMetrics = [] } = (line?._aws ?? {}) as { CloudWatchMetrics?: Directive[] };
  return CloudWatchMetrics.filter(({ Metrics }) => Metrics.some((metric) => metric.Name === name)).flatMap(
    ({ Dimensions }) => Dimensions.map((dimensions) => dimensions.join()),
  );
}

describe('a refused call of the API', () => {
  test('of a stranger is one line, which is all its counts and names no key and no path', async () => {
    const { headers } = await api.call('GET', '/v1/users/ada@example.com', stranger);
    api.deps.metrics.flush();
    expect(api.counted).toHaveLength(1);
    expect(api.lines).toEqual([]);
    expect(api.counted[0]).toMatchObject({
      level: 'WARN',
      message: 'request refused',
      service: 'api',
      request_id: headers['x-request-id'],
      status: 401,
      source: 'api',
      reason: 'authentication_required',
      ApiRequests: 1,
      ApiRefused: 1,
      KeysRefused: 1,
    });
    expect(JSON.stringify(api.counted)).not.toMatch(/sk_|ada/);
  });

  test('that reads with a valid key is one line, which says who asked for what', async () => {
    await api.call('GET', '/v1/users/nobody');
    api.deps.metrics.flush();
    expect(api.lines).toEqual([]);
    expect(api.counted).toEqual([
      expect.objectContaining({
        reason: 'resource_missing',
        call: 'users.get',
        path: '/v1/users/nobody',
        key_name: 'secret',
        status: 404,
        ApiRequests: 1,
        ApiRefused: 1,
      }),
    ]);
    expect(sum('KeysRefused')).toBe(0);
  });

  // A metric for each reason costs $0.30 a month, and the number of calls is asked for as a whole.
  test('counts as a call without its reason, and as refused with it', async () => {
    await api.call('GET', '/v1/users/nobody');
    const [line] = api.counted;
    expect(dimensionsOf(line, 'ApiRequests')).toEqual(['environment', 'environment,source']);
    expect(dimensionsOf(line, 'ApiRefused')).toEqual([
      'environment',
      'environment,source',
      'environment,source,reason',
    ]);
  });
});

test('2,000 wrong keys in two minutes cost 40 lines, and each call is counted in its minute', async () => {
  const half = 1_000;
  const first = clock.nowMs;
  for (let minute = 0; minute < 2; minute++) {
    for (let i = 0; i < half; i++) {
      clock.nowMs = first + minute * minuteMs + Math.floor((i * minuteMs) / half);
      await api.call('GET', '/v1/users/u1', stranger);
    }
  }
  clock.nowMs = first + 2 * minuteMs;
  await api.call('GET', '/v1/openapi.json', { key: null });
  api.deps.metrics.flush();

  for (const name of ['ApiRefused', 'KeysRefused']) expect(sum(name)).toBe(2 * half);
  expect(sum('ApiRequests')).toBe(2 * half + 1);
  const inFirst = api.counted.filter(({ _aws }) => (_aws as { Timestamp: number }).Timestamp < first + minuteMs);
  expect(inFirst.reduce((total, line) => total + Number(line.KeysRefused ?? 0), 0)).toBe(half);
  // Per minute: the first ones, every hundredth of the others, and one for the rest.
  const refusals = api.counted.filter(({ message }) => message === 'request refused');
  const bytes = api.counted.reduce((total, line) => total + Buffer.byteLength(JSON.stringify(line)), 0);
  expect(bytes / (2 * half)).toBeLessThan(15);
  expect(refusals).toHaveLength(2 * (inFullPerMinute + Math.floor((half - inFullPerMinute) / oneIn) + 1));
});

test('an attack with wrong keys hides no refusal of a client that has a key, and no read', async () => {
  await api.call('PUT', '/v1/users/u1', { body: { plan: 'pro' } });
  for (let i = 0; i < 300; i++) {
    await api.call('GET', '/v1/users/u1', stranger);
    if (i % 100 === 0) expect(await api.call('GET', '/v1/users/u1')).toMatchObject({ status: 200 });
    if (i % 100 === 50) expect(await api.call('PUT', '/v1/users/u1', { body: '{' })).toMatchObject({ status: 400 });
  }
  expect(api.lines).toHaveLength(3);
  expect(api.counted.filter(({ reason }) => reason === 'invalid_json')).toHaveLength(3);
});

test('a fault of ours counts as a call that failed, not as refused', async () => {
  const failing = await startApi({
    keys: { ...api.deps.keys, find: () => Promise.reject(new Error('the table is away')) },
  });
  const answer = await failing.call('GET', '/v1/users/u1');
  failing.deps.metrics.flush();
  expect(answer.status).toBe(503);
  const counts = failing.counted.flatMap((line) => Object.keys(line).filter((name) => /^[A-Z]/.test(name)));
  expect(counts.sort()).toEqual(['ApiRequests', 'EventsUnanswered', 'RequestsFailed']);
  await failing.stop();
});
