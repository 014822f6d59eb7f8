import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const run = fileURLToPath(new URL('../../infra/build/run.js', import.meta.url));

// A count that was no number was found out after the mutants, which take minutes.
test.each([
  ['test/bench/main.ts', '--nonsense', /^error: Unknown option '--nonsense'/],
  ['test/faults/main.ts', '--nonsense', /^error: Unknown option '--nonsense'/],
  ['test/faults/main.ts', '--schedules=x', /^error: --schedules takes a whole number from 1, not "x"\n$/],
  ['test/rollback/main.ts', '--seed=x', /^error: --seed takes a whole number from 0, not "x"\n$/],
])('%s %s ends with one line that says what is wrong, and exit code 2', (program, option, said) => {
  const { status, stdout, stderr } = spawnSync('node', [run, program, option], { encoding: 'utf8' });
  expect([status, stdout, stderr]).toEqual([2, '', expect.stringMatching(said)]);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});
