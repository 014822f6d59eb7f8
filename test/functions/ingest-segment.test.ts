import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type IngestAnswer, ingestRequest } from '../../functions/ingest/ingest-request.ts';
import { unpackEventText } from '../../shared/core/events/raw-event.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import { problemOf } from '../../shared/core/ingest/refusal.ts';
import fc from '../support/fast-check.ts';
import { ingestKey, ingestRequestOf, makeTestIngest, type TestIngest } from '../support/ingest.ts';
import { configurationOf } from '../support/sources.ts';

/* Segment signs one event, or the first of a batch, and nothing else of a request. */

const secret = 'segment-vector-secret';
const single =
  '{"type":"track","event":"Order Placed","messageId":"ajs-vec-0001","userId":"u-100","properties":{"total":42.5}}';
const second = '{"type":"identify","userId":"u-101","messageId":"ajs-vec-0002","traits":{"email":"bo@example.org"}}';
const batch = `[${single},${second}]`;
// Computed apart from this code, with the algorithm of Segment's published destination.
const signature = 'a7c64f95ebc22eeefe9c1f90ffb32bbc6d388d8f';
const signatureOfWholeBatch = 'fa67f61745d9f49be677386b5264b6b4eb2589ec';

const hmacOf = (content: string | Uint8Array, key = secret) => createHmac('sha1', key).update(content).digest('hex');

let ingest: TestIngest;
beforeEach(async () => {
  ingest = makeTestIngest();
  ingest.live = await configurationOf('segment');
  ingest.stored.set('sources/segment', [secret]);
});

const enforce = async (verification: object) => {
  ingest.live = await configurationOf('segment', { state: { verification } });
};

async function post(
  body: string | Uint8Array,
  given: string | undefined,
  headers: Record<string, string> = {},
): Promise<IngestAnswer> {
  const request = ingestRequestOf(body, {
    source: 'segment',
    token: ingestToken(ingestKey, 'segment', 1),
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Segment (Actions)',
      ...(given !== undefined && { 'x-signature': given }),
      ...headers,
    },
  });
  return (await ingestRequest(request, ingest)).answer;
}

const statuses = () => ingest.sent.map(({ verification }) => verification);
const texts = () => ingest.sent.map(({ payload }) => unpackEventText(payload).body);

async function expectRefused(answer: Promise<IngestAnswer>, reason: string) {
  const refusal = await answer;
  expect(refusal).toMatchObject({ kind: 'refused', reason });
  expect(refusal.kind === 'refused' && problemOf(refusal).status).toBe(401);
  expect(ingest.sent).toEqual([]);
}

describe('what Segment signs', () => {
  test('one event is verified, and its signature is not kept', async () => {
    expect(await post(single, signature)).toMatchObject({ kind: 'accepted' });
    expect(statuses()).toEqual(['enforced:verified']);
    expect(texts()).toEqual([single]);
    expect(ingest.sent[0]).not.toHaveProperty('batchIndex');
    expect(unpackEventText(ingest.sent[0]?.payload ?? new Uint8Array()).headers).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Segment (Actions)',
    });
  });

  test('of a batch the first event is verified and the rest is accepted as unverified', async () => {
    expect(await post(batch, signature)).toMatchObject({ kind: 'accepted' });
    expect(statuses()).toEqual(['enforced:verified', 'enforced:unverified']);
    expect(texts()).toEqual([single, second]);
    expect(ingest.sent.map(({ batchIndex }) => batchIndex)).toEqual([0, 1]);
  });

  test('a batch that is signed as a whole is refused: Segment never sends one', async () => {
    await expectRefused(post(batch, signatureOfWholeBatch), 'signature_wrong');
  });

  test('a batch of one event has nothing unverified in it', async () => {
    await post(`[${single}]`, signature);
    expect(statuses()).toEqual(['enforced:verified']);
    expect(ingest.sent[0]?.batchIndex).toBe(0);
  });

  test('an empty batch proves nothing, whatever comes with it', async () => {
    await expectRefused(post('[]', hmacOf('[]')), 'signature_wrong');
    await expectRefused(post('[]', hmacOf('')), 'signature_wrong');
    await expectRefused(post('[]', undefined), 'signature_missing');
  });

  test('the largest batch that Segment sends: 4,000 events', async () => {
    const events = Array.from({ length: 4000 }, (_, i) => `{"type":"track","event":"e","messageId":"m-${i}"}`);
    expect(await post(`[${events.join(',')}]`, hmacOf(events[0] ?? ''))).toMatchObject({ kind: 'accepted' });
    expect(texts()).toEqual(events);
    expect(statuses().filter((status) => status === 'enforced:verified')).toHaveLength(1);
    expect(statuses()[0]).toBe('enforced:verified');
  });

  test('whatever the events: the signature of the first, as JavaScript writes it, verifies the batch', async () => {
    const event = fc.dictionary(fc.string(), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 4 }), async (events) => {
        ingest.sent.length = 0;
        expect(await post(JSON.stringify(events), hmacOf(JSON.stringify(events[0])))).toMatchObject({
          kind: 'accepted',
        });
        expect(statuses()).toEqual(events.map((_, i) => (i === 0 ? 'enforced:verified' : 'enforced:unverified')));
        ingest.sent.length = 0;
        await post(JSON.stringify(events[0]), hmacOf(JSON.stringify(events[0])));
        expect(statuses()).toEqual(['enforced:verified']);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what was changed on the way', () => {
  const changed = single.replace('u-100', 'u-101');

  test.each([
    ['an event with one character changed', changed],
    ['an event with a space more', single.replace(',"event"', ', "event"')],
    ['an event with a line break behind it', `${single}\n`],
    ['an event written again with indentation', JSON.stringify(JSON.parse(single), null, 2)],
    [
      'an event with its members in another order',
      `{"event":"Order Placed",${single.replace('"event":"Order Placed",', '').slice(1)}`,
    ],
    ['a batch whose first event is changed', `[${changed},${second}]`],
    ['a batch whose first event is elsewhere', `[${second},${single}]`],
    ['a batch with an event put in front', `[{},${single}]`],
    ['a batch whose first event has a member more', `[${single.slice(0, -1)},"a":1}]`],
    ['a batch in a batch', `[[${single}]]`],
    ['a batch without its end', `[${single},${second}`],
  ])('%s is refused', async (_, body) => {
    await expectRefused(post(body, signature), 'signature_wrong');
  });

  test('white space between the events of a batch is not a change, and in the first one it is', async () => {
    await expectRefused(post(JSON.stringify(JSON.parse(batch), null, 2), signature), 'signature_wrong');
    await post(` [ ${single} ,\n${second}]`, signature);
    expect(statuses()).toEqual(['enforced:verified', 'enforced:unverified']);
  });

  test('any event but the first can be anything, and is therefore never verified', async () => {
    await post(`[${single},{"type":"track","event":"forged"},5]`, signature);
    expect(statuses()).toEqual(['enforced:verified', 'enforced:unverified', 'enforced:unverified']);
  });

  // JSON.stringify(JSON.parse(…)) of each pair is the same text, but what we read is not.
  test.each([
    ['an id that JavaScript rounds to the signed one', '9007199254740992', '9007199254740993'],
    ['a number that JavaScript writes as null', 'null', '1e999'],
  ])('%s is refused', async (_, signed, sent) => {
    const event = (value: string) => `{"type":"track","event":"e","userId":${value}}`;
    expect(JSON.stringify(JSON.parse(event(sent)))).toBe(event(signed));
    await expectRefused(post(`[${event(sent)}]`, hmacOf(event(signed))), 'signature_wrong');
    await post(`[${event(signed)}]`, hmacOf(event(signed)));
    expect(statuses()).toEqual(['enforced:verified']);
  });

  test('what is signed is the bytes as they were sent, compressed where they were compressed', async () => {
    const gzip = { 'content-encoding': 'gzip' };
    await expectRefused(post(gzipSync(single), signature, gzip), 'signature_wrong');
    await expectRefused(post(gzipSync(batch), signature, gzip), 'signature_wrong');
    await post(gzipSync(single), hmacOf(gzipSync(single)), gzip);
    expect(statuses()).toEqual(['enforced:verified']);
    expect(texts()).toEqual([single]);
  });
});

describe('the signature itself', () => {
  test.each([
    ['missing', undefined, 'signature_missing'],
    ['empty', '', 'signature_wrong'],
    ['of another secret', hmacOf(single, 'another'), 'signature_wrong'],
    ['of the right length and of nothing', '0'.repeat(40), 'signature_wrong'],
    ['one digit short', signature.slice(0, -1), 'signature_wrong'],
    ['one digit long', `${signature}0`, 'signature_wrong'],
    ['behind a prefix', `sha1=${signature}`, 'signature_wrong'],
    ['in base64', Buffer.from(signature, 'hex').toString('base64'), 'signature_wrong'],
    ['twice, joined', `${signature}, ${signature}`, 'signature_wrong'],
    ['of another algorithm', createHmac('sha256', secret).update(single).digest('hex'), 'signature_wrong'],
  ])('%s: refused, for one event and for a batch', async (_, given, reason) => {
    await expectRefused(post(single, given), reason);
    await expectRefused(post(batch, given), reason);
  });

  test('in upper case it is the same signature, for one event and for a batch', async () => {
    await post(single, signature.toUpperCase());
    await post(batch, signature.toUpperCase());
    expect(statuses()).toEqual(['enforced:verified', 'enforced:verified', 'enforced:unverified']);
  });

  test('of any active secret verifies, and of one that was set a second ago', async () => {
    ingest.stored.set('sources/segment', ['new', secret]);
    await post(single, signature);
    await post(batch, hmacOf(single, 'new'));
    ingest.refreshed.set('sources/segment', ['newest', 'new']);
    await post(single, hmacOf(single, 'newest'));
    expect(statuses()).toEqual(['enforced:verified', 'enforced:verified', 'enforced:unverified', 'enforced:verified']);
  });

  test('an empty secret verifies nothing, not even what was signed with it', async () => {
    ingest.stored.set('sources/segment', ['']);
    await expectRefused(post(single, hmacOf(single, '')), 'signature_wrong');
    await expectRefused(post(batch, hmacOf(single, '')), 'signature_wrong');
  });

  test('without a secret here nothing is refused, since a Shared Secret is optional; where it is asked for, a 503', async () => {
    ingest.stored.delete('sources/segment');
    await post(single, signature);
    await post(batch, undefined);
    expect(statuses()).toEqual(Array(3).fill('not_enforced:skipped'));
    await enforce({ enforced: true });
    expect(await post(single, signature)).toMatchObject({ kind: 'unavailable' });
    expect(await post(batch, undefined)).toMatchObject({ kind: 'unavailable' });
  });
});

describe('settings', () => {
  test('partial: refuse takes no event that nothing proves', async () => {
    await enforce({ partial: 'refuse' });
    await expectRefused(post(batch, signature), 'signature_partial');
    expect(await post(batch, signature)).toMatchObject({ position: 1 });
    await expectRefused(post(batch, signatureOfWholeBatch), 'signature_wrong');
    await post(single, signature);
    await post(`[${single}]`, signature);
    expect(statuses()).toEqual(['enforced:verified', 'enforced:verified']);
  });

  test('partial: refuse means nothing where nothing is enforced', async () => {
    await enforce({ partial: 'refuse', enforced: false });
    await post(batch, signature);
    expect(statuses()).toEqual(['not_enforced:verified', 'not_enforced:unverified']);
  });

  test('not enforced: the result is noted, event by event', async () => {
    await enforce({ enforced: false });
    await post(batch, signature);
    await post(batch, signatureOfWholeBatch);
    await post(batch, undefined);
    expect(statuses()).toEqual([
      'not_enforced:verified',
      'not_enforced:unverified',
      'not_enforced:failed',
      'not_enforced:failed',
      'not_enforced:skipped',
      'not_enforced:skipped',
    ]);
  });
});
