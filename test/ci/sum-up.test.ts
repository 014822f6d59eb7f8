import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'signalbox-ci-'));
afterAll(() => rmSync(folder, { recursive: true }));

const named = (fullName: string, status: string) => ({ fullName, status });

function sumUp(testResults: object[], ...steps: string[]) {
  const file = join(folder, 'run.json');
  writeFileSync(file, JSON.stringify({ numPassedTests: 4, numPendingTests: 1, testResults }));
  const { status, stdout } = spawnSync(process.execPath, ['.ci/sum-up.mjs', file, '--', ...steps], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, lines: stdout.trimEnd().split('\n') };
}

test('the last lines of .ci/run name each failed test, each file that cannot be loaded and each failed step', () => {
  const found = sumUp(
    [
      {
        name: join(root, 'test/a.test.ts'),
        status: 'failed',
        assertionResults: [named('a b', 'failed')],
        message: '●',
      },
      {
        name: join(root, 'test/b.test.ts'),
        status: 'failed',
        assertionResults: [],
        message: '  ● x\n\n  no such file',
      },
      { name: join(root, 'test/c.test.ts'), status: 'passed', assertionResults: [named('c', 'passed')], message: '' },
    ],
    'npm run test:faults',
  );
  expect(found.lines).toEqual([
    'failed: npm run test:faults (see above)',
    'failed: test/a.test.ts: a b',
    'failed: test/b.test.ts: no such file',
    '4 passed, 3 failed, 1 skipped',
  ]);
  expect(found.status).toBe(1);
});

test('when all went well there is one line, and the run has not failed', () => {
  expect(sumUp([{ name: 'a', status: 'passed', assertionResults: [named('a', 'passed')], message: '' }])).toEqual({
    status: 0,
    lines: ['4 passed, 0 failed, 1 skipped'],
  });
});
