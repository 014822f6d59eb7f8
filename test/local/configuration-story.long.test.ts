import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { builtFile } from '../../infra/build/build.js';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { writeRuntimeFile } from '../../infra/local/runtime-file.ts';
import { trackEvent } from '../support/build.ts';
import { configFolder, configure } from '../support/config.ts';

/*
 * A mapping on its way from an editor to the second environment, and back: the bundles that would be deployed, two
 * environments on this machine, and nothing but the commands that people type.
 */

const _root = join(import.meta.dirname, '..', '..');
let runtime: Runtime;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-story-'));
  cpSync(configFolder, join(directory, 'config'), { recursive: true });
  // Not in the order of promotion: the lowest is the one that takes the files, whichever is named first.
  runtime = await startRuntime({ environments: ['staging', 'development'], port: 0, configure });
  writeRuntimeFile(join(directory, 'runtime.json'), runtime);
});
afterAll(async () => {
  await runtime?.stop();
  rmSync(directory, { recursive: true, force: true });
});

type Ended = { code: number; stdout: string; stderr: string };

function signalbox(...args: string[]): Promise<Ended> {
  const env = { ...process.env, NODE_OPTIONS: '', SIGNALBOX_RUNTIME_FILE: join(directory, 'runtime.json') };
  return new Promise((resolve) => {
    execFile(process.execPath, [builtFile('infra/cli/main.ts'), ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const config = (command: string, ...args: string[]) => {
  const takesFiles = ['push', 'diff', 'promote', 'pull'].includes(command);
  return signalbox('config', command, ...args, ...(takesFiles ? ['--dir', join(directory, 'config')] : []));
};

let sent = 0;

/** What became of an event of the type that the story is about. */
async function outcomeIn(environment: string): Promise<{ status: string; config_version: number }> {
  const { configuration } = runtime.environments[environment] ?? {};
  const url = configuration?.sources.find(({ key }) => key === 'rudderstack')?.ingestUrl ?? '';
  const body = JSON.stringify([trackEvent({ event: 'order_refunded', messageId: `story-${++sent}` })]);
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(response.status).toBe(200);
  await runtime.idle();
  const { stdout } = await signalbox('events', '-e', environment, '--since', '5m', '--limit', '1', '--json');
  return JSON.parse(stdout)[0];
}

/** Functions look at the table about every 15 s. */
async function outcomeByVersion(environment: string, version: number) {
  for (let i = 0; i < 60; i++) {
    const outcome = await outcomeIn(environment);
    if (outcome.config_version >= version) return outcome;
    await sleep(500);
  }
  throw new Error(`version ${version} of ${environment} was not used in time`);
}

test('a mapping goes from the files through draft and commit to live, up to staging, and back', async () => {
  expect(runtime.environments.development?.configuration).toMatchObject({ version: 1, changed: true });
  expect(runtime.environments.staging?.configuration).toMatchObject({ version: 1, changed: true });

  const path = join(directory, 'config', 'sources', 'rudderstack.yaml');
  const before = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    `${before}
  # Who gets the money back hears of it.
  - id: order-refunded
    event: track/order_refunded
    action: workflows_trigger
    parameters: { key: order-completed, recipients: { id: user_id } }
`,
  );

  expect((await config('push')).stderr).toContain('Nothing of it is live');
  expect(await outcomeIn('development')).toMatchObject({ status: 'no_mapping', config_version: 1 });
  const diff = await config('diff');
  expect(diff.code).toBe(1);
  expect(diff.stdout).toContain('+ mappings[order-refunded]');
  expect((await config('diff', '--from', 'draft')).code).toBe(0);

  expect((await config('commit', '-m', 'Tell of refunds', '--source', 'rudderstack')).stdout).toContain('version 2');
  // Staging has read no configuration yet, so its first event comes by what was promoted; development has to look again.
  const promoted = await config('promote', '--only', '2');
  expect(promoted.stdout).toMatch(/staging is at version 2 \(commit 2-\w{8}\), from development 2-\w{8}/);
  expect(await outcomeIn('staging')).toMatchObject({ status: 'processed', config_version: 2 });
  expect(await outcomeByVersion('development', 2)).toMatchObject({ status: 'processed', config_version: 2 });
  const runs = JSON.parse((await signalbox('runs', '-e', 'staging', '--since', '5m', '--json')).stdout);
  expect(runs).toMatchObject([{ workflow: 'order-completed', recipient: 'usr_8841' }]);

  expect((await config('revert', '2', '-m', 'Not yet')).stdout).toContain('without 2-');
  expect((await config('pull')).stdout).toContain('rudderstack.yaml');
  expect(readFileSync(path, 'utf8')).toBe(before);
  expect((await config('diff')).code).toBe(0);
  expect((await config('diff', '--from', 'staging', '--to', 'live')).stdout).toContain('- mappings[order-refunded]');

  const log = async (environment: string) =>
    JSON.parse((await config('log', '-e', environment, '--json')).stdout).map(
      ({ id, created_at, author, content_hash, parent, settings, changes, access, ...row }: Record<string, unknown>) =>
        row,
    );
  expect(await log('development')).toEqual([
    { version: 3, kind: 'commit', message: 'Not yet', promoted_from: null, reverts: expect.stringMatching(/^2-/) },
    { version: 2, kind: 'commit', message: 'Tell of refunds', promoted_from: null, reverts: null },
    { version: 1, kind: 'commit', message: 'npm start', promoted_from: null, reverts: null },
  ]);
  expect(await log('staging')).toEqual([
    {
      version: 2,
      kind: 'commit',
      message: 'Tell of refunds',
      promoted_from: { environment: 'development', commits: [expect.stringMatching(/^2-/)] },
      reverts: null,
    },
    { version: 1, kind: 'commit', message: 'npm start', promoted_from: null, reverts: null },
  ]);
});
