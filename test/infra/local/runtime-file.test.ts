import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Runtime } from '../../../infra/local/runtime.ts';
import { readRuntimeFile, writeRuntimeFile } from '../../../infra/local/runtime-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'signalbox-runtime-file-'));
const path = join(directory, 'deep', 'runtime.json');
afterAll(() => rmSync(directory, { recursive: true }));

const endpoints = { dynamodb: 'http://127.0.0.1:1', sqs: 'http://127.0.0.1:2', secretsmanager: 'http://127.0.0.1:3' };
const runtime = {
  environments: {
    development: {
      name: 'development',
      region: 'us-east-1',
      endpoints,
      outputs: { IngestUrl: 'http://127.0.0.1:3000' },
    },
  },
} as unknown as Runtime;

describe('the runtime file', () => {
  test('tells the CLI where everything is, and is gone when the run ends', () => {
    const remove = writeRuntimeFile(path, runtime);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      pid: process.pid,
      started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      environments: {
        development: { region: 'us-east-1', endpoints, outputs: { IngestUrl: 'http://127.0.0.1:3000' } },
      },
    });
    expect(readRuntimeFile(path)).toMatchObject({ pid: process.pid });
    remove();
    expect(existsSync(path)).toBe(false);
    expect(readRuntimeFile(path)).toBeUndefined();
  });

  test('of a run that was killed counts for nothing', () => {
    writeRuntimeFile(path, runtime);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(path, readFileSync(path, 'utf8').replace(`"pid": ${process.pid}`, `"pid": ${pid}`));
    expect(readRuntimeFile(path)).toBeUndefined();
  });

  test.each([['not JSON'], ['{}'], ['{"pid":"1"}']])('that is no such file, %s, counts for nothing', (text) => {
    writeFileSync(path, text);
    expect(readRuntimeFile(path)).toBeUndefined();
  });
});
