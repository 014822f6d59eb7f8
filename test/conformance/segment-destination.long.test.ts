import { createRequire } from 'node:module';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { toHttpResult, toIngestRequest } from '../../functions/ingest/answer.ts';
import { ingestRequest } from '../../functions/ingest/ingest-request.ts';
import { type ApiGateway, startApiGateway } from '../../infra/local/api-gateway.ts';
import { unpackEventText } from '../../shared/core/events/raw-event.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import { ingestKey, makeTestIngest, type TestIngest } from '../support/ingest.ts';
import { configurationOf } from '../support/sources.ts';

/*
 * Segment's own code of the destination "Webhooks (Actions)", as it runs at Segment, posts to ingest: its mapping, its
 * signature, its batches, its HTTP client.
 */

type Settings = { sharedSecret?: string; subscriptions: object[] };
type Destination = {
  onEvent(event: object, settings: Settings): Promise<unknown>;
  onBatch(events: object[], settings: Settings): Promise<unknown>;
};

const require = createRequire(import.meta.url);
const definitionFile = require.resolve('@segment/action-destinations/dist/destinations/webhook/index.js');
const { Destination: MadeDestination } = createRequire(definitionFile)('@segment/actions-core') as {
  Destination: new (definition: unknown) => Destination;
};
const destination = new MadeDestination((require(definitionFile) as { default: unknown }).default);

let ingest: TestIngest;
let gateway: ApiGateway;
let requests: number;

beforeAll(async () => {
  gateway = await startApiGateway({
    port: 0,
    metrics: () => ({}),
    onFailure(error) {
      throw error;
    },
  });
  gateway.serve([
    {
      routeKey: 'ANY /v1/sources/{source}/{token}',
      timeoutMs: 10_000,
      function: {
        async invoke(event) {
          requests++;
          const { answer } = await ingestRequest(toIngestRequest(JSON.parse(event)), ingest);
          return JSON.stringify(toHttpResult(answer));
        },
      },
    },
  ]);
});
afterAll(() => gateway.stop());

const secret = 'a shared secret, as somebody typed it: ü';

beforeEach(async () => {
  requests = 0;
  ingest = makeTestIngest();
  ingest.live = await configurationOf('segment');
  ingest.stored.set('sources/segment', [secret]);
});

/** The settings of a destination whose one mapping is as the user interface proposes it. */
function settings(sharedSecret?: string, mapping: object = {}): Settings {
  const url = `${gateway.url}/v1/sources/segment/${ingestToken(ingestKey, 'segment', 1)}`;
  return {
    ...(sharedSecret !== undefined && { sharedSecret }),
    subscriptions: [
      {
        name: 'Send',
        partnerAction: 'send',
        subscribe: 'type = "track" or type = "identify"',
        mapping: { url, method: 'POST', batch_size: 1000, data: { '@path': '$.' }, ...mapping },
      },
    ],
  };
}

function signUp(i = 0): object {
  return {
    type: 'track',
    event: 'user-signed-up',
    messageId: `ajs-next-${i}`,
    userId: `acct_${i}`,
    anonymousId: 'f7b1',
    // Characters that JSON, UTF-8 and line ends are got wrong with.
    properties: { name: 'Zoë \u2028 😀 "\\/"', email: `zoe${i}@north.example`, share: 1e-7, big: 2 ** 53, zero: -0 },
    context: { library: { name: 'analytics.js', version: 'next-1.80.0' } },
    timestamp: '2026-05-04T08:16:00.000Z',
  };
}
const signUps = (count: number) => Array.from({ length: count }, (_, i) => signUp(i));

const statuses = () => ingest.sent.map(({ verification }) => verification);
const texts = () => ingest.sent.map(({ payload }) => unpackEventText(payload).body);
const failure = (status: number) => ({ response: { status } });

describe('one event to a request', () => {
  test('signed: it is verified, its text is as Segment wrote it, and its trigger describes the recipient', async () => {
    await destination.onEvent(signUp(), settings(secret));
    expect(requests).toBe(1);
    expect(statuses()).toEqual(['enforced:verified']);
    expect(texts()).toEqual([JSON.stringify(signUp())]);
    const [raw] = ingest.sent;
    if (raw === undefined) throw new Error('nothing was queued');
    expect(unpackEventText(raw.payload).headers).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Segment (Actions)',
    });
    expect(await planEvent(raw, ingest.live)).toMatchObject({
      key: 'ajs-next-0',
      plan: {
        kind: 'run',
        invocations: [
          {
            action: 'workflows_trigger',
            payload: {
              key: 'user-signup',
              recipients: { id: 'acct_0', name: 'Zoë \u2028 😀 "\\/"', email: 'zoe0@north.example' },
            },
          },
        ],
      },
    });
  });

  test('data that is mapped to a part of the event is signed and taken as it is', async () => {
    await destination.onEvent(signUp(), settings(secret, { data: { '@path': '$.properties' } }));
    expect(statuses()).toEqual(['enforced:verified']);
    expect(JSON.parse(texts()[0] ?? '')).toMatchObject({ email: 'zoe0@north.example' });
  });

  test('signed with another secret, or not at all: Segment gets a 401, and nothing is queued', async () => {
    await expect(destination.onEvent(signUp(), settings('another'))).rejects.toMatchObject(failure(401));
    await expect(destination.onEvent(signUp(), settings())).rejects.toMatchObject(failure(401));
    expect(ingest.sent).toEqual([]);
  });

  test('not signed, where that is not enforced', async () => {
    ingest.live = await configurationOf('segment', { state: { verification: { enforced: false } } });
    await destination.onEvent(signUp(), settings());
    await destination.onEvent(signUp(), settings('another'));
    expect(statuses()).toEqual(['not_enforced:skipped', 'not_enforced:failed']);
  });

  // Its set-up needs no Shared Secret, so a fresh source takes what it gets; with a secret it takes no other.
  test('before a secret is set here it is accepted unchecked, and checked from then on', async () => {
    ingest.stored.delete('sources/segment');
    await destination.onEvent(signUp(), settings(undefined));
    await destination.onEvent(signUp(), settings(secret));
    ingest.stored.set('sources/segment', [secret]);
    await destination.onEvent(signUp(), settings(secret));
    expect(statuses()).toEqual(['not_enforced:skipped', 'not_enforced:skipped', 'enforced:verified']);
    await expect(destination.onEvent(signUp(), settings(undefined))).rejects.toMatchObject(failure(401));
  });

  test('with another method than POST: a 405, and nothing is queued', async () => {
    await expect(destination.onEvent(signUp(), settings(secret, { method: 'PUT' }))).rejects.toMatchObject(
      failure(405),
    );
    expect(ingest.sent).toEqual([]);
  });

  test('a source of the first generation takes it unsigned', async () => {
    ingest.live = await configurationOf('segment-legacy');
    const url = `${gateway.url}/v1/sources/segment-legacy/${ingestToken(ingestKey, 'segment-legacy', 1)}`;
    await destination.onEvent(signUp(), settings(secret, { url }));
    await destination.onBatch(signUps(3), settings(undefined, { url }));
    expect(statuses()).toEqual(Array(4).fill('not_enforced:skipped'));
    expect(
      (await Promise.all(ingest.sent.map((raw) => planEvent(raw, ingest.live)))).map(({ event }) => event?.eventType),
    ).toEqual(Array(4).fill('user-signed-up'));
  });
});

describe('batches', () => {
  test.each([1, 3, 1000])(
    'of %d, signed: the first event is verified, all are queued as Segment wrote them',
    async (count) => {
      await destination.onBatch(signUps(count), settings(secret));
      expect(requests).toBe(1);
      expect(texts()).toEqual(signUps(count).map((event) => JSON.stringify(event)));
      expect(statuses()).toEqual(['enforced:verified', ...Array(count - 1).fill('enforced:unverified')]);
      expect(new Set(ingest.sent.map(({ id }) => id)).size).toBe(count);
    },
  );

  test.each([3, 1000])('of %d, with another secret or none: 401 for the whole, nothing is queued', async (count) => {
    await expect(destination.onBatch(signUps(count), settings('another'))).rejects.toMatchObject(failure(401));
    await expect(destination.onBatch(signUps(count), settings())).rejects.toMatchObject(failure(401));
    expect(ingest.sent).toEqual([]);
  });

  test('of 1000, not signed, where that is not enforced', async () => {
    ingest.live = await configurationOf('segment', { state: { verification: { enforced: false } } });
    await destination.onBatch(signUps(1000), settings());
    expect(statuses()).toEqual(Array(1000).fill('not_enforced:skipped'));
  });

  test('are refused where partial signatures are; events one by one are not', async () => {
    ingest.live = await configurationOf('segment', { state: { verification: { partial: 'refuse' } } });
    await expect(destination.onBatch(signUps(3), settings(secret))).rejects.toMatchObject(failure(401));
    expect(ingest.sent).toEqual([]);
    await destination.onBatch(signUps(1), settings(secret));
    await destination.onEvent(signUp(), settings(secret));
    expect(statuses()).toEqual(['enforced:verified', 'enforced:verified']);
  });
});
