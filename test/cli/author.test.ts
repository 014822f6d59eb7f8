import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { currentAuthor, rememberCaller } from '../../infra/author.ts';
import { connect } from '../../infra/cli/environment.ts';
import { answersOf, emptyAccount } from '../support/aws-account.ts';
import { AwsFailure, startAws } from '../support/aws-wire.ts';

/* Under whose name a change is recorded. */

const home = mkdtempSync(join(tmpdir(), 'signalbox-author-'));
const before = { ...process.env };
const account = emptyAccount('123456789012');
let aws: Awaited<ReturnType<typeof startAws>>;

const urls = [
  'EventsQueueUrl',
  'ActionsQueueUrl',
  'EventsDeadLetterQueueUrl',
  'ActionsDeadLetterQueueUrl',
  'IngestUrl',
];
const tables = ['Claims', 'EventLog', 'ActionLog', 'WorkflowRuns', 'Directory', 'Configuration'];

beforeAll(async () => {
  aws = await startAws(answersOf(account, () => aws.url));
  const outputs = {
    Environment: 'production',
    ...Object.fromEntries(urls.map((name) => [name, aws.url])),
    ...Object.fromEntries(tables.map((name) => [`${name}Table`, name])),
    SecretsPrefix: 'signalbox/production',
    LogShards: '1',
    LogRetentionDays: '30',
  };
  account.stacks['signalbox-production'] = { status: 'CREATE_COMPLETE', outputs };
  for (const name of Object.keys(process.env)) if (/^(AWS|GIT)_/.test(name)) delete process.env[name];
  Object.assign(process.env, {
    HOME: home,
    XDG_CONFIG_HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: join(home, 'gitconfig'),
    GIT_DIR: home,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_CLOUDFORMATION: aws.url,
    AWS_ENDPOINT_URL_STS: aws.url,
    SIGNALBOX_RUNTIME_FILE: join(home, 'none.json'),
  });
});
afterAll(async () => {
  process.env = before;
  await aws.stop();
  rmSync(home, { recursive: true });
});
beforeEach(() => writeFileSync(join(home, 'gitconfig'), ''));
afterEach(() => {
  rememberCaller(undefined);
  delete account.refuses.GetCallerIdentity;
});

async function authorOnAws(): Promise<string> {
  const environment = await connect({ environment: 'production' });
  environment.documents.destroy();
  return currentAuthor();
}
const asked = () => aws.calls.filter(({ operation }) => operation === 'GetCallerIdentity').length;

test('git names the author, and AWS is not asked', async () => {
  writeFileSync(join(home, 'gitconfig'), '[user]\n  name = Ada\n  email = ada@example.com\n');
  const askedBefore = asked();
  expect(await authorOnAws()).toBe('Ada <ada@example.com>');
  expect(asked()).toBe(askedBefore);
});

test('without a name in git, an author on AWS is the caller that AWS names', async () => {
  expect(await authorOnAws()).toBe('arn:aws:iam::123456789012:user/ada');
});

test('an AWS that does not say who calls keeps nobody from working', async () => {
  account.refuses.GetCallerIdentity = new AwsFailure('AccessDenied', 'not for you');
  const author = await authorOnAws();
  expect(author).not.toBe('');
  expect(author).not.toContain('arn:');
});
