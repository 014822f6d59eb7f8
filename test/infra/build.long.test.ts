import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { root } from '../../infra/build/build.js';

/* The command `signalbox` as npm links it, in a copy of the checkout whose sources the tests change. */

const checkout = mkdtempSync(join(tmpdir(), 'signalbox-build-'));
const command = join(checkout, 'infra/cli/bin/signalbox.js');

beforeAll(() => {
  for (const name of ['functions', 'shared', 'infra', 'package.json', 'package-lock.json', 'tsconfig.json', 'cdk.json'])
    cpSync(join(root, name), join(checkout, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
});
afterAll(() => rmSync(checkout, { recursive: true, force: true }));

function signalbox(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function change(file: string, edit: (text: string) => string): void {
  const text = readFileSync(join(checkout, file), 'utf8');
  expect(edit(text)).not.toBe(text);
  writeFileSync(join(checkout, file), edit(text));
}

const described = "description('Operate Signalbox";
const program = 'infra/cli/run.ts';

describe('the command', () => {
  test('runs the sources as they are: one that changes is bundled again', () => {
    expect(signalbox('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('Operate Signalbox') });
    change(program, (text) => text.replace(described, "description('Changed Signalbox"));
    expect(signalbox('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('Changed Signalbox') });
  });

  test('says where a source does not compile, and runs no older bundle', () => {
    change(program, (text) => `${text}\nexport const = 1;\n`);
    const { status, stdout, stderr } = signalbox('--help');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/infra\/cli\/run\.ts:\d+:\d+/);
    change(program, (text) => text.replace('\nexport const = 1;\n', ''));
    expect(signalbox('--help').status).toBe(0);
  });

  test('names our files and lines in a stack trace', () => {
    change(program, (text) =>
      text.replace(/(export async function runCli[^\n]*\n)/, "$1  if (args[0] === 'boom') throw new Error('boom');\n"),
    );
    const line = readFileSync(join(checkout, program), 'utf8')
      .split('\n')
      .findIndex((text) => text.includes("'boom'"));
    expect(signalbox('boom').stderr).toContain(`infra/cli/run.ts:${line + 1}:`);
  });

  test('of a working tree that links to the node_modules of another runs its own sources', () => {
    const linked = join(checkout, 'node_modules/.bin/signalbox');
    expect(execFileSync(linked, ['--help'], { encoding: 'utf8' })).toContain('Changed Signalbox');
  });
});
