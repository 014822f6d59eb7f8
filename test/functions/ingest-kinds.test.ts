import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type * as IngestHandler from '../../functions/ingest/handler.ts';
import { processBatch } from '../../functions/processor/process-batch.ts';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import { encodeRawEvent, unpackEventText } from '../../shared/core/events/raw-event.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import type { HttpResult } from '../../shared/lambda/http-errors.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { eventRecord, liveConfiguration } from '../support/build.ts';
import { makeCountedMetrics, makeFakeActionsQueue, makeFakeClaimStore, makeFakeEventLog } from '../support/fakes.ts';
import { makeKeptLog } from '../support/function-log.ts';
import { ingestKey, makeTestIngest } from '../support/ingest.ts';

/* What single kinds promise their senders, through the handler. */

let deployed: typeof IngestHandler;

beforeAll(async () => {
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    ENVIRONMENT: 'test',
    EVENTS_QUEUE_URL: 'http://localhost/events',
    CONFIGURATION_TABLE: 'Configuration',
    SECRETS_PREFIX: 'signalbox/test',
    LOG_SHARDS: '1',
  });
  deployed = await import('../../functions/ingest/handler.ts');
});

/** A source called `source` of a kind, over ports in memory. */
function sourceOf(kind: string, { file = {}, secret }: { file?: Record<string, unknown>; secret?: string } = {}) {
  const ingest = makeTestIngest();
  const live = liveConfiguration({ file: { kind, mappings: [], ...file } });
  const { rudderstack } = live.snapshot.sources;
  if (rudderstack === undefined) throw new Error('no source');
  const configuration = { ...live, snapshot: { ...live.snapshot, sources: { source: rudderstack } } };
  Object.assign(ingest, { live: configuration });
  if (secret !== undefined) ingest.stored.set('sources/source', [secret]);
  const log = makeKeptLog();
  const { lines } = log;
  const printed: string[] = [];
  const metrics = makeStageMetrics('test', (line) => printed.push(line));
  const handler = deployed.makeHandler({ ...ingest, metrics, log });
  return {
    configuration,
    lines,
    printed,
    log,
    sent: ingest.sent,
    texts: () => ingest.sent.map(({ payload }) => unpackEventText(payload).body),
    async post(body: unknown, headers: Record<string, string> = {}) {
      const bytes =
        body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      const event = {
        headers: { 'content-type': 'application/json', ...headers },
        requestContext: { requestId: 'r', http: { method: 'POST' } },
        pathParameters: { source: 'source', token: ingestToken(ingestKey, 'source', 1) },
        isBase64Encoded: true,
        body: Buffer.from(bytes).toString('base64'),
      } as unknown as APIGatewayProxyEventV2;
      return (await handler(event, { getRemainingTimeInMillis: () => 10_000 } as Context)) as HttpResult;
    },
  };
}

describe('http-legacy', () => {
  const shift = { type: 'track', event: 'shift.published', userId: 'mgr-3', properties: { site: 'harbour' } };

  test('answers 204 without a body, and names the event in a header', async () => {
    const { post, sent } = sourceOf('http-legacy');
    const { statusCode, headers, body } = await post(shift);
    expect(sent).toHaveLength(1);
    expect({ statusCode, headers, body }).toEqual({
      statusCode: 204,
      headers: { 'x-signalbox-event-id': sent[0]?.id },
      body: undefined,
    });
  });

  test.each([
    ['no type', { event: 'a' }, 'field "type": got nothing, wanted "track"'],
    ['another type', { ...shift, type: 'identify' }, 'field "type": got "identify", wanted "track"'],
    ['a type in other letters', { ...shift, type: 'Track' }, 'field "type": got "Track"'],
    ['a list as type', { ...shift, type: ['track'] }, 'field "type": got a list'],
    ['no event', { type: 'track' }, 'field "event": got nothing, wanted text, the name of the event'],
    ['an empty event', { type: 'track', event: '' }, 'field "event": got the empty text'],
    ['null as event', { type: 'track', event: null }, 'field "event": got null'],
    ['a map as event', { type: 'track', event: {} }, 'field "event": got a map'],
    ['an inherited type', '{"__proto__":{"type":"track","event":"a"}}', 'field "type": got nothing'],
  ])('answers 400 with a problem document to %s, and queues nothing', async (_, body, detail) => {
    const { post, sent } = sourceOf('http-legacy');
    const result = await post(body);
    expect(result.headers?.['content-type']).toBe('application/problem+json');
    expect(JSON.parse(result.body ?? '')).toEqual({
      type: 'urn:signalbox:problem:event_invalid',
      title: expect.any(String),
      status: 400,
      detail: expect.stringContaining(detail),
    });
    expect(result.statusCode).toBe(400);
    expect(sent).toEqual([]);
  });

  test.each([
    ['a list', [shift, shift]],
    ['a list of one', [shift]],
    ['an empty list', []],
  ])('answers 400 to %s: one request is one event', async (_, body) => {
    const { post, sent } = sourceOf('http-legacy');
    const result = await post(body);
    expect(JSON.parse(result.body ?? '')).toMatchObject({
      type: 'urn:signalbox:problem:batch_not_accepted',
      status: 400,
    });
    expect(sent).toEqual([]);
  });

  test('takes an event with nothing but what is required, and optional fields of any type', async () => {
    const { post, sent } = sourceOf('http-legacy');
    for (const body of [
      { type: 'track', event: 'a' },
      { ...shift, properties: [], timestamp: 5, messageId: {} },
    ]) {
      expect((await post(body)).statusCode).toBe(204);
    }
    expect(sent).toHaveLength(2);
  });
});

describe('supabase', () => {
  const row = {
    id: 'u-1',
    email: 'sol@moss.example',
    encrypted_password: '$2a$10$CANARYhash',
    confirmation_token: 'CANARY-confirmation',
    email_change_token_new: 'CANARY-change',
    recovery_token: '',
    reauthentication_token: null,
    raw_app_meta_data: { provider_token: { nested: 'CANARY-nested' }, list: [{ refresh_token: ['CANARY-list'] }] },
    raw_user_meta_data: { full_name: 'Sol Pereira', Encrypted_Password: 'CANARY-case' },
  };
  const change = { type: 'UPDATE', table: 'users', schema: 'auth', record: row, old_record: { ...row, id: 'u-1' } };

  test('nothing of a password or a token reaches the queue, a log row, an action or a log line', async () => {
    const { post, sent, texts, lines, log, configuration } = sourceOf('supabase', {
      file: {
        redact: ['email'],
        mappings: [
          {
            id: 'm',
            event: 'auth.users:UPDATE',
            action: 'users_identify',
            parameters: { id: 'body.record.id', properties: 'body' },
          },
        ],
      },
    });
    // The name of a member can be written in more than one way.
    const text = JSON.stringify(change).replace('"confirmation_token"', '"confirmation\\u005ftoken"');
    expect((await post(text)).statusCode).toBe(200);
    expect(texts()[0]).not.toMatch(/CANARY|moss/);
    expect(JSON.parse(texts()[0] ?? '').record).toEqual({
      ...row,
      email: '[redacted]',
      encrypted_password: '[redacted]',
      confirmation_token: '[redacted]',
      email_change_token_new: '[redacted]',
      raw_app_meta_data: { provider_token: '[redacted]', list: [{ refresh_token: '[redacted]' }] },
      raw_user_meta_data: { full_name: 'Sol Pereira', Encrypted_Password: '[redacted]' },
    });

    const eventLog = makeFakeEventLog();
    const actionsQueue = makeFakeActionsQueue();
    await processBatch(
      sent.map((event) => eventRecord(event)),
      {
        configuration: { current: async () => configuration, reload: async () => configuration },
        claims: makeFakeClaimStore(),
        eventLog,
        actionsQueue,
        receivedMessages: { handBack: async () => undefined },
        seen: { note: async () => undefined },
        preprocessor: makePreprocessor(() => 0),
        metrics: makeCountedMetrics(),
        log,
        nowMs: () => Date.parse('2026-05-04T12:00:00Z'),
        random: Math.random,
        maxReceiveCount: 10,
      },
      35_000,
    );
    const [entry] = eventLog.rows.values();
    if (entry === undefined) throw new Error('no row');
    expect(entry).toMatchObject({ status: 'processed', eventType: 'auth.users:UPDATE', userId: 'u-1' });
    const { payload, ...rest } = entry;
    for (const kept of [
      unpackEventText(payload).body,
      JSON.stringify(rest),
      JSON.stringify(actionsQueue.sent),
      JSON.stringify(lines),
      encodeRawEvent(sent[0] as (typeof sent)[number]),
    ]) {
      expect(kept).not.toContain('CANARY');
    }
  });

  test('a refused request leaves nothing of its body in the log lines', async () => {
    const { post, printed } = sourceOf('supabase');
    expect((await post(`${JSON.stringify(change)}x`)).statusCode).toBe(400);
    expect(printed).toHaveLength(1);
    expect(printed.join('')).not.toMatch(/CANARY|moss/);
  });

  test('takes any request until a secret is set, and then those with it in x-webhook-secret', async () => {
    expect((await sourceOf('supabase').post(change)).statusCode).toBe(200);
    const { post, sent } = sourceOf('supabase', { secret: 's3cret' });
    expect((await post(change)).statusCode).toBe(401);
    expect((await post(change, { 'x-webhook-secret': 'wrong' })).statusCode).toBe(401);
    expect((await post(change, { 'X-Webhook-Secret': 's3cret' })).statusCode).toBe(200);
    expect(sent.map(({ verification }) => verification)).toEqual(['enforced:verified']);
  });
});

describe('polytomic', () => {
  const sync = {
    event: 'sync.records',
    object: {
      id: 's-1',
      name: 'Members',
      records: [{ hash: 'a', fields: { user_id: 'm-1' } }, { hash: 'b', fields: 'none' }, 'nonsense'],
      metadata: {},
    },
  };
  const bearer = { authorization: 'Bearer tok-1' };

  test('a request becomes an event for each record, rows that nothing can be done with included', async () => {
    const { post, texts } = sourceOf('polytomic', { secret: 'tok-1' });
    const { statusCode, body } = await post(sync, bearer);
    expect([statusCode, JSON.parse(body ?? '').accepted]).toEqual([200, 3]);
    const around = '"event":"sync.records","object":{"id":"s-1","name":"Members","metadata":{}}';
    expect(texts()).toEqual([
      `{${around},"hash":"a","fields":{"user_id":"m-1"}}`,
      `{${around},"hash":"b","fields":"none"}`,
      '"nonsense"',
    ]);
  });

  test('may be gzipped', async () => {
    const { post, sent } = sourceOf('polytomic', { secret: 'tok-1' });
    const zipped = new Uint8Array(gzipSync(JSON.stringify(sync)));
    expect((await post(zipped, { ...bearer, 'content-encoding': 'gzip' })).statusCode).toBe(200);
    // Its page shows compressed bodies with this header alone.
    expect((await post(zipped, { ...bearer, 'accept-encoding': 'gzip' })).statusCode).toBe(200);
    expect(sent).toHaveLength(6);
  });

  test('a sync without records is fine, and so is one that is not a batch', async () => {
    const { post, sent } = sourceOf('polytomic');
    expect((await post({ ...sync, object: { ...sync.object, records: [] } })).statusCode).toBe(200);
    expect(sent).toEqual([]);
    expect((await post({ event: 'sync.tested' })).statusCode).toBe(200);
    expect(sent).toHaveLength(1);
  });

  test('a wrong token is refused before anything is read', async () => {
    const { post, sent } = sourceOf('polytomic', { secret: 'tok-1' });
    for (const authorization of ['Bearer tok-2', 'Bearer', 'Basic tok-1', 'tok-1', 'Bearer tok-1 x']) {
      expect((await post(sync, { authorization })).statusCode).toBe(401);
    }
    expect((await post(sync)).statusCode).toBe(401);
    expect(sent).toEqual([]);
  });
});

describe.each(['hightouch', 'census'])('%s', (kind) => {
  test('a JSON-RPC call is answered 400 and told what would be right', async () => {
    const { post, sent } = sourceOf(kind);
    for (const body of [
      { jsonrpc: '2.0', id: 'b41d', method: 'test_connection', params: {} },
      [{ jsonrpc: '2.0', id: 1, method: 'sync_batch', params: { records: [{ id: 'u' }] } }],
    ]) {
      const result = await post(body);
      expect(JSON.parse(result.body ?? '')).toMatchObject({
        type: 'urn:signalbox:problem:event_invalid',
        status: 400,
        detail: expect.stringContaining('add /rpc to the end of the URL'),
      });
    }
    expect(sent).toEqual([]);
  });

  test.each([
    ['one row', { type: 'row.added', id: 1 }, 1],
    [
      'a list of rows',
      [
        { type: 'row.added', id: 1 },
        { type: 'row.added', id: 2 },
      ],
      2,
    ],
    ['rows that share a type', { type: 'row.added', rows: [{ id: 1 }, { id: 2 }], records: [{ id: 3 }, { id: 4 }] }, 2],
    ['no rows', [], 0],
  ])('takes %s', async (_, body, count) => {
    const { post, texts } = sourceOf(kind);
    expect((await post(body)).statusCode).toBe(200);
    expect(texts()).toHaveLength(count);
    for (const text of texts()) expect(JSON.parse(text).type).toBe('row.added');
  });
});

describe('http', () => {
  const event = { type: 'task.assigned', user_id: 'u' };

  test('takes any request with the URL, whatever secret is set', async () => {
    const { post, sent } = sourceOf('http', { secret: 's3cret' });
    expect((await post(event)).statusCode).toBe(200);
    expect(sent.map(({ verification }) => verification)).toEqual(['not_enforced:skipped']);
  });

  test('enforces what its file declares, and is answered 503 until there is a secret', async () => {
    const verification = { kind: 'header', header: 'X-Key' };
    expect((await sourceOf('http', { file: { verification } }).post(event)).statusCode).toBe(503);
    const { post, sent } = sourceOf('http', { file: { verification, headers: ['x-key', 'x-topic'] }, secret: 'k' });
    expect((await post(event)).statusCode).toBe(401);
    expect((await post(event, { 'x-key': 'k', 'x-topic': 't' })).statusCode).toBe(200);
    // The credential is not kept, though the file asks for it.
    expect(sent.map(({ payload }) => unpackEventText(payload).headers)).toEqual([
      { 'content-type': 'application/json', 'x-topic': 't' },
    ]);
  });
});
