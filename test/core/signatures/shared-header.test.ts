import { describe, expect, test } from '@jest/globals';
import { sharedHeader } from '../../../shared/core/signatures/shared-header.ts';
import fc, { anyCharacter } from '../../support/fast-check.ts';

const verifier = sharedHeader('x-webhook-secret');
const verify = (headers: Record<string, string>, ...secrets: string[]) =>
  verifier.verify({ rawBody: new Uint8Array(), headers, secrets, nowMs: 0 });

test('verifies who sends the secret, any active value of it', () => {
  expect(verify({ 'x-webhook-secret': 'vec-shared-1' }, 'vec-shared-1')).toBe('verified');
  expect(verify({ 'x-webhook-secret': 'old' }, 'new', 'old')).toBe('verified');
});

test('has nothing to check when the header is missing', () => {
  expect(verify({}, 'secret')).toBe('skipped');
  expect(verifier.isSigned({})).toBe(false);
  expect(verifier.isSigned({ 'x-webhook-secret': '' })).toBe(true);
});

test.each<[string, string, boolean]>([
  ['letters and signs', 'aB3$%&/()=?', true],
  ['spaces inside', 'correct horse', true],
  ['a single character', 'x', true],
  ['a space at its end, which would be dropped', 'secret ', false],
  ['a space at its beginning', ' secret', false],
  ['a line break', 'a\nb', false],
  ['letters beyond ASCII', 'schlüssel', false],
  ['nothing', '', false],
])('a secret with %s: %j can be sent as a header: %j', (_name, value, isFine) => {
  const problem = verifier.secretProblem?.(value);
  expect(problem === undefined).toBe(isFine);
  if (value !== '' && problem) expect(problem).not.toContain(value);
});

describe('fails', () => {
  test.each([
    ['another value', 'wrong!', ['secret']],
    ['one character less', 'secre', ['secret']],
    ['one more', 'secrets', ['secret']],
    ['another case', 'SECRET', ['secret']],
    ['two headers joined', 'secret, secret', ['secret']],
    ['nothing', '', ['secret']],
    ['nothing, where the secret is empty too', '', ['']],
    ['anything, where no secret is active', 'secret', []],
  ])('%s', (_, given, secrets) => {
    expect(verify({ 'x-webhook-secret': given }, ...secrets)).toBe('failed');
  });

  test('every value but the secret, without throwing', () => {
    const secrets = fc.string({ minLength: 1 }).filter((secret) => verifier.secretProblem(secret) === undefined);
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), secrets, (given, secret) => {
        expect(verify({ 'x-webhook-secret': given }, secret)).toBe(given.trim() === secret ? 'verified' : 'failed');
      }),
    );
  });
});
