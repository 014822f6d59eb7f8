import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openSecretStore } from '../../infra/local/secret-store.ts';
import { startSecretsApi } from '../../infra/local/secrets-api.ts';
import { readLive } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { pushDraft } from '../../shared/operations/configuration/drafts.ts';
import { rawEvent, trackEvent } from '../support/build.ts';
import { configFolder } from '../support/config.ts';
import { createTable, localCredentials, startTables, type TestTables } from '../support/dynalite.ts';
import { type CliEnded, startWarmCli, type WarmCli } from '../support/warm-cli.ts';
import { eventEntry } from './entries-for-tests.ts';

/* The commands as people run them, one after another, against two environments of emulators. */

let tables: TestTables;
let secrets: Awaited<ReturnType<typeof startSecretsApi>>;
let directory: string;
let cli: WarmCli;
const tableOf = (environment: string) => ({ client: tables.client, table: `${environment}-Configuration` });

beforeAll(async () => {
  [tables, secrets] = await Promise.all([
    startTables(),
    startSecretsApi(
      openSecretStore(undefined, 'arn:aws:secretsmanager:us-east-1:0:secret:'),
      localCredentials.credentials,
    ),
  ]);
  directory = mkdtempSync(join(tmpdir(), 'signalbox-config-'));
  cpSync(configFolder, join(directory, 'config'), { recursive: true });
  const nowhere = 'http://127.0.0.1:9';
  const endpoints = { dynamodb: tables.endpoint, sqs: nowhere, secretsmanager: secrets.endpoint, cloudwatch: nowhere };
  const environments: Record<string, unknown> = {};
  for (const name of ['development', 'staging', 'production']) {
    await createTable(tables.client, tableOf(name).table, tableDefinitions.Configuration);
    const queue = 'http://127.0.0.1:9/000000000000/q';
    const outputs = {
      Environment: name,
      IngestUrl: 'http://127.0.0.1:9',
      EventsQueueUrl: queue,
      ActionsQueueUrl: queue,
      EventsDeadLetterQueueUrl: queue,
      ActionsDeadLetterQueueUrl: queue,
      ...Object.fromEntries(Object.keys(tables.names).map((table) => [`${table}Table`, table])),
      ConfigurationTable: tableOf(name).table,
      SecretsPrefix: `signalbox/${name}`,
      LogShards: '1',
      LogRetentionDays: '14',
      GrantedTargets: 'none',
    };
    environments[name] = { ...localCredentials, endpoints, outputs };
  }
  const runtime = { pid: process.pid, started_at: '2026-11-21T00:00:00Z', environments };
  writeFileSync(join(directory, 'runtime.json'), JSON.stringify(runtime));
  cli = startWarmCli({ SIGNALBOX_RUNTIME_FILE: join(directory, 'runtime.json') });
});
afterAll(async () => {
  cli.stop();
  await Promise.all([tables.stop(), secrets.stop()]);
  rmSync(directory, { recursive: true, force: true });
});

type Ended = CliEnded;

/** `config` and what follows; the files are a copy of the shipped ones. */
function config(command: string, ...args: string[]): Promise<Ended> {
  const takesFiles = ['validate', 'push', 'diff', 'plan', 'promote', 'pull'].includes(command);
  return run('config', command, ...args, ...(takesFiles ? ['--dir', join(directory, 'config')] : []));
}

const run = (...args: string[]): Promise<Ended> => cli.run(args);

const sourceFile = () => join(directory, 'config', 'sources', 'rudderstack.yaml');
function editSource(from: string, to: string): void {
  const text = readFileSync(sourceFile(), 'utf8');
  if (!text.includes(from)) throw new Error(`"${from}" is not in the file`);
  writeFileSync(sourceFile(), text.replace(from, to));
}

test('content is committed below and promoted from there: elsewhere a push says so', async () => {
  for (const args of [
    ['push', '-e', 'staging'],
    ['push', '--commit', '-e', 'staging'],
    ['commit', '-m', 'x', '-e', 'staging'],
  ]) {
    const { code, stderr } = await config(...(args as [string]));
    expect(code).toBe(1);
    expect(stderr).toContain('content of staging comes by promotion, from development');
    expect(stderr).toContain('npx signalbox config promote --to staging');
    expect(stderr).toContain('directCommits: true for staging in infra/environments.ts');
  }
  expect((await readLive(tableOf('staging'))).version).toBe(0);
});

test('a push saves a draft and shows what it would change; nothing is live until it is committed', async () => {
  const pushed = await config('push');
  expect(pushed).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing of it is live') });
  expect(pushed.stdout).toContain('source/rudderstack  added');
  expect((await readLive(tableOf('development'))).version).toBe(0);
  expect(await config('diff', '--to', 'draft', '--json')).toMatchObject({ code: 1 });

  const missing = await config('commit', '-m', 'source alone', '--source', 'rudderstack');
  expect(missing).toMatchObject({ code: 1 });
  expect(missing.stderr).toContain('names workflow/order-completed, which would not be there');

  const committed = await config('commit', '-m', 'Begin');
  expect(committed.stdout).toMatch(/development is at version 1 \(commit 1-[0-9a-f]{8}\)\. Live now\./);
  expect((await readLive(tableOf('development'))).snapshot.sources.rudderstack?.mappings).toHaveLength(2);
  expect(await config('commit', '-m', 'again')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('development has no draft'),
  });
});

test('files with an error are not pushed', async () => {
  editSource('action: users_identify', 'action: users_identfy');
  const refused = await config('push');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('did you mean "users_identify"');
  expect(refused.stderr).toContain('nothing was pushed');
  editSource('action: users_identfy', 'action: users_identify');
});

test('a plan is printed as the comment of a pull request, over stored events, and changes nothing', async () => {
  const client = tables.client;
  const eventLog = makeEventLog({ client, table: tables.names.EventLog, retentionDays: 14, usersIndex: false });
  const nowMs = Date.now();
  const raw = rawEvent(trackEvent({ properties: { total: 1 } }), { receivedAtMs: nowMs });
  await eventLog.writeEach([eventEntry({ ...raw, receivedAtMs: nowMs })]);
  expect((await config('plan', '--markdown')).stdout).toContain('have the content that is live (version 1)');

  editSource('recipients: user_id', 'recipients: data.customer_id');
  const planned = await config('plan', '--markdown');
  expect(planned.code).toBe(0);
  expect(planned.stdout.split('\n')[0]).toBe('<!-- signalbox plan: development -->');
  expect(planned.stdout).toContain('Of 1 stored event, 1 would have another outcome.');
  expect(planned.stdout).toContain('+ mappings[order-completed].parameters.recipients: data.customer_id');
  const { outcomes } = JSON.parse((await config('plan', '--json')).stdout);
  expect(outcomes).toMatchObject([{ source: 'rudderstack', compared: 1, changed: 1 }]);
  expect((await config('plan')).stdout).toContain('1 event of rudderstack: 1 would change under the files');
  editSource('recipients: data.customer_id', 'recipients: user_id');

  editSource('action: users_identify', 'action: users_identfy');
  const wrong = await config('plan', '--markdown');
  expect(wrong.code).toBe(1);
  expect(wrong.stdout).toMatch(/^<!-- signalbox plan: development -->\n### Signalbox: the configuration has 1 error\n/);
  editSource('action: users_identfy', 'action: users_identify');
  expect((await readLive(tableOf('development'))).version).toBe(1);
});

test('diff is 0 when files and live say the same, else 1 with each field; settings that differ are shown besides', async () => {
  expect(await config('diff')).toEqual({ code: 0, stdout: '', stderr: 'live and files have the same content\n' });
  editSource('recipients: user_id', 'recipients: data.customer_id');
  const different = await config('diff');
  expect(different).toMatchObject({ code: 1, stderr: '' });
  expect(different.stdout).toBe(
    'source/rudderstack  changed\n  ~ mappings[order-completed].parameters.recipients: user_id → data.customer_id\n',
  );
  await run('mapping', 'deactivate', 'rudderstack', 'identify');
  await config('push');
  const { code, stdout } = await config('diff', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    from: 'live',
    to: 'files',
    different: true,
    changes: [
      {
        type: 'source',
        key: 'rudderstack',
        change: 'changed',
        fields: [
          { path: 'mappings[order-completed].parameters.recipients', before: 'user_id', after: 'data.customer_id' },
        ],
      },
    ],
    settings: [{ path: 'sources.rudderstack.inactive_mappings', before: [], after: ['identify'] }],
    draft: { changes: ['source/rudderstack'] },
  });
  expect((await config('diff', '--from', 'draft')).code).toBe(0);
  expect((await config('diff', '--from', '1', '--to', 'staging')).stdout).toContain('source/rudderstack  removed');
  expect(await config('diff', '--to', 'nothing')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('"nothing" is not a commit'),
  });
});

test("another author's draft is not dropped silently", async () => {
  const table = tableOf('development');
  const { snapshot } = await readLive(table);
  const workflows = { ...snapshot.workflows, theirs: { name: 'Theirs', target: {} } };
  const theirs = {
    snapshot: { ...snapshot, workflows },
    seed: undefined,
    author: 'Ben',
    nowMs: Date.now(),
    force: true,
  };
  await pushDraft(table, theirs);
  const refused = await config('push');
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain('Ben pushed workflow/theirs');
  expect(refused.stderr).toContain('--force');
  expect((await config('push', '--force')).code).toBe(0);
});

test('a commit of what is not in the draft, or empty without one resource, says what would be right', async () => {
  expect(await config('commit', '-m', 'x', '--workflow', 'order-completed')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('it changes source/rudderstack'),
  });
  expect(await config('commit', '-m', 'x', '--allow-empty')).toMatchObject({ code: 2 });
  expect(await config('commit', '-m', ' ')).toMatchObject({ code: 2 });
  expect(await config('push', '-m', 'x')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('a draft has no message'),
  });
  expect(await config('commit', '-m', 'Customers', '--source', 'rudderstack', '--json')).toMatchObject({ code: 0 });
});

test('the log shows commits and settings, and show one of them field by field', async () => {
  const { stdout } = await config('log');
  expect(stdout.split('\n')[0]).toMatch(/^COMMIT +WHEN +AUTHOR +CHANGED +MESSAGE$/);
  expect(stdout).toMatch(/3-[0-9a-f]{8} .* source\/rudderstack +Customers/);
  expect(stdout).toMatch(/2-[0-9a-f]{8} .* rudderstack\.inactive_mappings \[\] → \["identify"\] +deactivate mapping/);
  const rows = JSON.parse((await config('log', '--kind', 'commit', '--limit', '1', '--json')).stdout);
  expect(rows).toEqual([
    {
      version: 3,
      id: expect.stringMatching(/^3-/),
      kind: 'commit',
      author: expect.any(String),
      message: 'Customers',
      created_at: expect.stringMatching(/Z$/),
      changes: [{ type: 'source', key: 'rudderstack', change: 'changed' }],
      settings: [],
      content_hash: expect.stringMatching(/^[0-9a-f]{32}$/),
      parent: expect.stringMatching(/^2-/),
      promoted_from: null,
      reverts: null,
      access: null,
    },
  ]);
  expect(JSON.parse((await config('log', '--resource', 'workflow/order-completed', '--json')).stdout)).toHaveLength(1);
  expect(await config('log', '--resource', 'sources/x')).toMatchObject({ code: 2 });
  const shown = (await config('show', '3')).stdout;
  expect(shown).toContain('Commit 3-');
  expect(shown).toContain('~ mappings[order-completed].parameters.recipients: user_id → data.customer_id');
  expect((await config('show', '2')).stdout).toContain('~ sources.rudderstack.inactive_mappings: [] → ["identify"]');
  expect(await config('show', '99')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('development has no version 99; it is at version 3'),
  });
});

test('a promotion is one step up, lists what stands in the way, and then carries content alone', async () => {
  const dry = await config('promote', '--to', 'staging', '--dry-run');
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('source/rudderstack  added') });
  expect((await readLive(tableOf('staging'))).version).toBe(0);
  const workflow = join(directory, 'config', 'workflows', 'order-completed.yaml');
  const before = readFileSync(workflow, 'utf8');
  writeFileSync(
    workflow,
    before.replace('staging: { type: log }', 'staging: { type: http, url: "https://shop.example/hook" }'),
  );
  await config('push', '--commit', '-m', 'Post in staging');
  const refused = await config('promote', '--to', 'staging');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('workflow/order-completed secret_not_set');
  expect(refused.stderr).toContain('npx signalbox secrets set targets/order-completed --environment staging');
  expect(refused.stderr).toContain('nothing was promoted');
  expect((await readLive(tableOf('staging'))).version).toBe(0);
  const forced = await config('promote', '--to', 'staging', '--force', '--json');
  expect(JSON.parse(forced.stdout)).toMatchObject({
    from: 'development',
    to: 'staging',
    version: 1,
    commits: [expect.stringMatching(/^4-/), expect.stringMatching(/^3-/), expect.stringMatching(/^1-/)],
    problems: [{ problem: 'secret_not_set', type: 'workflow', key: 'order-completed' }],
    new_sources: ['rudderstack'],
  });
  const [development, staging] = [await readLive(tableOf('development')), await readLive(tableOf('staging'))];
  expect(staging.snapshot).toEqual(development.snapshot);
  expect(staging.state.sources.rudderstack?.inactive_mappings).toEqual([]);
  expect((await config('promote', '--to', 'staging')).stdout).toContain(
    'staging has everything that development has already',
  );
  expect(await config('promote', '--only', '2')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('settings'),
  });
});

test('a revert is a commit, and a pull brings the files to what is committed', async () => {
  const reverted = await config('revert', '3');
  expect(reverted.stdout).toMatch(/development is at version 5 \(commit 5-[0-9a-f]{8}\), without 3-/);
  expect(await config('revert', '3')).toMatchObject({ code: 1 });
  expect((await config('diff')).code).toBe(1);
  writeFileSync(join(directory, 'config', 'workflows', 'mine.yaml'), 'name: Mine\ntarget: {}\n');
  const kept = await config('pull');
  expect(kept).toMatchObject({ code: 1, stderr: expect.stringContaining('remove with --force') });
  expect(kept.stdout).toMatch(/changed +.*sources\/rudderstack\.yaml/);
  expect((await config('pull', '--force')).stdout).toMatch(/removed +.*workflows\/mine\.yaml/);
  expect((await config('diff')).code).toBe(0);
  expect(readFileSync(sourceFile(), 'utf8')).toBe(readFileSync(join(configFolder, 'sources/rudderstack.yaml'), 'utf8'));
  expect((await config('pull')).stdout).toContain('already');
});

test('a promotion without saying what is refused', async () => {
  expect(await config('promote')).toMatchObject({ code: 2, stderr: expect.stringContaining('say what to promote') });
});

test('a target without its secret is told of before any run has to wait, and stops no commit', async () => {
  const workflow = join(directory, 'config', 'workflows', 'order-completed.yaml');
  const before = readFileSync(workflow, 'utf8');
  const post = 'development: { type: http, url: "https://shop.example/hook" }';
  writeFileSync(workflow, before.replace('development: { type: log }', post));
  const words = expect.stringContaining(
    'needs a secret that is not set in development, so runs wait for it a day and then fail; set it: npx signalbox secrets set targets/order-completed -e development',
  );
  expect(await config('validate', '-e', 'development')).toMatchObject({ code: 0, stdout: words });
  expect(await config('push')).toMatchObject({ code: 0, stderr: words });
  expect(await config('commit', '-m', 'Post')).toMatchObject({ code: 0, stderr: words });
  expect(await config('push', '--commit')).toMatchObject({ code: 0, stderr: words });
  await cli.run(['secrets', 'set', 'targets/order-completed', '--generate']);
  for (const command of [
    ['validate', '-e', 'development'],
    ['push', '--commit'],
  ] as const) {
    const { stdout, stderr } = await config(...(command as unknown as [string]));
    expect(stdout + stderr).not.toContain('needs a secret');
  }
  writeFileSync(workflow, before);
});
