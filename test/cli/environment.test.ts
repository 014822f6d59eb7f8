import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '../../infra/cli/environment.ts';
import { localCredentials } from '../support/dynalite.ts';

const directory = mkdtempSync(join(tmpdir(), 'signalbox-environment-'));
const file = join(directory, 'runtime.json');
beforeAll(() => {
  process.env.SIGNALBOX_RUNTIME_FILE = file;
});
afterAll(() => {
  delete process.env.SIGNALBOX_RUNTIME_FILE;
  rmSync(directory, { recursive: true });
});

const here = 'http://127.0.0.1:9';
const queue = `${here}/000000000000/q`;
const tables = ['Claims', 'EventLog', 'ActionLog', 'WorkflowRuns', 'Directory', 'Configuration'];
const outputs = {
  Environment: 'development',
  IngestUrl: here,
  EventsQueueUrl: queue,
  ActionsQueueUrl: queue,
  EventsDeadLetterQueueUrl: queue,
  ActionsDeadLetterQueueUrl: queue,
  ...Object.fromEntries(tables.map((name) => [`${name}Table`, name])),
  SecretsPrefix: 'signalbox/development',
  LogShards: '1',
  LogRetentionDays: '14',
};
const endpoints = { dynamodb: here, sqs: here, secretsmanager: here, cloudwatch: here };

function writeFile(change: { endpoints?: object; outputs?: object; credentials?: unknown }): void {
  const development = {
    ...localCredentials,
    ...('credentials' in change && { credentials: change.credentials }),
    endpoints: { ...endpoints, ...change.endpoints },
    outputs: { ...outputs, ...change.outputs },
  };
  const content = { pid: process.pid, started_at: '2026-11-21T00:00:00Z', environments: { development } };
  writeFileSync(file, JSON.stringify(content));
}

describe("the local runtime's file", () => {
  test('leads to the environment that it names', async () => {
    writeFile({});
    const environment = await connect({ environment: 'development' });
    environment.documents.destroy();
    expect(environment).toMatchObject({ where: 'local', local: true });
  });

  // A program that can write it would get every event, and every secret that is set.
  test.each([
    ['tables elsewhere', { endpoints: { dynamodb: 'http://10.0.0.7:8000' } }, 'endpoints.dynamodb'],
    [
      'secrets elsewhere',
      { endpoints: { secretsmanager: 'https://secrets.evil.example' } },
      'endpoints.secretsmanager',
    ],
    ['a name that begins like this machine', { endpoints: { sqs: 'http://127.0.0.1.evil.example' } }, 'endpoints.sqs'],
    ['this machine as a user name', { endpoints: { sqs: 'http://127.0.0.1:9@evil.example' } }, 'endpoints.sqs'],
    ['another protocol', { endpoints: { sqs: 'ftp://127.0.0.1' } }, 'endpoints.sqs'],
    ['every interface', { endpoints: { sqs: 'http://0.0.0.0:9' } }, 'endpoints.sqs'],
    ['ingest elsewhere', { outputs: { IngestUrl: 'https://evil.example' } }, 'outputs.IngestUrl'],
    ['a queue elsewhere', { outputs: { EventsQueueUrl: 'https://evil.example/q' } }, 'outputs.EventsQueueUrl'],
  ])('is refused when it names %s', async (_, change, path) => {
    writeFile(change);
    await expect(connect({ environment: 'development' })).rejects.toThrow(`${path} is not on this machine`);
  });

  test('is refused without the credentials of its run', async () => {
    writeFile({ credentials: undefined });
    await expect(connect({ environment: 'development' })).rejects.toThrow('credentials');
  });
});
