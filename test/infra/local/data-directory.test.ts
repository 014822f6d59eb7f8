import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { builtFile } from '../../../infra/build/build.js';
import { DataDirectoryOpen, DataDirectoryTaken, takeDataDirectory } from '../../../infra/local/data-directory.ts';

const directory = mkdtempSync(join(tmpdir(), 'signalbox-data-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('the data directory', () => {
  test('belongs to one runtime at a time, and says to which', async () => {
    const taken = await takeDataDirectory(join(directory, 'a'));
    await expect(takeDataDirectory(join(directory, 'a'))).rejects.toThrow(DataDirectoryTaken);
    await expect(takeDataDirectory(join(directory, 'a'))).rejects.toThrow(`process ${process.pid}`);
    await taken.release();
    await (await takeDataDirectory(join(directory, 'a'))).release();
  });

  test.each([
    ['is new', undefined],
    ['is empty', []],
    ['an earlier version made', ['lock.pid', 'secrets.json']],
    ['a run without data made', ['runtime.json']],
    ['commands and consoles made before the first run', ['file-bases.json', 'console.key', 'page-files']],
  ])('that %s is closed to other users', async (name, files) => {
    const path = join(directory, name.replaceAll(' ', '-'));
    if (files) mkdirSync(path, { mode: 0o755 });
    for (const file of files ?? []) writeFileSync(join(path, file), '');
    await (await takeDataDirectory(path)).release();
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  // `--data /tmp` must neither lock every other user out of it nor show them what lies in it.
  test('that holds other things and is open is refused, and left as it is', async () => {
    const path = join(directory, 'shared');
    mkdirSync(path, { mode: 0o755 });
    writeFileSync(join(path, 'thesis.txt'), '');
    await expect(takeDataDirectory(path)).rejects.toThrow(DataDirectoryOpen);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(readdirSync(path)).toEqual(['thesis.txt']);
  });

  // A lock that had to be cleaned up would make every kill a puzzle.
  test('is free again when its runtime was killed', async () => {
    const child = spawn(process.execPath, [builtFile('test/local/fixtures/take-directory.ts'), join(directory, 'b')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(takeDataDirectory(join(directory, 'b'))).rejects.toThrow(DataDirectoryTaken);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await takeDataDirectory(join(directory, 'b'))).release();
  });
});
