import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { builtFile, root } from '../../infra/build/build.js';

const stackTraces = pathToFileURL(join(root, 'infra/build/stack-traces.js')).href;
const bundle = pathToFileURL(builtFile('shared/adapters/expression-process.ts')).href;

/** Runs a program as run.js starts an entry. */
function started(program: string) {
  const script = `import { nameSourcesInStacks } from ${JSON.stringify(stackTraces)}; nameSourcesInStacks(); ${program}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('a stack trace of a bundle', () => {
  test('names the source file, its line and its column', () => {
    // The bundle asks its process for the parent's messages as its first act.
    const { stdout } = started(`
      process.on = () => { throw new Error('deep'); };
      await import(${JSON.stringify(bundle)}).catch((error) => console.log(error.stack));
    `);
    const [, line, column] =
      new RegExp(`^ +at .*${join(root, 'shared/adapters/expression-process.ts')}:(\\d+):(\\d+)`, 'm').exec(stdout) ??
      [];
    const source = readFileSync(join(root, 'shared/adapters/expression-process.ts'), 'utf8').split('\n');
    expect(stdout).toMatch(/^Error: deep$/m);
    expect(source[Number(line) - 1]?.slice(Number(column) - 1)).toMatch(/^(process\.)?on\(/);
  });

  test('leaves frames without a map as they are, and an error whose message cannot be read', () => {
    const { stdout } = started(`
      const bad = { toString() { throw new Error('no'); } };
      const error = new Error('plain');
      console.log(error.stack);
      class Hidden extends Error { get message() { throw bad; } get name() { throw bad; } }
      console.log(new Hidden().stack);
    `);
    expect(stdout).toMatch(/^Error: plain\n {4}at file:.*eval1\]:\d+:\d+/m);
    expect(stdout).toMatch(/^an error whose name or message cannot be read\n {4}at /m);
  });

  test('is printed for an uncaught error, with its cause; the exit code is 1', () => {
    const { status, stderr } = started(
      `setTimeout(() => { throw new TypeError('uncaught', { cause: new Error('the reason') }); });`,
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/^TypeError: uncaught\n {4}at /);
    expect(stderr).toContain('[cause]: Error: the reason');
    expect(started(`Promise.reject(new Error('rejected'));`)).toMatchObject({ status: 1 });
  });
});
