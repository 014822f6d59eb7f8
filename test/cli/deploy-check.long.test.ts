import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answersOf, emptyAccount, type ModelAccount } from '../support/aws-account.ts';
import { startAws } from '../support/aws-wire.ts';
import { startWarmCli, type WarmCli } from '../support/warm-cli.ts';

/* The command itself, on an account that a server describes in AWS's protocols. All states: test/operations/deployment. */

const home = mkdtempSync(join(tmpdir(), 'signalbox-deploy-check-'));
let aws: Awaited<ReturnType<typeof startAws>>;
let account: ModelAccount;
let cli: WarmCli;

beforeAll(async () => {
  account = { ...emptyAccount('123456789012'), parameters: { '/cdk-bootstrap/hnb659fds/version': '30' } };
  aws = await startAws(answersOf(account, () => aws.url));
  cli = startWarmCli({
    HOME: home,
    AWS_CONFIG_FILE: join(home, 'config'),
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: '',
    SIGNALBOX_RUNTIME_FILE: join(home, 'none.json'),
  });
});
afterAll(async () => {
  cli.stop();
  await aws.stop();
  rmSync(home, { recursive: true });
});

const check = (...args: string[]) => cli.run(['deploy', 'check', ...args]);

test('a new account: what blocks comes first, with the next command, and the exit code is 1', async () => {
  account.concurrency = { total: 10, unreserved: 10 };
  const { code, stdout, stderr } = await check('-e', 'production', '--region', 'eu-central-1');
  expect([code, stderr]).toEqual([1, '']);
  const lines = stdout.split('\n');
  expect(lines[0]).toBe('production on AWS (account 123456789012, eu-central-1)');
  expect(lines[1]).toMatch(/^BLOCKS {3}concurrency: the account may run 10 executions at once here/);
  expect(stdout).toMatch(/\n {9}right: .*\n {9}next: {2}aws service-quotas .* --region eu-central-1\n/);
  expect(stdout).toMatch(/\nfine {5}stack: there is no stack signalbox-production yet/);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('1 finding stands in the way of a deploy.');
});

test('--json: the same for a program, and exit code 0 when nothing blocks', async () => {
  account.concurrency = { total: 1000, unreserved: 1000 };
  const { code, stdout } = await check('-e', 'development', '--region', 'eu-central-1', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    environment: 'development',
    region: 'eu-central-1',
    account: '123456789012',
    caller: 'arn:aws:iam::123456789012:user/ada',
    ready: true,
    findings: expect.arrayContaining([
      { check: 'bootstrap', level: 'fine', found: "CDK's bootstrap has version 30; 6 or newer is needed", next: [] },
    ]),
  });
});

test('an environment that is not in the list, and no region: said before AWS is asked', async () => {
  aws.calls.length = 0;
  expect(await check('-e', 'produktion')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there are: development, staging, production (infra/environments.ts)'),
  });
  expect(await check('-e', 'production')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no AWS region is set'),
  });
  expect(aws.calls).toEqual([]);
});

test('a profile that does not exist is named, with the command that lists those there are', async () => {
  const without = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
  const args = ['deploy', 'check', '-e', 'development', '--profile', 'nowhere'];
  const noRegion = await cli.run(args, { env: without });
  expect([noRegion.code, noRegion.stderr]).toEqual([1, expect.stringContaining('profile "nowhere" has none')]);
  expect(noRegion.stderr).toContain('aws configure list-profiles');
  const { code, stdout } = await cli.run([...args, '--region', 'eu-central-1'], { env: without });
  expect([code, stdout]).toEqual([
    1,
    expect.stringContaining('credentials: no AWS credentials: profile "nowhere" gives none'),
  ]);
  expect(stdout).toContain('next:  aws configure list-profiles');
});
