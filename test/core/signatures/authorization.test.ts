import { describe, expect, test } from '@jest/globals';
import { basic, bearer } from '../../../shared/core/signatures/authorization.ts';
import { sharedHeader } from '../../../shared/core/signatures/shared-header.ts';
import { unsigned } from '../../../shared/core/signatures/unsigned.ts';
import type { Verifier } from '../../../shared/core/signatures/verifier.ts';

const verify = (verifier: Verifier, authorization: string, ...secrets: string[]) =>
  verifier.verify({ rawBody: new Uint8Array(), headers: { authorization }, secrets, nowMs: 0 });
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('Bearer', () => {
  test.each(['Bearer s3cret', 'bearer s3cret', 'BeArEr s3cret', 'Bearer   s3cret ', 'Bearer s3cret\t'])(
    'verifies %j: the word in any case, space around the token',
    (value) => {
      expect(verify(bearer(), value, 's3cret')).toBe('verified');
    },
  );

  test.each([
    's3cret',
    'Bearer',
    'Bearer ',
    'Bearers3cret',
    'Bearer: s3cret',
    'Bearer s3cret, Bearer s3cret',
    'Bearer S3cret',
    'Basic s3cret',
    ' Bearer s3cret',
    'Bearer\ts3cret',
  ])('refuses %j', (value) => {
    expect(verify(bearer(), value, 's3cret')).toBe('failed');
  });

  // A value without a space was once read as its own token.
  test('the word is no part of a token', () => {
    expect(verify(bearer(), 'bearerX', 'bearerX')).toBe('failed');
    expect(verify(basic(), 'basicX', 'basicX')).toBe('failed');
  });

  test('cannot carry a secret with spaces or letters beyond ASCII', () => {
    for (const secret of ['two words', 'tab\t', 'sécret', 'line\nbreak', ''])
      expect(bearer().secretProblem(secret)).toBeDefined();
    expect(bearer().secretProblem('tok_vec-51f0.~+/=')).toBeUndefined();
  });
});

describe('Basic', () => {
  test('the secret is user:password, and the password may have colons', () => {
    expect(verify(basic(), `Basic ${base64('user:pa:ss')}`, 'user:pa:ss')).toBe('verified');
    expect(verify(basic(), `basic ${base64('üser:pässword')}`, 'üser:pässword')).toBe('verified');
    expect(verify(basic(), `Basic ${base64('user:pass')}`, 'user:pa:ss')).toBe('failed');
    expect(verify(basic(), 'Basic user:pass', 'user:pass')).toBe('failed');
    expect(verify(basic(), `Bearer ${base64('user:pass')}`, 'user:pass')).toBe('failed');
    for (const secret of ['', 'user', ':password']) expect(basic().secretProblem(secret)).toBeDefined();
    expect(basic().secretProblem('user:')).toBeUndefined();
  });
});

test('a shared header cannot carry a secret that a header would lose', () => {
  const { secretProblem } = sharedHeader('x-webhook-secret');
  for (const secret of ['', ' secret', 'secret ', 'sec\nret', 'sec\u0000ret', 'sécret'])
    expect(secretProblem(secret)).toBeDefined();
  for (const secret of ['secret', 'two words']) expect(secretProblem(secret)).toBeUndefined();
});

test('a sender that proves nothing is never verified, and a secret would only pretend', () => {
  const verifier = unsigned('this vendor signs nothing');
  expect(verifier.isSigned({ authorization: 'Bearer s3cret' })).toBe(false);
  expect(verify(verifier, 'Bearer s3cret', 's3cret')).toBe('skipped');
  expect(verifier.sign({ rawBody: new Uint8Array(), secret: 's3cret', nowMs: 0, id: '' })).toEqual({});
  expect(verifier.secretProblem('s3cret')).toContain('this vendor signs nothing');
});
