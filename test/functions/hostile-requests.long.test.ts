import { beforeAll, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { makeHandler as MakeHandler } from '../../functions/ingest/handler.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import type { HttpResult } from '../../shared/lambda/http-errors.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { inFullPerMinute, oneIn } from '../../shared/lambda/refusals.ts';
import { liveConfiguration } from '../support/build.ts';
import { ingestKey, makeTestIngest, type TestIngest } from '../support/ingest.ts';

/* What strangers can make ingest spend: lines of the log, and calls of AWS. */

let makeHandler: typeof MakeHandler;
beforeAll(async () => {
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    ENVIRONMENT: 'test',
    EVENTS_QUEUE_URL: 'http://127.0.0.1:1/1/events',
    CONFIGURATION_TABLE: 't',
    SECRETS_PREFIX: 'signalbox/test',
    LOG_SHARDS: '1',
  });
  ({ makeHandler } = await import('../../functions/ingest/handler.ts'));
});

const startMs = Date.parse('2026-05-04T12:00:00Z');
const minuteMs = 60_000;
const token = ingestToken(ingestKey, 'rudderstack', 1);

type Line = Record<string, unknown> & { _aws: { Timestamp: number } };

/** One process of ingest with a clock that the test moves. */
function startProcess() {
  const ingest: TestIngest = makeTestIngest();
  const clock = { nowMs: startMs };
  const printed: string[] = [];
  const parts = {
    ...ingest,
    nowMs: () => clock.nowMs,
    metrics: makeStageMetrics('test', (line) => printed.push(line)),
  };
  const handler = makeHandler(parts);
  const context = { getRemainingTimeInMillis: () => 10_000 } as Context;
  let requests = 0;
  async function post(source: string, withToken: string, body = '{}'): Promise<number> {
    const event = {
      headers: { 'content-type': 'application/json' },
      requestContext: { requestId: `request-${requests++}`, http: { method: 'POST' } },
      pathParameters: { source, token: withToken },
      body,
      isBase64Encoded: false,
    };
    return ((await handler(event as unknown as APIGatewayProxyEventV2, context)) as HttpResult).statusCode;
  }
  const lines = () => printed.map((line) => JSON.parse(line) as Line);
  const sum = (name: string, where: Record<string, unknown> = {}) =>
    lines()
      .filter((line) => Object.entries(where).every(([key, value]) => line[key] === value))
      .reduce((total, line) => total + Number(line[name] ?? 0), 0);
  return { ingest, clock, printed, post, lines, sum };
}

describe('10,000 hostile requests in two minutes', () => {
  test('cost 1 line in a hundred, and every one is counted in its minute, under its source and reason', async () => {
    const { clock, printed, post, lines, sum } = startProcess();
    const half = 2_500;
    for (let minute = 0; minute < 2; minute++) {
      for (let i = 0; i < half; i++) {
        clock.nowMs = startMs + minute * minuteMs + Math.floor((i * minuteMs) / half);
        expect(await post('rudderstack', `guess-${i}`)).toBe(404);
        expect(await post(`guess-${i}`, 'guess')).toBe(404);
      }
    }
    clock.nowMs = startMs + 2 * minuteMs;
    expect(await post('rudderstack', token)).toBe(200);

    expect(sum('RequestsRefused', { source: 'rudderstack', reason: 'token_wrong' })).toBe(2 * half);
    expect(sum('UrlsRefused', { source: 'unknown', reason: 'source_unknown' })).toBe(2 * half);
    const inFirst = lines().filter(({ _aws }) => _aws.Timestamp < startMs + minuteMs);
    expect(inFirst.reduce((total, line) => total + Number(line.UrlsRefused ?? 0), 0)).toBe(2 * half);

    const refusals = lines().filter(({ message }) => message === 'request refused');
    // Per minute and kind: the first ones, every hundredth of the others, and one for the rest.
    expect(refusals).toHaveLength(4 * (inFullPerMinute + Math.floor((half - inFullPerMinute) / oneIn) + 1));
    const bytes = printed.reduce((total, line) => total + Buffer.byteLength(line), 0);
    expect(bytes / (4 * half)).toBeLessThan(10);
  });

  test('leave no line of a request whose URL is right out, refused or accepted', async () => {
    const { clock, post, lines, sum } = startProcess();
    for (let i = 0; i < 1_000; i++) {
      clock.nowMs = startMs + i * 10;
      await post('rudderstack', 'guess');
      if (i % 200 === 0) expect(await post('rudderstack', token, '{')).toBe(400);
      if (i % 100 === 0) expect(await post('rudderstack', token)).toBe(200);
    }
    expect(sum('EventsAccepted')).toBe(10);
    const wrongBodies = lines().filter(({ reason }) => reason === 'body_not_json');
    expect(wrongBodies).toHaveLength(5);
    expect(wrongBodies[0]).toMatchObject({ status: 400, bytes: 1, request_id: expect.any(String), RequestsRefused: 1 });
  });
});

test('each of the first refusals of a minute has a line with its request; the next one says how many it stands for', async () => {
  const { clock, post, lines } = startProcess();
  for (let i = 0; i < inFullPerMinute + oneIn; i++) await post('rudderstack', 'guess');
  expect(lines().map(({ request_id, stands_for, UrlsRefused }) => [request_id, stands_for, UrlsRefused])).toEqual([
    ...Array.from({ length: inFullPerMinute }, (_, i) => [`request-${i}`, undefined, 1]),
    [`request-${inFullPerMinute + oneIn - 1}`, oneIn, oneIn],
  ]);
  clock.nowMs += minuteMs;
  await post('rudderstack', 'guess');
  expect(lines().at(-1)).toMatchObject({ UrlsRefused: 1, _aws: { Timestamp: clock.nowMs } });
});

test('a lone refusal of a minute and the rest of an attack are counted with the next request, whatever it is', async () => {
  const { clock, post, sum, lines } = startProcess();
  for (let i = 0; i < inFullPerMinute + 7; i++) await post('nowhere', 'guess');
  expect(sum('UrlsRefused')).toBe(inFullPerMinute);
  clock.nowMs += minuteMs;
  await post('rudderstack', token);
  expect(sum('UrlsRefused')).toBe(inFullPerMinute + 7);
  expect(lines().find(({ stands_for }) => stands_for === 7)?._aws.Timestamp).toBe(startMs + minuteMs - 1);
});

describe('wrong URLs', () => {
  const again = (calls: string[]) => calls.filter((call) => /reload|refresh/.test(call));

  test('have nothing read again once they keep coming: ten minutes of them cost fewer reads than the ordinary refresh', async () => {
    const { ingest, clock, post } = startProcess();
    for (let second = 0; second < 60; second++) {
      clock.nowMs = startMs + second * 1_000;
      for (const source of ['rudderstack', 'guess']) await post(source, `guess-${second}`);
    }
    // After 1, 2, 4, 8 and then every 15 seconds; the key after 30.
    ingest.calls.length = 0;
    for (let second = 60; second < 660; second++) {
      clock.nowMs = startMs + second * 1_000;
      expect(await post('rudderstack', `guess-${second}`)).toBe(404);
    }
    const count = (call: string) => again(ingest.calls).filter((made) => made === call).length;
    // The ordinary refresh would read the configuration 40 times and the key twice.
    expect(count('configuration.reload')).toBeLessThanOrEqual(600 / 15);
    expect(count('secrets.refresh ingest')).toBeLessThanOrEqual(4);
    ingest.calls.length = 0;
    for (let i = 0; i < 1_000; i++) await post('rudderstack', `guess-${i}`);
    expect(again(ingest.calls)).toEqual([]);
    expect(ingest.sent).toEqual([]);
  });

  test('of a source that was just made work at once, also after strangers guessed for an hour and stopped', async () => {
    const { ingest, clock, post } = startProcess();
    for (let second = 0; second < 3_600; second += 5) {
      clock.nowMs = startMs + second * 1_000;
      await post('rudderstack', 'guess');
    }
    clock.nowMs += 60_000;
    ingest.reloaded = liveConfiguration({ state: { url: { generation: 2 } } });
    expect(await post('rudderstack', ingestToken(ingestKey, 'rudderstack', 2))).toBe(200);
  });

  test('work within fifteen seconds while strangers go on guessing', async () => {
    const { ingest, clock, post } = startProcess();
    let second = 0;
    const guess = async () => {
      clock.nowMs = startMs + second++ * 1_000;
      await post('rudderstack', 'guess');
    };
    while (second < 300) await guess();
    ingest.reloaded = liveConfiguration({ state: { url: { generation: 2 } } });
    const statuses: number[] = [];
    for (let i = 0; i < 16; i++) {
      await guess();
      ingest.live = again(ingest.calls.splice(0)).includes('configuration.reload') ? ingest.reloaded : ingest.live;
      statuses.push(await post('rudderstack', ingestToken(ingestKey, 'rudderstack', 2)));
    }
    expect(statuses.at(-1)).toBe(200);
  });
});
