import { describe, expect, test } from '@jest/globals';
import { bearer } from '../../../shared/core/signatures/authorization.ts';
import { sharedHeader } from '../../../shared/core/signatures/shared-header.ts';
import type { Verdict, Verifier } from '../../../shared/core/signatures/verifier.ts';
import { clerk } from '../../../shared/core/sources/clerk.ts';
import { shopify } from '../../../shared/core/sources/shopify.ts';
import { stripe } from '../../../shared/core/sources/stripe.ts';
import { workos } from '../../../shared/core/sources/workos.ts';
import { segmentScheme } from '../../support/signing-schemes.ts';

/* Requests that the vendors' own packages were seen to accept, so that no mistake of ours can be on both sides. */

type Vector = {
  verifier: Verifier;
  secret: string;
  body: string;
  headers: Record<string, string>;
  /** When it was signed, for schemes that say so. */
  signedAtMs: number;
};

const second = 1000;

const stripeVector: Vector = {
  verifier: stripe.verifier,
  secret: 'whsec_test_4f1b2c3d4e5f60718293a4b5c6d7e8f9',
  body: '{"id":"evt_1AbcVector0001","object":"event","type":"customer.created","data":{"object":{"id":"cus_Vec001","email":"ana@example.org"}}}',
  headers: {
    'stripe-signature': 't=1790000000,v1=936e66c4000651ba92a9de115b5f4076c5f185e396e5bacaed3900c4daac2acb',
  },
  signedAtMs: 1790000000 * second,
};

const svixVector: Vector = {
  verifier: clerk.verifier,
  secret: 'whsec_Y2xlcmstdmVjdG9yLWtleS0wMTIzNDU2Nzg5YWJjZGVm',
  body: '{"data":{"id":"user_vec1"},"object":"event","type":"user.created"}',
  headers: {
    'svix-id': 'msg_2vecClerk0001',
    'svix-timestamp': '1790000000',
    'svix-signature': 'v1,hYcyFErv0NDU8Li6h5yTyBBbgXnHyCN20R82xQVc2wQ=',
  },
  signedAtMs: 1790000000 * second,
};

const workosVector: Vector = {
  verifier: workos.verifier,
  secret: 'wos_vec_9d8c7b6a5f4e3d2c1b0a',
  body: '{"id":"event_01VEC0001","event":"dsync.user.created","data":{"id":"directory_user_01VEC","email":"ana@example.org"},"created_at":"2026-09-21T14:13:20.123Z"}',
  headers: {
    'workos-signature': 't=1790000000123, v1=dd94d5e7666e882329f5e2ee1d8ac78866dc3df4d110cc303ac845bfddf672ac',
  },
  signedAtMs: 1790000000123,
};

const shopifyVector: Vector = {
  verifier: shopify.verifier,
  secret: 'shpss_vec_0123456789abcdef',
  body: '{"id":7001,"email":"ana@example.org","first_name":"Ana"}',
  headers: { 'x-shopify-hmac-sha256': 'RxmCJl+OvBw2yjDY42VUeIQp3qA6XZhzEprcThyB7Gs=' },
  signedAtMs: 0,
};

const segmentEvent =
  '{"type":"track","event":"Order Placed","messageId":"ajs-vec-0001","userId":"u-100","properties":{"total":42.5}}';
const segmentVector: Vector = {
  verifier: segmentScheme,
  secret: 'segment-vector-secret',
  body: segmentEvent,
  headers: { 'x-signature': 'a7c64f95ebc22eeefe9c1f90ffb32bbc6d388d8f' },
  signedAtMs: 0,
};
const segmentBatch = {
  ...segmentVector,
  body: `[${segmentEvent},{"type":"identify","userId":"u-101","messageId":"ajs-vec-0002","traits":{"email":"bo@example.org"}}]`,
};

const bearerVector: Vector = {
  verifier: bearer(),
  secret: 'tok_vec_51f0',
  body: '{}',
  headers: { authorization: 'Bearer tok_vec_51f0' },
  signedAtMs: 0,
};

const headerVector: Vector = {
  verifier: sharedHeader('x-webhook-secret'),
  secret: 'vec-shared-1',
  body: '{}',
  headers: { 'x-webhook-secret': 'vec-shared-1' },
  signedAtMs: 0,
};

function verdictOf(vector: Vector, atMs = vector.signedAtMs, secrets = [vector.secret]): Verdict {
  const { verifier, body, headers } = vector;
  return verifier.verify({ rawBody: Buffer.from(body), headers, secrets, nowMs: atMs });
}

test.each([
  ['Stripe', stripeVector],
  ['Clerk', svixVector],
  ['WorkOS', workosVector],
  ['Shopify', shopifyVector],
  ['Segment', segmentVector],
  ['Bearer', bearerVector],
  ['a shared header', headerVector],
])('%s: verifies, with its secret alone', (_, vector) => {
  expect(verdictOf(vector)).toBe('verified');
  expect(verdictOf(vector, undefined, ['another', vector.secret])).toBe('verified');
  expect(verdictOf(vector, undefined, ['another'])).toBe('failed');
  expect(vector.verifier.secretProblem(vector.secret)).toBeUndefined();
});

test.each([
  ['Stripe', stripeVector, 300 * second, second],
  ['Clerk', svixVector, 300 * second, second],
  ['WorkOS', workosVector, 180 * second, 1],
])('%s: holds until its tolerance is over, before and behind, and no unit longer', (_, vector, toleranceMs, unitMs) => {
  expect(vector.verifier.toleranceSeconds).toBe(toleranceMs / second);
  for (const sign of [-1, 1]) {
    expect(verdictOf(vector, vector.signedAtMs + sign * toleranceMs)).toBe('verified');
    expect(verdictOf(vector, vector.signedAtMs + sign * (toleranceMs + unitMs))).toBe('failed');
  }
});

test.each([
  ['Shopify', shopifyVector],
  ['Segment', segmentVector],
  ['Bearer', bearerVector],
  ['a shared header', headerVector],
])('%s: holds for ever, since no time is signed, and says so', (_, vector) => {
  expect(vector.verifier.toleranceSeconds).toBeUndefined();
  expect(verdictOf(vector, Date.parse('2126-01-01T00:00:00Z'))).toBe('verified');
});

test.each([
  ['Stripe', stripeVector],
  ['Clerk', svixVector],
  ['Shopify', shopifyVector],
  ['Segment', segmentVector],
])('%s: what we sign is what they sign', (_, { verifier, secret, body, headers, signedAtMs }) => {
  const id = headers['svix-id'] ?? 'unused';
  expect(verifier.sign({ rawBody: Buffer.from(body), secret, nowMs: signedAtMs, id })).toEqual(headers);
});

describe('Stripe', () => {
  const [time, signature] = (stripeVector.headers['stripe-signature'] as string).split(',') as [string, string];
  const with_ = (value: string) => verdictOf({ ...stripeVector, headers: { 'stripe-signature': value } });

  test('any v1 is enough, and other schemes count for nothing', () => {
    expect(with_(`${time},v1=${'0'.repeat(64)},${signature},v0=abc`)).toBe('verified');
    expect(with_(`${signature},${time}`)).toBe('verified');
    expect(with_(`${time},${signature.replace('v1', 'v0')}`)).toBe('failed');
    expect(with_(`${time},${signature.replace('v1', 'v11')}`)).toBe('failed');
  });

  test('the key is the whole text of the secret', () => {
    expect(verdictOf({ ...stripeVector, secret: stripeVector.secret.replace('whsec_', '') })).toBe('failed');
  });
});

describe('WorkOS', () => {
  test('with and without the space behind the comma', () => {
    const value = workosVector.headers['workos-signature']?.replace(', ', ',') as string;
    expect(verdictOf({ ...workosVector, headers: { 'workos-signature': value } })).toBe('verified');
  });

  test('a time in seconds is one of January 1970', () => {
    const signed = workosVector.verifier.sign({
      rawBody: Buffer.from(workosVector.body),
      secret: workosVector.secret,
      nowMs: 1790000000,
      id: '',
    });
    expect(verdictOf({ ...workosVector, headers: signed })).toBe('failed');
  });
});

describe('Clerk', () => {
  const signature = svixVector.headers['svix-signature'] as string;
  const with_ = (value: string) =>
    verdictOf({ ...svixVector, headers: { ...svixVector.headers, 'svix-signature': value } });

  test('any v1 in the list is enough, and other versions count for nothing', () => {
    expect(with_(`v1,AAAA ${signature}`)).toBe('verified');
    expect(with_(`v1a,AAAA ${signature} v2,BBBB`)).toBe('verified');
    expect(with_(signature.replace('v1', 'v1a'))).toBe('failed');
    expect(with_(signature.replace('v1,', ''))).toBe('failed');
  });

  test('under the names of Standard Webhooks too', () => {
    const renamed = Object.fromEntries(
      Object.entries(svixVector.headers).map(([name, value]) => [name.replace('svix', 'webhook'), value]),
    );
    expect(verdictOf({ ...svixVector, headers: renamed })).toBe('verified');
  });
});

describe('Segment', () => {
  test('a batch verifies by its first event, and says that it covers no more', () => {
    expect(verdictOf(segmentBatch)).toBe('verified_first');
    expect(verdictOf({ ...segmentBatch, body: ` \n[ ${segmentEvent} ]` })).toBe('verified_first');
  });

  test('a digest of the whole batch, which Segment never sends, proves nothing', () => {
    const headers = { 'x-signature': 'fa67f61745d9f49be677386b5264b6b4eb2589ec' };
    expect(verdictOf({ ...segmentBatch, headers })).toBe('failed');
    expect(verdictOf({ ...segmentVector, headers })).toBe('failed');
  });

  test('ids beyond 2^53 count digit by digit', () => {
    const batch = (id: string) => `[{"id":${id}}]`;
    const headers = segmentScheme.sign({
      rawBody: Buffer.from(batch('820982911946154508')),
      secret: segmentVector.secret,
      nowMs: 0,
      id: '',
    });
    expect(verdictOf({ ...segmentVector, headers, body: batch('820982911946154508') })).toBe('verified_first');
    expect(verdictOf({ ...segmentVector, headers, body: batch('820982911946154509') })).toBe('failed');
  });

  test('an event that is not the first proves nothing', () => {
    expect(verdictOf({ ...segmentBatch, body: `[{},${segmentEvent}]` })).toBe('failed');
    expect(verdictOf({ ...segmentBatch, body: `{"batch":[${segmentEvent}]}` })).toBe('failed');
    expect(verdictOf({ ...segmentBatch, body: '[]' })).toBe('failed');
    expect(verdictOf({ ...segmentBatch, body: `[${segmentEvent}` })).toBe('failed');
  });
});

describe('Bearer', () => {
  const with_ = (authorization: string) => verdictOf({ ...bearerVector, headers: { authorization } });

  test('the word in any case, the token letter by letter', () => {
    expect(with_('bearer tok_vec_51f0')).toBe('verified');
    expect(with_('BEARER tok_vec_51f0')).toBe('verified');
    expect(with_('Bearer TOK_VEC_51F0')).toBe('failed');
    expect(with_('Basic tok_vec_51f0')).toBe('failed');
    expect(with_('tok_vec_51f0')).toBe('failed');
  });
});
