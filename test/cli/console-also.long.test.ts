import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { builtFile } from '../../infra/build/build.js';
import { call, signIn } from '../console/console-for-tests.ts';
import { answersOf, emptyAccount } from '../support/aws-account.ts';
import { startAws } from '../support/aws-wire.ts';

/* A console of several environments, each of an account of its own. AWS answers on this machine. */

const home = mkdtempSync(join(tmpdir(), 'signalbox-also-'));

const profiles = `
[profile shop]
region = us-east-1
aws_access_key_id = AKIASHOP
aws_secret_access_key = example
[profile trial]
region = eu-central-1
aws_access_key_id = AKIATRIAL
aws_secret_access_key = example
`;

const tables = ['Claims', 'EventLog', 'ActionLog', 'WorkflowRuns', 'Directory', 'Configuration'];
const queues = ['EventsQueue', 'ActionsQueue', 'EventsDeadLetterQueue', 'ActionsDeadLetterQueue'];
const outputsOf = (name: string) => ({
  Environment: name,
  IngestUrl: `https://${name}.example.com`,
  ...Object.fromEntries(queues.map((queue) => [`${queue}Url`, `https://sqs.example.com/${name}-${queue}`])),
  ...Object.fromEntries(tables.map((table) => [`${table}Table`, `${name}-${table}`])),
  SecretsPrefix: `signalbox/${name}`,
  LogShards: '1',
  LogRetentionDays: '14',
});

let aws: Awaited<ReturnType<typeof startAws>>;
const running: ChildProcess[] = [];

beforeAll(async () => {
  writeFileSync(join(home, 'config'), profiles);
  const account = emptyAccount();
  for (const name of ['production', 'staging'])
    account.stacks[`signalbox-${name}`] = { status: 'UPDATE_COMPLETE', outputs: outputsOf(name) };
  aws = await startAws(answersOf(account, () => aws.url));
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    await ended;
  }
});
afterAll(async () => {
  await aws.stop();
  rmSync(home, { recursive: true, force: true });
});

function run(...args: string[]): ChildProcess & { errors: string[] } {
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    AWS_CONFIG_FILE: join(home, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: aws.url,
    SIGNALBOX_RUNTIME_FILE: join(home, 'none.json'),
  };
  const command = ['console', '-e', 'production', '--profile', 'shop', '--port', '0', '--json', ...args];
  const child = spawn(process.execPath, [builtFile('infra/cli/main.ts'), ...command], { env });
  running.push(child);
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => void errors.push(text));
  return Object.assign(child, { errors });
}

/** Starts the command and answers what its console does. */
async function serve(...args: string[]) {
  const child = run(...args);
  if (child.stdout === null) throw new Error('it has no output');
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [undefined])])) as [
    string | undefined,
  ];
  if (line === undefined) throw new Error(`it ended: ${child.errors.join('')}`);
  const { url } = JSON.parse(line) as { url: string };
  const port = Number(new URL(url).port);
  const headers = { cookie: await signIn({ port, url }) };
  return (path: string) => call(port, path, { headers });
}

test('shows the environments named by --also beside its own, each with the credentials of its profile', async () => {
  const get = await serve('--also', 'staging=trial');
  expect((await get('/api/session')).json).toMatchObject({ environments: ['production', 'staging'] });
  expect((await get('/api/environments/production')).json).toMatchObject({ where: 'AWS us-east-1', local: false });
  // The other profile names another region.
  expect((await get('/api/environments/staging')).json).toMatchObject({ where: 'AWS eu-central-1', local: false });
  expect((await get('/api/environments/development')).status).toBe(404);
});

test('without a profile an environment is looked for with the profile of the command', async () => {
  const get = await serve('--also', 'staging');
  expect((await get('/api/environments/staging')).json).toMatchObject({ where: 'AWS us-east-1' });
});

test('one that is not there is said to be away, and the others are served', async () => {
  const get = await serve('--also', 'absent', '--also', 'staging=trial');
  expect((await get('/api/session')).json).toMatchObject({ environments: ['production', 'absent', 'staging'] });
  const absent = await get('/api/environments/absent');
  expect(absent.status).toBeGreaterThanOrEqual(400);
  expect(absent.text).toContain('signalbox-absent');
  expect((await get('/api/environments/staging')).status).toBe(200);
});

test.each(['=trial', 'staging='])('refuses %j with the forms that it takes', async (further) => {
  const child = run('--also', further);
  const [code] = await once(child, 'close');
  expect(code).toBe(2);
  expect(child.errors.join('')).toContain('It is NAME, or NAME=PROFILE.');
});
