import { describe, expect, test } from '@jest/globals';
import { exitCodeOf, explainError, refusalLines } from '../../infra/cli/errors.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { failure, notFound, usageError } from '../../shared/operations/refusal.ts';

const named = (name: string, message = 'details') => Object.assign(new Error(message), { name });

describe('what an error tells the operator', () => {
  test('a refusal of the CLI is what it says', () => {
    const error = notFound('no event X', 'look there');
    expect(explainError(error)).toBe(error);
    expect(error).toMatchObject({ kind: 'not_found', remedies: ['look there'] });
  });

  test('each reason has its line, and text from elsewhere begins none', () => {
    expect(refusalLines(failure(['of commit 2 ("a\nerror: forged")', 'nothing was pushed'], 'look\n  twice'))).toEqual([
      'error: of commit 2 ("a error: forged")',
      'nothing was pushed',
      '  look   twice',
    ]);
  });

  test('scripts tell by the exit code what failed, what was asked wrongly, and what does not exist', () => {
    expect([failure('a'), usageError('b'), notFound('c')].map(exitCodeOf)).toEqual([1, 2, 3]);
  });

  test('a runtime that went away is named by its address, with the way to start it', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), {
      code: 'ECONNREFUSED',
      address: '127.0.0.1',
      port: 4566,
    });
    const explained = explainError(new RetryableError('the table is away', { cause: new AggregateError([refused]) }));
    expect(explained?.message).toContain('127.0.0.1:4566');
    expect(explained?.remedies.join()).toContain('npm start');
  });

  test.each([
    ['CredentialsProviderError', 'no AWS credentials'],
    ['ExpiredTokenException', 'does not accept the credentials'],
    ['AccessDeniedException', 'do not allow this'],
    ['ThrottlingException', 'throttles'],
  ])('%s is explained, also as the cause of another error', (name, text) => {
    expect(explainError(named(name))?.message).toContain(text);
    expect(explainError(new RetryableError('reading', { cause: named(name) }))?.message).toContain(text);
  });

  test.each([
    'Size of hashkey has exceeded the maximum size limit of2048 bytes',
    'Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
  ])('a name longer than a table can hold is one that nothing has: %s', (limit) => {
    const error = named('ValidationException', `One or more parameter values were invalid: ${limit}`);
    expect(explainError(error)?.kind).toBe('not_found');
  });

  test('a bug stays a bug: its stack trace is worth having', () => {
    expect(explainError(new TypeError('x is undefined'))).toBeUndefined();
    expect(explainError('thrown text')).toBeUndefined();
    expect(explainError(named('ValidationException', 'ExpressionAttributeValues must not be empty'))).toBeUndefined();
  });
});
