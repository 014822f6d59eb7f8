import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Decision } from '../../infra/local/access/role-access.ts';
import { makeRoles, type RoleCaller } from '../../infra/local/access/roles.ts';
import { makeCredentials } from '../../infra/local/credentials.ts';
import { startQueues } from '../../infra/local/queues.ts';
import { openSecretStore } from '../../infra/local/secret-store.ts';
import { startSecretsApi } from '../../infra/local/secrets-api.ts';
import { startTables } from '../../infra/local/tables.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { StackOutputs } from '../../shared/operations/environment.ts';
import { type PolicyName, placeOf, policyFor } from '../../shared/operations/policies/policies.ts';
import { configFolder } from '../support/config.ts';
import { createTable } from '../support/dynalite.ts';
import { startWarmCli, type WarmCli } from '../support/warm-cli.ts';

/* Commands run with the policies that `npx signalbox policy` prints, checked as IAM would check them. */

const cleanups: (() => unknown)[] = [];
const decisions: Decision[] = [];
const clis = new Map<PolicyName, WarmCli>();
let outputs: StackOutputs;

beforeAll(async () => {
  const operator = makeCredentials();
  const roles = makeRoles((decision) => decisions.push(decision));
  const tables = await startTables(undefined, operator, (decision) => decisions.push(decision));
  const queues = await startQueues(undefined, operator, roles);
  const store = openSecretStore(undefined, 'arn:aws:secretsmanager:us-east-1:000000000000:secret:');
  store.create('signalbox/development/ingest', JSON.stringify({ current: 'ingest-key' }));
  const secrets = await startSecretsApi(store, operator, roles);
  cleanups.push(
    () => secrets.stop(),
    () => queues.stop(),
    () => tables.stop(),
  );
  const client = makeDocumentClient({ endpoint: tables.endpoint, region: 'us-east-1', credentials: operator });
  cleanups.push(() => client.destroy());
  for (const [name, definition] of Object.entries(tableDefinitions)) await createTable(client, name, definition);
  const queueNames = ['Events', 'Actions', 'EventsDeadLetter', 'ActionsDeadLetter'];
  for (const name of queueNames) await queues.ensure({ name, attributes: {} });
  const { snapshot, environments } = readConfigurationFiles(configFolder);
  const asked = { author: 'test', message: 'test', nowMs: Date.now() };
  await pushAndCommit({ client, table: 'Configuration' }, { snapshot, seed: environments.development, ...asked });

  const given = {
    Environment: 'development',
    IngestUrl: 'http://127.0.0.1:9',
    ...Object.fromEntries(queueNames.map((name) => [`${name}QueueUrl`, queues.url(name)])),
    ...Object.fromEntries(Object.keys(tableDefinitions).map((name) => [`${name}Table`, name])),
    SecretsPrefix: 'signalbox/development',
    LogShards: '1',
    LogRetentionDays: '14',
  };
  outputs = StackOutputs.parse(given);
  const endpoints = {
    dynamodb: tables.endpoint,
    sqs: queues.endpoint,
    secretsmanager: secrets.endpoint,
    cloudwatch: 'http://127.0.0.1:9',
  };
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-policies-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['read', 'operate'] as const) {
    const document = policyFor(name, outputs, placeOf(outputs));
    const arn = `arn:aws:iam::000000000000:role/${name}`;
    const caller: RoleCaller = {
      credentials: makeCredentials(),
      role: { arn, session: 'ben', policies: [{ name, document }] },
    };
    roles.add([caller]);
    await tables.admit([caller]);
    const file = join(folder, `${name}.json`);
    const development = { region: 'us-east-1', credentials: caller.credentials, endpoints, outputs: given };
    const content = { pid: process.pid, started_at: '2026-11-21T00:00:00Z', environments: { development } };
    writeFileSync(file, JSON.stringify(content));
    clis.set(name, startWarmCli({ SIGNALBOX_RUNTIME_FILE: file }));
  }
  cleanups.push(() => [...clis.values()].map((cli) => cli.stop()));
}, 60_000);
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

const run = async (as: PolicyName, args: string[], input?: string) => {
  const cli = clis.get(as);
  if (cli === undefined) throw new Error(`no CLI runs as ${as}`);
  return cli.run(args, input === undefined ? {} : { input });
};

const reading = [
  ['events'],
  ['events', '--user', 'ana'],
  ['events', '--status', 'failed'],
  ['actions'],
  ['actions', '--status', 'failed'],
  ['runs', '--recipient', 'ana'],
  ['users', 'list'],
  ['event-types', 'rudderstack'],
  ['keys'],
  ['secrets', 'list'],
  ['config', 'show'],
  ['config', 'log'],
  ['settings'],
];

describe('the policy read', () => {
  test.each(reading.map((args) => [args.join(' '), args] as const))('lets `%s` through', async (_, args) => {
    const { stdout, stderr } = await run('read', args);
    expect(`${stdout}${stderr}`).not.toMatch(/not authorized|AccessDenied/);
  });

  test.each([
    ['keys create census', ['keys', 'create', 'census'], 'dynamodb:PutItem', 'table/Configuration'],
    ['mapping deactivate', ['mapping', 'deactivate', 'rudderstack', 'identify'], 'dynamodb:', 'table/Configuration'],
  ])('refuses `%s`, and names the action and the resource', async (_, args, action, resource) => {
    const { code, stderr } = await run('read', [...args], 'a secret of a source');
    expect(code).not.toBe(0);
    expect(stderr).toContain(`is not authorized to perform: ${action}`);
    expect(stderr).toContain(resource);
    expect(stderr).toContain('npx signalbox policy operate prints a policy that allows');
  });

  test('refuses to read a secret, and says which action would allow it', async () => {
    const { code, stderr } = await run('read', ['secrets', 'set', 'sources/rudderstack'], 'a secret of a source');
    expect([code, stderr]).toEqual([1, expect.stringContaining('allow secretsmanager:GetSecretValue on it')]);
  });
});

describe('the policy operate', () => {
  test.each([
    ['keys create census', ['keys', 'create', 'census']],
    ['secrets set', ['secrets', 'set', 'sources/rudderstack']],
    ['mapping deactivate', ['mapping', 'deactivate', 'rudderstack', 'identify']],
    ['sources', ['sources']],
  ])('lets `%s` through', async (_, args) => {
    const { code, stderr } = await run('operate', [...args], 'a secret of a source');
    expect([code, stderr.match(/not authorized.*/)?.[0]]).toEqual([0, undefined]);
  });
});

describe('npx signalbox policy', () => {
  test.each(['read', 'operate', 'deploy'] as const)('prints %s as IAM takes it', async (name) => {
    const { stdout } = await run('read', ['policy', name]);
    expect(JSON.parse(stdout)).toEqual(policyFor(name, outputs, placeOf(outputs)));
  });

  test('names the account, the region and the partition of the stack', () => {
    const url = 'https://sqs.eu-central-1.amazonaws.com/123456789012/signalbox-production-events';
    const policy = policyFor('deploy', outputs, placeOf({ ...outputs, EventsQueueUrl: url }));
    expect(policy.Statement.at(-1)?.Resource).toContain(
      'arn:aws:iam::123456789012:role/cdk-hnb659fds-deploy-role-123456789012-eu-central-1',
    );
    expect(placeOf({ ...outputs, EventsQueueUrl: url.replace('eu-central-1', 'us-gov-west-1') }).partition).toBe(
      'aws-us-gov',
    );
  });

  test('read changes nothing and learns no secret', () => {
    const actions = policyFor('read', outputs, placeOf(outputs)).Statement.flatMap(({ Action }) => Action);
    expect(actions.filter((action) => !/:(Get(?!SecretValue)|BatchGet|Query|Describe|List)/.test(action))).toEqual([]);
  });
});

/** What commands need that these emulators do not show. */
const elsewhere: Record<string, string> = {
  'cloudformation:DescribeStacks': 'a local run has a file in place of the stack',
  'cloudwatch:GetMetricData': '`verify` reads counts, which a local run gives without a role',
  'sqs:GetQueueAttributes': '`verify` looks at the queues after it has read the counts',
  'sqs:SendMessage': '`replay` sends what earlier events left in the log',
  'dynamodb:BatchGetItem': 'lists read the rows that an index names; the tables of this test hold none',
  'dynamodb:DeleteItem': 'what a discarded draft or a replaced snapshot leaves is deleted',
  'secretsmanager:RestoreSecret': 'only for a secret that is scheduled for deletion',
  'cloudformation:ListStackResources': '`deploy check` looks at AWS alone: test/operations/deployment',
  'ssm:GetParameter': '`deploy check`',
  'lambda:GetAccountSettings': '`deploy check`',
  'lambda:GetFunctionConcurrency': '`deploy check`',
  'dynamodb:ListTables': '`deploy check`',
  'logs:DescribeLogGroups': '`deploy check`',
  'sqs:GetQueueUrl': '`deploy check`',
  'sts:AssumeRole': 'CDK takes on the roles of its bootstrap',
};

// Last: it looks at what the commands above asked for.
test('no policy allows an action that no command asks for', async () => {
  await run('operate', ['secrets', 'set', 'sources/rudderstack'], 'a second secret of a source');
  const asked = new Set(decisions.filter(({ allowed }) => allowed).map(({ permission }) => permission.action));
  const allowed = ['read', 'operate', 'deploy'].flatMap((name) =>
    policyFor(name as PolicyName, outputs, placeOf(outputs)).Statement.flatMap(({ Action }) => Action),
  );
  expect(allowed.filter((action) => !asked.has(action) && elsewhere[action] === undefined)).toEqual([]);
  expect(Object.keys(elsewhere).filter((action) => asked.has(action))).toEqual([]);
});
