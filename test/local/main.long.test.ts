import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { builtFile } from '../../infra/build/build.js';
import { takeDataDirectory } from '../../infra/local/data-directory.ts';
import { listen, stopServer } from '../../infra/local/http-server.ts';

// Processes and workers start slowly on a busy machine.

const main = builtFile('infra/local/main.ts');
const directory = mkdtempSync(join(tmpdir(), 'signalbox-main-'));
const runtimeFile = join(directory, 'runtime.json');
const server = createServer();
let port: number;

beforeAll(async () => {
  port = await listen(server, 0);
});
afterAll(async () => {
  await stopServer(server);
  rmSync(directory, { recursive: true });
});

async function npmStart(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { ...process.env, SIGNALBOX_RUNTIME_FILE: runtimeFile };
  const child = spawn(process.execPath, [main, ...args], { env });
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    printed.stdout += text;
  });
  child.stderr.on('data', (text) => {
    printed.stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...printed };
}

describe('npm start', () => {
  test('--help shows each option and examples', async () => {
    const { code, stdout } = await npmStart('--help');
    expect(code).toBe(0);
    for (const word of ['--port', '--environment', '--data', '--memory', '--verbose', 'npm start -- --memory']) {
      expect(stdout).toContain(word);
    }
  });

  test('wrong usage ends with 2 and one line', async () => {
    expect(await npmStart('--port', 'http')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: --port takes a number from 0 to 65535, not "http" (--help shows what it takes)\n',
    });
  });

  test('a port that another program has is named with the way out', async () => {
    expect(await npmStart('--memory', '--port', String(port))).toEqual({
      code: 1,
      stdout: '',
      stderr: `error: port ${port} is taken by another program; choose another: npm start -- --port ${port + 100}\n`,
    });
  });

  test('a port that another run has says so', async () => {
    server.on('request', (_request, response) => response.end(JSON.stringify({ pid: process.pid })));
    const environments = { development: { outputs: { IngestUrl: `http://127.0.0.1:${port}` } } };
    writeFileSync(runtimeFile, JSON.stringify({ pid: process.pid, environments }));
    const { code, stderr } = await npmStart('--memory', '--port', String(port));
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port} is taken by the local runtime that is already up (process ${process.pid})`);
    expect(stderr).toContain(`npm start -- --port ${port + 100} --memory`);
  });

  test('a data directory that another run has is refused before anything in it is touched', async () => {
    const data = await takeDataDirectory(join(directory, 'data'));
    const { code, stderr } = await npmStart('--port', '0', '--data', data.path);
    await data.release();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: ${data.path} is in use by another runtime (process ${process.pid}): stop that one, or start this one with --data DIR or --memory\n`,
    );
  });
});
