import { gzipSync } from 'node:zlib';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type * as IngestHandler from '../../functions/ingest/handler.ts';
import { goLive } from '../../shared/adapters/dynamodb-configuration-history.ts';
import { writeSnapshot } from '../../shared/adapters/dynamodb-configuration-snapshots.ts';
import { readCurrent } from '../../shared/adapters/dynamodb-configuration-table.ts';
import { decodeRawEvent, type RawEvent, unpackEventText } from '../../shared/core/events/raw-event.ts';
import { eventIdTimeMs } from '../../shared/core/ids/event-id.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import type { HttpResult } from '../../shared/lambda/http-errors.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { UnusableSecret } from '../../shared/ports/secrets.ts';
import { liveConfiguration, trackEvent } from '../support/build.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeCountedMetrics } from '../support/fakes.ts';
import { startQueues, type TestQueues } from '../support/fauxqs.ts';
import { makeKeptLog } from '../support/function-log.ts';
import { ingestKey, makeTestIngest } from '../support/ingest.ts';
import { startSecrets, type TestSecrets } from '../support/secrets-manager.ts';

/* The handler as it is deployed, against an embedded queue, table and store of secrets. */

let tables: TestTables;
let queues: TestQueues;
let store: TestSecrets;
let queueUrl: string;
let deployed: typeof IngestHandler;
let output: string[];

const secret = 'canary-shared-secret';

beforeAll(async () => {
  [tables, queues, store] = await Promise.all([startTables(), startQueues(), startSecrets()]);
  queueUrl = queues.create('events');
  store.secrets.set('signalbox/test/ingest', JSON.stringify({ current: ingestKey }));
  store.secrets.set('signalbox/test/sources/rudderstack', JSON.stringify({ values: [secret] }));
  await configure({ verification: { enforced: false } });
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
    AWS_ENDPOINT_URL_SQS: queues.endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: store.endpoint,
    ENVIRONMENT: 'test',
    EVENTS_QUEUE_URL: queueUrl,
    CONFIGURATION_TABLE: tables.names.Configuration,
    SECRETS_PREFIX: 'signalbox/test',
    LOG_SHARDS: '1',
  });
  deployed = await import('../../functions/ingest/handler.ts');
});

afterAll(async () => {
  await Promise.all([tables.stop(), queues.stop(), store.stop()]);
});

beforeEach(() => {
  output = [];
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      output.push(String(chunk));
      return true;
    });
  }
});

async function configure(state: Record<string, unknown>): Promise<void> {
  const table = { client: tables.client, table: tables.names.Configuration };
  const live = liveConfiguration({ state });
  const change = { kind: 'commit', author: 'test', message: 'test', createdAtMs: Date.now() } as const;
  const snapshot = await writeSnapshot(table, live.snapshot);
  await goLive(table, await readCurrent(table), { ...change, snapshot, state: live.state });
}

type Change = { method?: string; source?: string; token?: string; headers?: Record<string, string>; base64?: boolean };

function proxyEvent(body: string | Uint8Array | undefined, change: Change = {}): APIGatewayProxyEventV2 {
  const {
    method = 'POST',
    source = 'rudderstack',
    token = ingestToken(ingestKey, 'rudderstack', 1),
    headers = {},
  } = change;
  const isBase64Encoded = change.base64 ?? body instanceof Uint8Array;
  const path = `/v1/sources/${source}/${token}`;
  return {
    version: '2.0',
    routeKey: 'ANY /v1/sources/{source}/{token}',
    rawPath: path,
    rawQueryString: '',
    headers: { 'Content-Type': 'application/json', ...headers },
    requestContext: {
      requestId: 'request-1',
      routeKey: '',
      http: { method, path },
    } as APIGatewayProxyEventV2['requestContext'],
    pathParameters: { source, token },
    isBase64Encoded,
    ...(body !== undefined && { body: isBase64Encoded ? Buffer.from(body).toString('base64') : String(body) }),
  };
}

const context = { getRemainingTimeInMillis: () => 10_000 } as Context;
type Handler = typeof IngestHandler.handler;

async function post(body: string | Uint8Array | undefined, change: Change = {}, handler: Handler = deployed.handler) {
  const result = (await handler(proxyEvent(body, change), context)) as HttpResult;
  return { status: result.statusCode, headers: result.headers ?? {}, body: JSON.parse(result.body ?? '') };
}

async function receive(count: number): Promise<RawEvent[]> {
  const received: RawEvent[] = [];
  while (received.length < count) {
    const { Messages = [] } = await queues.client.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    if (Messages.length === 0) break;
    received.push(...Messages.map(({ Body }) => decodeRawEvent(Body ?? '')));
  }
  return received;
}

const metricLines = () =>
  output
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.includes('"_aws"'))
    .map((line) => JSON.parse(line));

describe('what was answered 200', () => {
  test('is in the queue with its exact text, characters that queues refuse included', async () => {
    const text = '{"type":"track","event":"a","id":12345678901234567890,"\uFFFE":"\uFFFF\\u0000é😀","n":1.50}';
    const { status, headers, body } = await post(text);
    expect([status, headers['content-type'], body.accepted]).toEqual([200, 'application/json', 1]);
    const [event] = await receive(1);
    expect(event?.id).toBe(body.ids[0]);
    expect(unpackEventText(event?.payload ?? new Uint8Array())).toEqual({
      headers: { 'content-type': 'application/json' },
      body: text,
    });
    expect(metricLines()).toMatchObject([
      // At the time in the event's id, so that the count of a minute is the number of rows of that minute.
      {
        environment: 'test',
        source: 'rudderstack',
        EventsAccepted: 1,
        _aws: { Timestamp: eventIdTimeMs(body.ids[0]) },
      },
    ]);
    expect(output).toHaveLength(1);
  });

  test('is in the queue in full when it was a batch, gzipped and base64-encoded', async () => {
    const list = Array.from({ length: 57 }, (_, i) => trackEvent({ messageId: `m-${i}` }));
    const { body } = await post(gzipSync(JSON.stringify(list)), { headers: { 'Content-Encoding': 'gzip' } });
    const events = await receive(57);
    expect(new Set(events.map(({ id }) => id))).toEqual(new Set(body.ids));
    const inOrder = events.sort((a, b) => (a.batchIndex ?? 0) - (b.batchIndex ?? 0));
    expect(inOrder.map(({ payload }) => JSON.parse(unpackEventText(payload).body))).toEqual(list);
  });
});

describe('refusals', () => {
  test.each<[string, string | Uint8Array | undefined, Change, number, string]>([
    ['no body', undefined, {}, 400, 'body_empty'],
    ['a body that is not JSON', '{"type":', {}, 400, 'body_not_json'],
    ['bytes that are not UTF-8', Uint8Array.from([0x7b, 0xff]), {}, 400, 'body_not_utf8'],
    ['a number', '5', {}, 400, 'body_not_events'],
    ['5,000 levels', '['.repeat(5000), {}, 400, 'body_too_deep'],
    ['a wrong token', '{}', { token: 'canary-token' }, 404, 'not_found'],
    ['an unknown source', '{}', { source: 'canary-source' }, 404, 'not_found'],
    ['GET', undefined, { method: 'GET' }, 405, 'method_not_allowed'],
    ['5 MB', Buffer.alloc(5_000_000, ' '), {}, 413, 'body_too_large'],
    ['zstd', Buffer.from('(\u00b5/\u00fd'), { headers: { 'content-encoding': 'zstd' } }, 415, 'encoding_unsupported'],
  ])('%s: a problem that says what would be right', async (_, body, change, status, type) => {
    const answer = await post(body, change);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body).toEqual({
      type: `urn:signalbox:problem:${type}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
    });
  });

  test('name the place in a batch, and the headers that would be right', async () => {
    expect((await post('[{},{"a":}]')).body).toMatchObject({ status: 400, position: 1 });
    expect((await post('', { method: 'PUT' })).headers.allow).toBe('POST');
    expect((await post('zstd', { headers: { 'content-encoding': 'zstd' } })).headers['accept-encoding']).toBe(
      'gzip, br, deflate, identity',
    );
  });

  test('are counted by source and reason, and logged without token, body or header values', async () => {
    await post('{"canary-body":', { headers: { 'x-webhook-secret': 'canary-header', authorization: 'canary-header' } });
    await post('{}', { token: 'canary-token' });
    await post('{}', { source: 'canary-source', token: 'canary-token' });
    // One line for each: its count is its log line.
    expect(output).toHaveLength(3);
    const counts = { RequestsRefused: 1, UrlsRefused: 1 };
    expect(metricLines()).toMatchObject([
      {
        level: 'WARN',
        message: 'request refused',
        service: 'ingest',
        source: 'rudderstack',
        reason: 'body_not_json',
        status: 400,
        bytes: 15,
        request_id: 'request-1',
        RequestsRefused: 1,
      },
      { source: 'rudderstack', reason: 'token_wrong', status: 404, ...counts },
      { source: 'unknown', reason: 'source_unknown', status: 404, ...counts },
    ]);
    expect(output.join('')).not.toContain('canary');
  });
});

test('an enforced check passes the secret and refuses all else, without a trace of either', async () => {
  await configure({ verification: { enforced: true } });
  jest.resetModules();
  const { handler } = (await import('../../functions/ingest/handler.ts')) as typeof IngestHandler;
  expect((await post('{}', { headers: { 'X-Webhook-Secret': secret } }, handler)).status).toBe(200);
  const [event] = await receive(1);
  expect(event?.verification).toBe('enforced:verified');
  const refusal = await post('{}', { headers: { 'x-webhook-secret': 'canary-wrong' } }, handler);
  expect([refusal.status, refusal.body.detail]).toEqual([401, expect.stringContaining('x-webhook-secret')]);
  expect((await post('{}', {}, handler)).status).toBe(401);
  expect(metricLines().filter((line) => line.SignaturesRefused === 1)).toHaveLength(2);
  expect(
    output.join('') + JSON.stringify(refusal) + Buffer.from(event?.payload ?? []).toString('latin1'),
  ).not.toContain('canary');
});

test.each(['/', '//', ' ', '\n'])('a URL that was pasted with %j behind its token is the URL', async (behind) => {
  const token = ingestToken(ingestKey, 'rudderstack', 1) + behind;
  const handler = deployed.makeHandler({ ...makeTestIngest(), metrics: makeCountedMetrics() });
  expect((await post('{}', { token }, handler)).status).toBe(200);
  expect((await post('{}', { token: `${token}x` }, handler)).status).toBe(404);
});

describe('faults of ours', () => {
  const make = (change: Partial<ReturnType<typeof makeTestIngest>>) => {
    const metrics = makeCountedMetrics();
    const log = makeKeptLog();
    return { metrics, log, handler: deployed.makeHandler({ ...makeTestIngest(), ...change, metrics, log }) };
  };

  test('and refusals of a known source are noted with their request; wrong URLs never are', async () => {
    const ingest = makeTestIngest();
    const handler = deployed.makeHandler({ ...ingest, metrics: makeCountedMetrics() });
    await post('{"bad', {}, handler);
    ingest.failing.add('events.sendEach');
    await post('{}', {}, handler);
    await post('{}', { token: 'wrong' }, handler);
    await post('{}', { source: 'nobody' }, handler);
    expect(ingest.noted.map(({ source, reason }) => [source, reason])).toEqual([
      ['rudderstack', 'body_not_json'],
      ['rudderstack', 'internal'],
    ]);
    expect(ingest.noted.every(({ requestId }) => requestId?.startsWith('request-'))).toBe(true);
  });

  test('are a 503 with Retry-After, counted and logged', async () => {
    const { handler, metrics, log } = make({ events: { sendEach: () => Promise.reject(new Error('queue away')) } });
    const { status, headers, body } = await post('{}', {}, handler);
    expect([status, headers['retry-after'], body.status]).toEqual([503, '5', 503]);
    expect(JSON.stringify(body)).not.toContain('queue away');
    expect(metrics.counts.get('RequestsFailed')).toBe(1);
    expect(log.lines).toMatchObject([
      { level: 'error', message: 'request not accepted', source: 'rudderstack', error: { message: 'queue away' } },
    ]);
  });

  test('count, at their time of receipt, the events that may be queued although the answer was 503', async () => {
    const fake = makeTestIngest();
    const printed: string[] = [];
    const metrics = makeStageMetrics('test', (line) => printed.push(line));
    fake.answer = (events) =>
      events.map((_, i) => (i === 0 ? { sent: true } : { sent: false, error: new Error('no') }));
    const handler = deployed.makeHandler({ ...fake, metrics });
    expect((await post('[{},{},{}]', {}, handler)).status).toBe(503);
    const lines = printed.map((line) => JSON.parse(line));
    const [unanswered] = lines.filter(({ EventsUnanswered }) => EventsUnanswered !== undefined);
    expect(unanswered).toMatchObject({ EventsUnanswered: 3, _aws: { Timestamp: fake.nowMs() } });
    expect(lines.some(({ EventsAccepted }) => EventsAccepted !== undefined)).toBe(false);
  });

  test('count a request that takes many calls of the queue before the first of them, and take that back', async () => {
    const fake = makeTestIngest();
    const printed: string[] = [];
    const metrics = makeStageMetrics('test', (line) => printed.push(line));
    const countsOf = (name: string) => printed.flatMap((line) => JSON.parse(line)[name] ?? []);
    const beforeSending: number[] = [];
    fake.answer = (events) => {
      // All that would remain if the function stopped here.
      beforeSending.push(...countsOf('EventsUnanswered'));
      return events.map((_, i) => (i < 5 ? { sent: true } : { sent: false, error: new Error('no'), asked: false }));
    };
    const handler = deployed.makeHandler({ ...fake, metrics });
    const body = JSON.stringify(Array(11).fill({}));
    expect((await post(body, {}, handler)).status).toBe(503);
    expect(beforeSending).toEqual([11]);
    // Five may be queued: the others were never sent.
    expect(countsOf('EventsUnanswered')).toEqual([11, -6]);
    printed.length = 0;
    fake.answer = undefined;
    expect((await post(body, {}, handler)).status).toBe(200);
    expect(countsOf('EventsUnanswered')).toEqual([11, -11]);
    expect(countsOf('EventsAccepted')).toEqual([11]);
    // In one line, so that no reader sees one without the other.
    expect(printed).toHaveLength(2);
    printed.length = 0;
    await post('[{},{}]', {}, handler);
    expect(printed).toHaveLength(1);
  });

  test('include a secret that is being deleted: 503 also where proof is asked for only once there is one', async () => {
    const fake = makeTestIngest();
    const { valuesOf } = fake.secrets;
    fake.live = liveConfiguration({ state: { verification: { enforced: 'once_set' } } });
    fake.secrets.valuesOf = async (name) => {
      if (name === 'sources/rudderstack') throw new UnusableSecret(name, 'scheduled_for_deletion');
      return valuesOf(name);
    };
    const { handler, metrics, log } = make(fake);
    const { status, headers, body } = await post('{}', {}, handler);
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(JSON.stringify(body)).not.toContain('deletion');
    expect(fake.sent).toEqual([]);
    expect(metrics.counts.get('RequestsFailed')).toBe(1);
    expect(log.lines).toMatchObject([
      {
        message: 'request not accepted',
        source: 'rudderstack',
        reason: 'scheduled_for_deletion',
        error: { message: expect.stringContaining('npx signalbox secrets restore sources/rudderstack') },
      },
    ]);
  });

  test('include a queue that never answers: the time that is left ends in a 503', async () => {
    const { handler, metrics, log } = make({ events: { sendEach: () => new Promise(() => {}) } });
    const result = (await handler(proxyEvent('{}'), {
      getRemainingTimeInMillis: () => 2_050,
    } as Context)) as HttpResult;
    expect(result.statusCode).toBe(503);
    expect(log.lines).toMatchObject([{ message: 'request not accepted', source: 'rudderstack' }]);
    expect(metrics.counts.get('RequestsFailed')).toBe(1);
  });

  test('include an event that is not the gateway’s', async () => {
    const { handler } = make({});
    expect(((await handler({} as APIGatewayProxyEventV2, context)) as HttpResult).statusCode).toBe(503);
  });
});
