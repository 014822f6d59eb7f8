import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listen, stopServer } from '../../../infra/local/http-server.ts';
import type { Runtime } from '../../../infra/local/runtime.ts';
import { findRunning, writeRuntimeFile } from '../../../infra/local/runtime-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'signalbox-runtime-file-'));
const path = join(directory, 'deep', 'runtime.json');

const endpoints = { dynamodb: 'http://127.0.0.1:1', sqs: 'http://127.0.0.1:2', secretsmanager: 'http://127.0.0.1:3' };
const credentials = { accessKeyId: 'id', secretAccessKey: 'key' };
const runtime = {
  environments: {
    development: {
      name: 'development',
      region: 'us-east-1',
      endpoints,
      credentials,
      outputs: { IngestUrl: 'http://127.0.0.1:3000' },
    },
  },
};

const server = createServer((_request, response) => response.end(JSON.stringify({ pid: answeredPid })));
let answeredPid = process.pid;

beforeAll(async () => {
  const port = await listen(server, 0);
  runtime.environments.development.outputs.IngestUrl = `http://127.0.0.1:${port}`;
});
afterAll(async () => {
  await stopServer(server);
  rmSync(directory, { recursive: true });
});

describe('the runtime file', () => {
  test('tells the CLI where everything is, and is gone when the run ends', async () => {
    const remove = writeRuntimeFile(path, runtime as unknown as Runtime);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      pid: process.pid,
      started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      environments: {
        development: { region: 'us-east-1', endpoints, credentials, outputs: runtime.environments.development.outputs },
      },
    });
    expect(await findRunning(path)).toMatchObject({ pid: process.pid });
    remove();
    expect(existsSync(path)).toBe(false);
    expect(await findRunning(path)).toBeUndefined();
  });

  test('is for its owner alone: it holds the credentials of the run', () => {
    writeFileSync(path, '', { mode: 0o644 });
    writeRuntimeFile(path, runtime as unknown as Runtime);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
  });

  // The number of a process that was killed is another's by and by.
  test('counts for nothing when another process has the number of its run', async () => {
    writeRuntimeFile(path, runtime as unknown as Runtime);
    answeredPid = 1;
    expect(await findRunning(path)).toBeUndefined();
    answeredPid = process.pid;
    expect(await findRunning(path)).toMatchObject({ pid: process.pid });
  });

  test('counts for nothing when nothing answers at its address', async () => {
    writeRuntimeFile(path, runtime as unknown as Runtime);
    const { IngestUrl } = runtime.environments.development.outputs;
    writeFileSync(path, readFileSync(path, 'utf8').replace(IngestUrl, 'http://127.0.0.1:9'));
    expect(await findRunning(path)).toBeUndefined();
  });

  test.each([['not JSON'], ['{}'], ['{"pid":"1"}']])('that is no such file, %s, counts for nothing', async (text) => {
    writeFileSync(path, text);
    expect(await findRunning(path)).toBeUndefined();
  });
});
