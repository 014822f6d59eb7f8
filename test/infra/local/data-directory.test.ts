import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { builtFile } from '../../../infra/build/build.js';
import { DataDirectoryTaken, takeDataDirectory } from '../../../infra/local/data-directory.ts';

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

  test('is closed to other users, also one that was open', async () => {
    const path = join(directory, 'c');
    mkdirSync(path, { mode: 0o755 });
    await (await takeDataDirectory(path)).release();
    expect(statSync(path).mode & 0o777).toBe(0o700);
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
