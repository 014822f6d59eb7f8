import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type IngestAnswer, ingestRequest } from '../../functions/ingest/ingest-request.ts';
import { Snapshot } from '../../shared/core/configuration/schema.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { payloadBytesMax, unpackEventText } from '../../shared/core/events/raw-event.ts';
import { eventIdShard, eventIdTimeMs, isEventId } from '../../shared/core/ids/event-id.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import { problemOf } from '../../shared/core/ingest/refusal.ts';
import { valuesMax } from '../../shared/core/ingest/split-events.ts';
import { liveConfiguration, trackEvent } from '../support/build.ts';
import fc, { anyCharacter } from '../support/fast-check.ts';
import { ingestKey, ingestRequestOf, makeTestIngest, type TestIngest } from '../support/ingest.ts';

let ingest: TestIngest;
beforeEach(() => {
  ingest = makeTestIngest();
});

const answerTo = async (...request: Parameters<typeof ingestRequestOf>): Promise<IngestAnswer> =>
  (await ingestRequest(ingestRequestOf(...request), ingest)).answer;

function statusOf(answer: IngestAnswer): number {
  if (answer.kind === 'accepted') return 200;
  return answer.kind === 'unavailable' ? 503 : problemOf(answer).status;
}

const sentTexts = () => ingest.sent.map(({ payload }) => unpackEventText(payload).body);

describe('accepting', () => {
  test('an event: its exact text, a few headers and an id are in the queue before the answer', async () => {
    const text = ' {"type":"track", "id": 12345678901234567890,\n"n": 1.50}';
    const answer = await answerTo(text);
    const [event] = ingest.sent;
    if (answer.kind !== 'accepted' || event === undefined) throw new Error(answer.kind);
    expect(answer.ids).toEqual([event.id]);
    expect(isEventId(event.id)).toBe(true);
    expect(eventIdTimeMs(event.id)).toBe(ingest.nowMs());
    expect(event).toMatchObject({ source: 'rudderstack', verification: 'not_enforced:skipped' });
    expect(event).not.toHaveProperty('batchIndex');
    expect(unpackEventText(event.payload)).toEqual({
      body: text,
      headers: { 'content-type': 'application/json', 'user-agent': 'RudderLabs' },
    });
  });

  test('costs the queue and what is cached: no reload, no secret of the source', async () => {
    await answerTo(trackEvent());
    expect(ingest.calls).toEqual(['configuration.current', 'secrets.valuesOf ingest', 'events.sendEach']);
  });

  test('a list: one event each with its place, bad elements included', async () => {
    const answer = await answerTo('[{"a":1},5,null,{"b":[]}]');
    expect(statusOf(answer)).toBe(200);
    expect(sentTexts()).toEqual(['{"a":1}', '5', 'null', '{"b":[]}']);
    expect(ingest.sent.map(({ batchIndex }) => batchIndex)).toEqual([0, 1, 2, 3]);
    expect(new Set(ingest.sent.map(({ id }) => id)).size).toBe(4);
  });

  test.each([0, 1, 1000, 4000])('a list of %d events with bad ones among them', async (count) => {
    const list = Array.from({ length: count }, (_, i) => (i % 7 === 3 ? i : { type: 'track', i }));
    expect(await answerTo(list)).toMatchObject({ kind: 'accepted' });
    expect(sentTexts()).toEqual(list.map((element) => JSON.stringify(element)));
  });

  test('ids ascend in the order of the request, so that it can be told from them', async () => {
    await answerTo(Array.from({ length: 500 }, (_, i) => ({ type: 'track', i })));
    const ids = ingest.sent.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(500);
  });

  test('an empty list asks nothing of the queue', async () => {
    expect(await answerTo('[]')).toEqual({ kind: 'accepted', ids: [] });
    expect(ingest.calls).not.toContain('events.sendEach');
  });

  test('a wrapper: what it shares is in each of its events', async () => {
    await answerTo('{"batch":[{"type":"track","sentAt":"own"},{"type":"page"}],"sentAt":"shared"}');
    expect(sentTexts()).toEqual(['{"type":"track","sentAt":"own"}', '{"sentAt":"shared","type":"page"}']);
  });

  test('gzip, a byte order mark, odd content types', async () => {
    for (const request of [
      ingestRequestOf(gzipSync('{"a":1}'), { headers: { 'content-encoding': 'gzip' } }),
      ingestRequestOf('\uFEFF{"a":1}', { headers: { 'content-type': 'text/plain' } }),
      ingestRequestOf('{"a":1}', { headers: {} }),
    ]) {
      expect((await ingestRequest(request, ingest)).answer.kind).toBe('accepted');
    }
    expect(sentTexts()).toEqual(['{"a":1}', '{"a":1}', '{"a":1}']);
  });

  test('a source that is switched off: the processor logs what comes in', async () => {
    ingest.live = liveConfiguration({ state: { enabled: false } });
    expect(statusOf(await answerTo(trackEvent()))).toBe(200);
    expect(ingest.sent).toHaveLength(1);
  });

  test('spreads ids over the shards of the source, else of the environment', async () => {
    const shards = async () => {
      ingest.sent.length = 0;
      await answerTo(Array(300).fill({}));
      return new Set(ingest.sent.map(({ id }) => eventIdShard(id)));
    };
    expect(await shards()).toEqual(new Set([0]));
    ingest.logShards = 4;
    expect(await shards()).toEqual(new Set([0, 1, 2, 3]));
    ingest.live = liveConfiguration({ state: { log_shards: 2 } });
    expect(await shards()).toEqual(new Set([0, 1]));
  });
});

describe('a deadline', () => {
  test('that passes while events are packed: 503, and none was queued', async () => {
    let looks = 0;
    const deadline = { signal: new AbortController().signal, isOver: () => ++looks > 2 };
    const list = Array.from({ length: 1000 }, () => ({ type: 'track' }));
    const { answer } = await ingestRequest(ingestRequestOf(list), ingest, deadline);
    expect(answer).toMatchObject({ kind: 'unavailable', error: { name: 'RetryableError' } });
    expect(answer).not.toHaveProperty('sending');
    expect(ingest.calls).not.toContain('events.sendEach');
  });

  test('that passes while the queue takes a part: the events of that part are named, and no other', async () => {
    ingest.answer = (events) =>
      events.map((_, i) =>
        i < 20 ? { sent: true } : { sent: false, error: new RetryableError('late'), asked: false },
      );
    const answer = await answerTo(Array(100).fill({}));
    if (answer.kind !== 'unavailable') throw new Error(answer.kind);
    expect(answer.sending?.ids).toHaveLength(100);
    expect(answer.sending?.unansweredIds).toEqual(ingest.sent.map(({ id }) => id));
  });

  test.each(['configuration', 'secrets'] as const)('that passes while %s hang: 503', async (port) => {
    const ending = new AbortController();
    const hanging = { ...ingest, [port]: new Proxy({}, { get: () => () => new Promise(() => {}) }) };
    const deadline = { signal: ending.signal, isOver: () => false };
    const answer = ingestRequest(ingestRequestOf({}), hanging, deadline);
    ending.abort(new RetryableError('the time of the function ran out'));
    expect(await answer).toMatchObject({ source: 'unknown', answer: { kind: 'unavailable' } });
  });
});

describe('the URL', () => {
  test('an unknown source and a wrong token get the same answer, after fresh configuration and keys were read', async () => {
    const unknown = await answerTo({}, { source: 'nobody' });
    expect(ingest.calls).toEqual([
      'configuration.current',
      'secrets.valuesOf ingest',
      'configuration.reload',
      'secrets.refresh ingest',
    ]);
    const wrong = await answerTo({}, { token: ingestToken('another key', 'rudderstack', 1) });
    if (unknown.kind !== 'refused' || wrong.kind !== 'refused') throw new Error('accepted');
    expect(problemOf(unknown)).toEqual(problemOf(wrong));
    expect(problemOf(unknown).status).toBe(404);
    expect([unknown.reason, wrong.reason]).toEqual(['source_unknown', 'token_wrong']);
    expect(ingest.sent).toEqual([]);
  });

  test('before the first commit nothing is refused: the sender tries again until there is a configuration', async () => {
    const uncommitted = {
      ...liveConfiguration(),
      snapshot: Snapshot.parse({ sources: {}, workflows: {} }),
      uncommitted: true as const,
    };
    ingest.live = uncommitted;
    expect(statusOf(await answerTo({}))).toBe(503);
    expect(statusOf(await answerTo({}, { token: 'wrong' }))).toBe(503);
    // The next request finds the commit, without waiting for the regular refresh.
    ingest.reloaded = liveConfiguration();
    expect(statusOf(await answerTo({}))).toBe(200);
    expect(statusOf(await answerTo({}, { source: 'nobody' }))).toBe(404);
  });

  test.each(['', 'constructor', '__proto__', 'toString', 'rudderstack/..', 'RUDDERSTACK', '\u0000'])(
    'source %j is unknown',
    async (source) => {
      expect(await answerTo({}, { source, token: ingestToken(ingestKey, source, 1) })).toMatchObject({
        reason: 'source_unknown',
      });
    },
  );

  test('a refusal names the source only where the source exists', async () => {
    const sourceOf = async (change: object) => (await ingestRequest(ingestRequestOf({}, change), ingest)).source;
    expect(await sourceOf({ source: 'ingest-token-in-the-wrong-place' })).toBe('unknown');
    expect(await sourceOf({ token: 'wrong' })).toBe('rudderstack');
    expect(await sourceOf({ method: 'GET' })).toBe('rudderstack');
  });

  test('made a second ago works: a new source, a new generation, a new key', async () => {
    const token = (key: string, generation: number) => ({ token: ingestToken(key, 'rudderstack', generation) });
    ingest.live = { ...ingest.live, snapshot: { ...ingest.live.snapshot, sources: {} } };
    ingest.reloaded = liveConfiguration();
    expect(statusOf(await answerTo({}))).toBe(200);
    ingest.live = liveConfiguration();
    ingest.reloaded = liveConfiguration({ state: { url: { generation: 2, previous_valid: false } } });
    expect(statusOf(await answerTo({}, token(ingestKey, 2)))).toBe(200);
    ingest.refreshed.set('ingest', ['new key', ingestKey]);
    expect(statusOf(await answerTo({}, token('new key', 2)))).toBe(200);
  });

  test('that is on its way out marks its events, so that an operator can see whether it is still used', async () => {
    const post = async (key: string, generation: number) => {
      const token = ingestToken(key, 'rudderstack', generation);
      await ingestRequest(ingestRequestOf([trackEvent(), trackEvent()], { token }), ingest);
      return ingest.sent.splice(0).map(({ oldCredentials }) => oldCredentials);
    };
    ingest.live = liveConfiguration({ state: { url: { generation: 2, previous_valid: true } } });
    ingest.stored.set('ingest', ['new-key', ingestKey]);
    expect(await post('new-key', 2)).toEqual([undefined, undefined]);
    expect(await post('new-key', 1)).toEqual([['url'], ['url']]);
    expect(await post(ingestKey, 2)).toEqual([['key'], ['key']]);
    expect(await post(ingestKey, 1)).toEqual([
      ['url', 'key'],
      ['url', 'key'],
    ]);
  });

  test('of the generation before works until it is retired', async () => {
    ingest.live = liveConfiguration({ state: { url: { generation: 2, previous_valid: true } } });
    expect(statusOf(await answerTo({}))).toBe(200);
    ingest.live = liveConfiguration({ state: { url: { generation: 2, previous_valid: false } } });
    expect(statusOf(await answerTo({}))).toBe(404);
  });

  test('under the previous key works while the key is being replaced', async () => {
    ingest.stored.set('ingest', ['new key', ingestKey]);
    expect(statusOf(await answerTo({}))).toBe(200);
    ingest.stored.set('ingest', ['new key']);
    expect(statusOf(await answerTo({}))).toBe(404);
  });

  test.each(['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('takes no %s', async (method) => {
    expect(await answerTo({}, { method })).toMatchObject({
      reason: 'method_not_allowed',
      detail: expect.stringContaining('POST'),
    });
  });
});

describe('verification', () => {
  const secret = 'canary-secret';
  const signed = (value: string) => ({ headers: { 'x-webhook-secret': value } });
  const verificationOf = async (change: object) => {
    ingest.sent.length = 0;
    const answer = await answerTo({}, change);
    return answer.kind === 'accepted' ? ingest.sent[0]?.verification : answer.kind === 'refused' ? answer.reason : 503;
  };
  const enforce = (enforced: boolean) => liveConfiguration({ state: { verification: { enforced } } });

  test('not enforced: the result is noted, whatever it is', async () => {
    ingest.stored.set('sources/rudderstack', [secret]);
    expect(await verificationOf(signed(secret))).toBe('not_enforced:verified');
    expect(await verificationOf(signed('wrong'))).toBe('not_enforced:failed');
    expect(await verificationOf({ headers: {} })).toBe('not_enforced:skipped');
  });

  test('not enforced: without a header, a secret, or a store that answers, there is nothing to check', async () => {
    expect(await verificationOf(signed(secret))).toBe('not_enforced:skipped');
    ingest.failing.add('secrets.valuesOf sources/rudderstack');
    expect(await verificationOf(signed(secret))).toBe('not_enforced:skipped');
    ingest.calls.length = 0;
    await verificationOf({ headers: {} });
    expect(ingest.calls).not.toContain('secrets.valuesOf sources/rudderstack');
  });

  test('enforced: any active value passes, anything else is refused', async () => {
    ingest.live = enforce(true);
    ingest.stored.set('sources/rudderstack', [secret, 'older']);
    expect(await verificationOf(signed(secret))).toBe('enforced:verified');
    expect(await verificationOf(signed('older'))).toBe('enforced:verified');
    expect(await verificationOf(signed('wrong'))).toBe('signature_wrong');
    expect(await verificationOf({ headers: {} })).toBe('signature_missing');
    expect(statusOf(await answerTo({}, signed('wrong')))).toBe(401);
    expect(ingest.sent).toEqual([]);
  });

  test('enforced: a secret that changed a second ago is read again before a refusal', async () => {
    ingest.live = enforce(true);
    ingest.stored.set('sources/rudderstack', ['old']);
    ingest.refreshed.set('sources/rudderstack', [secret, 'old']);
    expect(await verificationOf(signed(secret))).toBe('enforced:verified');
    ingest.stored.delete('sources/rudderstack');
    expect(await verificationOf(signed(secret))).toBe('enforced:verified');
  });

  test('enforcement that ended a second ago refuses no request', async () => {
    ingest.live = enforce(true);
    ingest.reloaded = enforce(false);
    ingest.stored.set('sources/rudderstack', [secret]);
    expect(await verificationOf(signed('wrong'))).toBe('not_enforced:failed');
    expect(await verificationOf({ headers: {} })).toBe('not_enforced:skipped');
  });

  test('enforced without a secret is our fault', async () => {
    ingest.live = enforce(true);
    expect(await verificationOf(signed(secret))).toBe(503);
    expect(await verificationOf({ headers: {} })).toBe(503);
    ingest.stored.set('sources/rudderstack', []);
    expect(await verificationOf({ headers: {} })).toBe(503);
  });

  test('leaves no trace of the secret with the event', async () => {
    ingest.stored.set('sources/rudderstack', [secret]);
    ingest.live = liveConfiguration({ file: { headers: ['x-webhook-secret', 'authorization'] } });
    await answerTo({}, { headers: { 'x-webhook-secret': secret, authorization: secret } });
    expect(ingest.sent.map(({ payload }) => unpackEventText(payload).headers)).toEqual([{}]);
  });
});

describe('size', () => {
  // Random text does not compress, so its compressed size is known well enough.
  const random = (bytes: number) =>
    randomBytes(Math.ceil((bytes * 3) / 4))
      .toString('base64')
      .slice(0, bytes);

  test.each([399_000, 401_000, 1_048_575, 1_048_577, 4 * 1024 * 1024])(
    '%d bytes of ordinary JSON are one event',
    async (bytes) => {
      const item = (i: number) => ({ sku: `SKU-${i % 97}`, name: `Product number ${i % 31}`, quantity: i % 5 });
      const items = JSON.stringify(Array.from({ length: Math.floor(bytes / 80) }, (_, i) => item(i)));
      const start = `{"items":${items},"pad":"`;
      const text = `${start}${' '.repeat(bytes - start.length - 2)}"}`;
      expect(text).toHaveLength(bytes);
      expect(statusOf(await answerTo(text))).toBe(200);
      expect(sentTexts()).toEqual([text]);
    },
  );

  test('an event is refused when its compressed form is too large, and named in a batch', async () => {
    const fits = { a: random(payloadBytesMax) };
    const tooLarge = { a: random(payloadBytesMax * 1.5) };
    expect(statusOf(await answerTo(fits))).toBe(200);
    expect(await answerTo(tooLarge)).toMatchObject({ reason: 'event_too_large' });
    expect(await answerTo([fits, {}, tooLarge])).toMatchObject({
      reason: 'event_too_large',
      position: 2,
      detail: expect.stringContaining(String(payloadBytesMax)),
    });
    expect(ingest.sent).toHaveLength(1);
  });

  test('what many mappings would have to look at is bounded: an event may hold fewer values then', async () => {
    const mappings = (count: number, event = 'track/a') =>
      Array.from({ length: count }, (_, i) => ({ id: `${event.slice(6)}-${i}`, event, action: 'users_identify' }));
    const holding = (values: number) => `{"a":[${Array(values).fill('1').join(',')}]}`;
    ingest.live = liveConfiguration({ file: { mappings: [...mappings(40), ...mappings(40, 'track/b')] } });
    expect(statusOf(await answerTo(holding(124_000)))).toBe(200);
    expect(await answerTo(holding(126_000))).toMatchObject({
      reason: 'event_too_large',
      detail: expect.stringContaining('more than 125000 values'),
    });
    ingest.live = liveConfiguration({ file: { mappings: mappings(20) } });
    expect(statusOf(await answerTo(holding(249_000)))).toBe(200);
  });

  test('an event that would take far more memory than its text is refused, and named in a batch', async () => {
    const maps = `{"a":[${'{},'.repeat(valuesMax / 2)}{}]}`;
    expect(await answerTo(maps)).toMatchObject({
      reason: 'event_too_large',
      detail: expect.stringContaining('values'),
    });
    expect(await answerTo(`[{},${maps}]`)).toMatchObject({ reason: 'event_too_large', position: 1 });
    expect(await answerTo(`{"batch":[{}],"context":${maps}}`)).toMatchObject({ reason: 'event_too_large' });
    // Not even to say where it breaks off.
    expect(await answerTo(maps.slice(0, -1))).toMatchObject({
      reason: 'body_not_json',
      detail: expect.stringContaining('do not match'),
    });
    expect(statusOf(await answerTo(Array(9_000).fill({ a: Array(40).fill(1) })))).toBe(200);
    expect(statusOf(await answerTo({ batch: Array(9_000).fill({ a: Array(40).fill(1) }) }))).toBe(200);
  });

  test('the events of a large batch keep little more memory than they hold', async () => {
    await answerTo(Array(1_000).fill(trackEvent()));
    const buffers = new Set(ingest.sent.map(({ payload }) => payload.buffer));
    const kept = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(kept).toBeLessThan(1_000 * 2_048);
  });

  test('10 MB are refused before anything is made of them', async () => {
    const answer = await answerTo(Buffer.alloc(10_000_000, ' '));
    expect(answer).toMatchObject({ reason: 'body_too_large' });
    expect(statusOf(answer)).toBe(413);
  });
});

describe('our own faults', () => {
  test.each([
    ['the configuration', 'configuration.current', {}],
    ['the ingest key', 'secrets.valuesOf ingest', {}],
    ['the queue', 'events.sendEach', {}],
    ['the configuration, before a 404', 'configuration.reload', { source: 'nobody' }],
    ['the ingest key, before a 404', 'secrets.refresh ingest', { token: 'wrong' }],
  ])('%s is away: 503, never a 4xx and never an exception', async (_, call, change) => {
    ingest.failing.add(call);
    expect(await answerTo(trackEvent(), change)).toMatchObject({
      kind: 'unavailable',
      error: { message: `injected: ${call}` },
    });
    expect(ingest.sent).toEqual([]);
  });

  test.each(['secrets.valuesOf sources/rudderstack', 'secrets.refresh sources/rudderstack', 'configuration.reload'])(
    '%s fails before a 401: 503, and unsigned is never fine',
    async (call) => {
      ingest.live = liveConfiguration({ state: { verification: { enforced: true } } });
      ingest.stored.set('sources/rudderstack', ['secret']);
      ingest.failing.add(call);
      expect(statusOf(await answerTo({}, { headers: { 'x-webhook-secret': 'wrong' } }))).toBe(503);
      expect(ingest.sent).toEqual([]);
    },
  );

  test('a missing ingest key and a kind this version does not know', async () => {
    ingest.stored.set('ingest', []);
    expect(statusOf(await answerTo({}))).toBe(503);
    ingest = makeTestIngest();
    ingest.live = liveConfiguration({ file: { kind: 'of-tomorrow' } });
    expect(statusOf(await answerTo({}))).toBe(503);
  });

  test.each(Array.from({ length: 10 }, (_, k) => k + 1))(
    '%d of 10 events not queued: 503, and the repeat is accepted',
    async (k) => {
      const list = Array.from({ length: 10 }, (_, i) => trackEvent({ messageId: `m-${i}` }));
      ingest.answer = (events) =>
        events.map((_, i) => (i < k ? { sent: false, error: new RetryableError('throttled') } : { sent: true }));
      expect(statusOf(await answerTo(list))).toBe(503);
      expect(ingest.sent).toHaveLength(10 - k);
      ingest.answer = undefined;
      expect(statusOf(await answerTo(list))).toBe(200);
    },
  );

  test('a queue that answers too little has not taken the rest', async () => {
    ingest.answer = () => [];
    expect(statusOf(await answerTo({}))).toBe(503);
  });

  test('a fault that says when to try again is passed on', async () => {
    ingest.configuration.current = () => Promise.reject(new RetryableError('busy', { retryAfterSeconds: 30 }));
    expect(await answerTo({})).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 30 });
  });
});

describe('hostile bodies', () => {
  const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

  test.each([
    ['1,000 levels', deep(1000), 200],
    ['5,000 levels', deep(5000), 400],
    ['100,000 levels', deep(100_000), 400],
    ['100,000 lists', '['.repeat(100_000), 400],
    ['text that is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400],
    ['characters that queues refuse', '{"\uFFFE":"\uFFFF\\u0000\u007f\u0085"}', 200],
    [
      'keys that could reach a prototype',
      '{"type":"track","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
      200,
    ],
    ['lone surrogates', '{"a":"\\ud800","\\udfff":1}', 200],
    ['huge numbers', `{"a":${'9'.repeat(10_000)},"b":1e999999,"c":-0}`, 200],
    ['200,000 keys', `{${Array.from({ length: 200_000 }, (_, i) => `"k${i}":1`).join(',')}}`, 200],
    ['a single string', '"text"', 400],
    ['nothing', '', 400],
  ])('%s', async (_, body, status) => {
    expect(statusOf(await answerTo(body))).toBe(status);
    if (status === 200) expect(sentTexts()).toEqual([body]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('100 MB of zeros, gzipped', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
    expect(statusOf(await answerTo(bomb, { headers: { 'content-encoding': 'gzip' } }))).toBe(413);
  });

  test('no request makes a fault of ours or an exception', async () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.json().map((text) => gzipSync(text)),
      fc.string({ unit: fc.constantFrom(...'[]{},:"\\ 0') }).map((text) => Buffer.from(text)),
    );
    const header = fc.constantFrom('content-encoding', 'x-webhook-secret', 'content-type', '__proto__');
    const request = fc.record(
      {
        method: fc.constantFrom('POST', 'POST', 'POST', 'GET', ''),
        source: fc.oneof(fc.constant('rudderstack'), fc.string({ unit: anyCharacter })),
        headers: fc.dictionary(header, fc.oneof(fc.constantFrom('gzip', 'br', ''), fc.string())),
        rawBody: body,
      },
      { requiredKeys: ['rawBody'] },
    );
    ingest.stored.set('sources/rudderstack', ['secret']);
    await fc.assert(
      fc.asyncProperty(request, fc.boolean(), async (change, enforced) => {
        ingest.live = liveConfiguration({ state: { verification: { enforced } } });
        const status = statusOf(await answerTo('', change));
        expect([200, 400, 401, 404, 405, 413, 415]).toContain(status);
      }),
      { numRuns: 1000 },
    );
  });
});
