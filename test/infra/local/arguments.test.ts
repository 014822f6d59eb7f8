import { describe, expect, test } from '@jest/globals';
import { defaultDataDirectory, readArguments, UsageError } from '../../../infra/local/arguments.ts';

describe('the arguments of npm start', () => {
  test('without any, development runs on port 3000 and its data is kept', () => {
    expect(readArguments([])).toEqual({
      port: 3000,
      throttle: false,
      environments: ['development'],
      data: defaultDataDirectory,
      verbose: false,
      console: true,
    });
  });

  test('all of them', () => {
    const args = ['--port', '4000', '--environment', 'development,staging', '--data', '/tmp/x', '--verbose'];
    args.push('--no-console', '--throttle');
    expect(readArguments(args)).toEqual({
      port: 4000,
      throttle: true,
      environments: ['development', 'staging'],
      data: '/tmp/x',
      verbose: true,
      console: false,
    });
  });

  test('--memory keeps nothing', () => {
    expect(readArguments(['--memory'])).not.toHaveProperty('data');
  });

  test('--help wins', () => {
    expect(readArguments(['--help', '--port', '1'])).toBe('help');
  });

  test.each([
    [['--port', 'http']],
    [['--port', '70000']],
    [['--port', '']],
    [['--environment', 'a,,b']],
    [['--environment', 'a,a']],
    [['--memory', '--data', 'x']],
    [['--colour']],
    [['development']],
  ])('%j is refused', (args) => {
    expect(() => readArguments(args)).toThrow(UsageError);
  });
});
