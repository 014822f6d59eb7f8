import { expect, test } from '@jest/globals';
import { standardWebhooks } from '../../../shared/core/signatures/standard-webhooks.ts';

const secret = `whsec_${Buffer.from('a key of 24 bytes or more').toString('base64')}`;
const nowMs = Date.parse('2026-05-04T12:00:00Z');
const rawBody = Buffer.from('{"a":1}');
const both = standardWebhooks('svix', 'webhook');

const signedAs = (prefix: string, id = 'msg_1') => standardWebhooks(prefix).sign({ rawBody, secret, nowMs, id });
const verify = (headers: Record<string, string>) => both.verify({ rawBody, headers, secrets: [secret], nowMs });

test('verifies under any of its names, and signs under the first', () => {
  expect(verify(signedAs('svix'))).toBe('verified');
  expect(verify(signedAs('webhook'))).toBe('verified');
  expect(verify(signedAs('other'))).toBe('skipped');
  expect(both.sign({ rawBody, secret, nowMs, id: 'msg_1' })).toEqual(signedAs('svix'));
  expect(both.credentialHeaders).toEqual(['svix-signature', 'webhook-signature']);
});

test('verifies a request that says everything twice', () => {
  expect(verify({ ...signedAs('svix'), ...signedAs('webhook') })).toBe('verified');
});

test('a request is judged by the first name it signs under, whatever it says under another', () => {
  expect(verify({ ...signedAs('webhook'), 'svix-signature': 'v1,AAAA' })).toBe('failed');
  expect(verify({ ...signedAs('svix'), 'webhook-signature': 'v1,AAAA' })).toBe('verified');
});

// The id is the idempotency key: with another one beside the signed one, a copy would run again.
test('an id that is not signed must be the one that is', () => {
  expect(verify({ ...signedAs('webhook'), 'svix-id': 'msg_1' })).toBe('verified');
  expect(verify({ ...signedAs('webhook'), 'svix-id': 'msg_2' })).toBe('failed');
  expect(verify({ ...signedAs('webhook'), 'svix-id': '' })).toBe('failed');
  expect(verify({ ...signedAs('svix'), 'webhook-id': 'msg_2' })).toBe('failed');
});

test('the key is base64, with or without whsec_ before it; anything else is no secret', () => {
  const bare = secret.replace('whsec_', '');
  const headers = signedAs('svix');
  expect(both.verify({ rawBody, headers, secrets: [bare], nowMs })).toBe('verified');
  expect(both.secretProblem(secret)).toBeUndefined();
  expect(both.secretProblem(bare)).toBeUndefined();
  for (const wrong of ['', 'whsec_', 'A', 'not base64!', `${secret}====`, 'whsec_whsec_AAAA']) {
    expect(both.secretProblem(wrong)).toContain('base64');
    expect(both.verify({ rawBody, headers, secrets: [wrong], nowMs })).toBe('failed');
    expect(both.verify({ rawBody, headers, secrets: [wrong, secret], nowMs })).toBe('verified');
  }
});
