import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { DataDirectoryTaken, takeDataDirectory } from '../../../infra/local/data-directory.ts';

const directory = mkdtempSync(join(tmpdir(), 'signalbox-data-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('the data directory', () => {
  test('belongs to one runtime at a time, and says to which', () => {
    const taken = takeDataDirectory(join(directory, 'a'));
    expect(() => takeDataDirectory(join(directory, 'a'))).toThrow(DataDirectoryTaken);
    expect(() => takeDataDirectory(join(directory, 'a'))).toThrow(`process ${process.pid}`);
    taken.release();
    takeDataDirectory(join(directory, 'a')).release();
  });

  // A lock that had to be cleaned up would make every kill a puzzle.
  test('is free again when its runtime was killed', async () => {
    const module = new URL('../../../infra/local/data-directory.ts', import.meta.url).href;
    const code = `import { takeDataDirectory } from '${module}'; takeDataDirectory('${join(directory, 'b')}'); console.log('taken'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(() => takeDataDirectory(join(directory, 'b'))).toThrow(DataDirectoryTaken);
    child.kill('SIGKILL');
    await once(child, 'exit');
    takeDataDirectory(join(directory, 'b')).release();
  });
});
