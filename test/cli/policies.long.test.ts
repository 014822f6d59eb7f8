import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Decision } from '../../infra/local/access/role-access.ts';
import { makeRoles, type RoleCaller } from '../../infra/local/access/roles.ts';
import { makeCredentials } from '../../infra/local/credentials.ts';
import { openMetricHistory } from '../../infra/local/metric-history.ts';
import { startMetricsApi } from '../../infra/local/metrics-api.ts';
import { startQueues } from '../../infra/local/queues.ts';
import { openSecretStore } from '../../infra/local/secret-store.ts';
import { startSecretsApi } from '../../infra/local/secrets-api.ts';
import { startTables } from '../../infra/local/tables.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { makeWorkflowRuns } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import { tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { printRunId } from '../../shared/core/ids/run-id.ts';
import { capabilities, capabilityOutputs } from '../../shared/operations/configuration/capabilities.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { StackOutputs } from '../../shared/operations/environment.ts';
import { type PolicyName, placeOf, policiesWith, policyFor } from '../../shared/operations/policies/policies.ts';
import { commandNames, loadCommands } from '../docs/cli-commands.ts';
import { configFolder } from '../support/config.ts';
import { createTable } from '../support/dynalite.ts';
import { startWarmCli, type WarmCli } from '../support/warm-cli.ts';
import { actionEntry, eventEntry, outcome, run as workflowRun } from './entries-for-tests.ts';

/* Commands run with the policies that `npx signalbox policy` prints, checked as IAM would check them. */

const cleanups: (() => unknown)[] = [];
const decisions: Decision[] = [];
const clis = new Map<PolicyName, WarmCli>();
let outputs: StackOutputs;

// An event whose trigger waits for the delay of its only run, so that an operator may still cancel it.
const nowMs = Date.now();
const event = eventEntry({ receivedAtMs: nowMs - 60_000 });
const waiting = outcome(event.id, { status: 'pending', reason: 'delayed', retryAtMs: nowMs + 3_600_000 });
const run = workflowRun(event, { status: 'pending', notBeforeMs: nowMs + 3_600_000 });
const runId = printRunId(run.key);

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
  await makeEventLog({ client, table: 'EventLog', retentionDays: 14, usersIndex: true }).writeEach([event]);
  await makeActionLog({ client, table: 'ActionLog', retentionDays: 14 }).writeIfUnchanged(
    actionEntry(event, [waiting], { revision: 1 }),
    0,
  );
  const user = { ref: { kind: 'user', id: 'usr_9001' } as const, attributes: {}, sourceTimeMs: 1 };
  await upsertEntities([user], makeDirectory(client, 'Directory'), nowMs);
  await makeWorkflowRuns({ client, table: 'WorkflowRuns', retentionDays: 14 }).writeEach([run]);
  await pushAndCommit({ client, table: 'Configuration' }, { snapshot, seed: environments.development, ...asked });

  const given = {
    Environment: 'development',
    IngestUrl: 'http://127.0.0.1:9',
    ...Object.fromEntries(queueNames.map((name) => [`${name}QueueUrl`, queues.url(name)])),
    ...Object.fromEntries(Object.keys(tableDefinitions).map((name) => [`${name}Table`, name])),
    SecretsPrefix: 'signalbox/development',
    LogShards: '1',
    LogRetentionDays: '14',
    ...capabilityOutputs(capabilities),
  };
  outputs = StackOutputs.parse(given);
  const endpoints = {
    dynamodb: tables.endpoint,
    sqs: queues.endpoint,
    secretsmanager: secrets.endpoint,
  };
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-policies-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['read', 'operate', 'privacy'] as const) {
    const document = policyFor(name, outputs, placeOf(outputs));
    const arn = `arn:aws:iam::000000000000:role/${name}`;
    const caller: RoleCaller = {
      credentials: makeCredentials(),
      role: { arn, session: 'ben', policies: [{ name, document }] },
    };
    roles.add([caller]);
    await tables.admit([caller]);
    // The local counts know one caller, so each policy has counts of its own.
    const counts = await startMetricsApi(openMetricHistory(undefined), caller.credentials);
    cleanups.push(() => counts.stop());
    const file = join(folder, `${name}.json`);
    const at = { ...endpoints, cloudwatch: counts.endpoint };
    const development = { region: 'us-east-1', credentials: caller.credentials, endpoints: at, outputs: given };
    const content = { pid: process.pid, started_at: '2026-11-21T00:00:00Z', environments: { development } };
    writeFileSync(file, JSON.stringify(content));
    clis.set(name, startWarmCli({ SIGNALBOX_RUNTIME_FILE: file }));
  }
  cleanups.push(() => [...clis.values()].map((cli) => cli.stop()));
});
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

const runAs = async (as: PolicyName, args: string[], input?: string) => {
  const cli = clis.get(as);
  if (cli === undefined) throw new Error(`no CLI runs as ${as}`);
  return cli.run(args, input === undefined ? {} : { input });
};

const files = ['--dir', configFolder];
const reading = [
  ['doctor'],
  ['refusals'],
  ['statements'],
  ['workflow', 'list'],
  ['statements', 'show', '2026-11-20'],
  ['verify', '--since', '10m'],
  ['why', event.id],
  ['events'],
  ['events', '--user', 'ana'],
  ['events', '--status', 'failed'],
  ['events', 'show', event.id],
  ['events', 'export', '--since', '1h'],
  ['event-types', 'rudderstack'],
  ['actions'],
  ['actions', '--status', 'failed'],
  ['actions', '--event', event.id],
  ['runs', 'list', '--recipient', 'ana'],
  ['runs', 'show', runId],
  ['users', 'list'],
  ['users', 'get', 'ana'],
  ['users', 'subscriptions', 'ana'],
  ['objects', 'list', 'projects'],
  ['objects', 'get', 'projects', 'a'],
  ['objects', 'subscribers', 'projects', 'a'],
  ['tenants', 'list'],
  ['tenants', 'get', 'a'],
  ['audiences', 'list'],
  ['audiences', 'get', 'a'],
  ['audiences', 'members', 'a'],
  ['person', 'export', 'ana'],
  ['person', 'erasures'],
  ['person', 'erase', 'ana', '-m', 'ticket 1', '--search-since', '1h', '--dry-run'],
  ['jobs', 'list'],
  ['jobs', 'show', event.id],
  ['jobs', 'events', event.id],
  ['replay', event.id, '--dry-run'],
  ['replay', event.id, '--configuration', '1'],
  ['mapping', 'test', 'rudderstack', '--event', event.id],
  ['mapping', 'suggest', 'rudderstack', 'track/order_completed'],
  ['keys'],
  ['sources', 'links'],
  ['secrets', 'list'],
  ['config', 'show'],
  ['config', 'log'],
  ['config', 'diff', ...files],
  ['config', 'plan', ...files],
  ['settings', 'show'],
];

describe('the policy read', () => {
  test.each(reading)('lets `%s %s` through', async (...args) => {
    const { stdout, stderr } = await runAs('read', args);
    expect(`${stdout}${stderr}`).not.toMatch(/not authorized|AccessDenied|ECONNREFUSED/);
  });

  test.each([
    ['keys create census', ['keys', 'create', 'census'], 'dynamodb:PutItem', 'table/Configuration'],
    ['mapping deactivate', ['mapping', 'deactivate', 'rudderstack', 'identify'], 'dynamodb:', 'table/Configuration'],
  ])('refuses `%s`, and names the action and the resource', async (_, args, action, resource) => {
    const { code, stderr } = await runAs('read', [...args], 'a secret of a source');
    expect(code).not.toBe(0);
    expect(stderr).toContain(`is not authorized to perform: ${action}`);
    expect(stderr).toContain(resource);
    expect(stderr).toMatch(/npx signalbox policy operate(\|privacy)? prints a policy that allows/);
  });

  test('refuses to read a secret, and says which action would allow it', async () => {
    const { code, stderr } = await runAs('read', ['secrets', 'set', 'sources/rudderstack'], 'a secret of a source');
    expect([code, stderr]).toEqual([1, expect.stringContaining('allow secretsmanager:GetSecretValue on it')]);
  });
});

const operating = [
  ['keys', 'create', 'census'],
  ['secrets', 'set', 'sources/rudderstack'],
  ['secrets', 'rotate', 'sources/rudderstack', '--generate'],
  ['mapping', 'deactivate', 'rudderstack', 'identify'],
  ['mapping', 'activate', 'rudderstack', 'identify'],
  ['workflow', 'pause', 'order-completed'],
  ['workflow', 'resume', 'order-completed'],
  ['workflow', 'run', 'order-completed', '--recipient', 'usr_9001', '--no-wait'],
  ['settings', 'set', 'rudderstack', '--retention-days', '30'],
  ['sources'],
  ['sources', 'show', 'rudderstack'],
  ['sources', 'pause', 'rudderstack'],
  ['sources', 'resume', 'rudderstack'],
  ['sources', 'disable', 'rudderstack'],
  ['sources', 'enable', 'rudderstack'],
  ['sources', 'rotate', 'rudderstack'],
  ['sources', 'link', 'rudderstack'],
  ['config', 'push', ...files],
  ['replay', event.id, '--force', '-m', 'test', '--yes'],
  ['replay', '--status', 'processed', '--since', '1h', '--force', '--again', '-m', 'test', '--yes'],
  ['replay', '--dlq'],
  ['discard', '--workflow', 'order-completed', '--since', '1h', '-m', 'a test', '--yes'],
  ['runs', 'cancel', runId],
];

describe('the policy operate', () => {
  test.each(operating)('lets `%s %s` through', async (...args) => {
    const { code, stdout, stderr } = await runAs('operate', args, 'a secret of a source');
    expect([code, `${stdout}${stderr}`]).toEqual([0, expect.not.stringMatching(/not authorized|AccessDenied/)]);
  });
});

// Last of those that write: it takes what the others need.
const erasing = [
  ['person', 'export', 'usr_8841'],
  ['person', 'erase', 'usr_8841', '-m', 'ticket 1', '--search-since', '1h', '--yes'],
  ['person', 'erasures', 'usr_8841'],
  ['person', 'allow', 'usr_8841', '-m', 'ticket 2'],
  ['verify', '--since', '10m'],
];

describe('the policy privacy', () => {
  test('is named alone where one is denied what only an erasure needs', () => {
    expect(policiesWith('dynamodb:DeleteItem', 'signalbox-production-Directory1A-2B')).toEqual(['privacy']);
    expect(policiesWith('dynamodb:DeleteItem', 'signalbox-production-Configuration1A')).toEqual(['operate']);
    expect(policiesWith('dynamodb:Query', 'signalbox-production-Directory1A-2B')).toEqual([
      'read',
      'operate',
      'privacy',
    ]);
  });

  test('is needed for an erasure, and is named where one is denied', async () => {
    const args = ['person', 'erase', 'usr_8841', '-m', 'ticket 1', '--yes'];
    const { code, stderr } = await runAs('read', args);
    expect([code, stderr]).toEqual([1, expect.stringContaining('is not authorized to perform: dynamodb:PutItem')]);
    const policy = policyFor('operate', outputs, placeOf(outputs));
    expect(policy.Statement.map(({ Sid }) => Sid).filter((sid) => sid.startsWith('Erase'))).toEqual([]);
  });

  test.each(erasing)('lets `%s %s` through', async (...args) => {
    const { code, stdout, stderr } = await runAs('privacy', args);
    expect(`${stdout}${stderr}`).not.toMatch(/not authorized|AccessDenied/);
    if (args[0] === 'person') expect([code, stderr]).toEqual([0, expect.not.stringContaining('failed')]);
  });
});

describe('npx signalbox policy', () => {
  test.each(['read', 'operate', 'privacy', 'deploy'] as const)('prints %s as IAM takes it', async (name) => {
    const { stdout } = await runAs('read', ['policy', name]);
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

/** Commands that no test above runs, and why none needs to. */
const notRun: Record<string, string> = {
  'config commit': 'writes what `config push` and settings write',
  'config promote': 'the same, into another environment',
  'config revert': 'the same',
  'config pull': 'reads what `config show` reads',
  'config validate': 'looks at files alone',
  console: 'does what the other commands do, with their operations',
  'deploy check': 'test/operations/deployment runs it by its policy',
  'events tail': 'reads what `events` reads, until it is stopped',
  'import knock': 'calls Knock, and sends to the public URL',
  'jobs cancel': 'updates the job, as `replay` does with more than it names',
  'jobs resume': 'the same',
  'keys revoke': 'updates the Configuration table, as `mapping deactivate` does',
  'secrets restore': 'only for a secret that is scheduled for deletion',
  send: 'posts to the public URL, and reads what `sources` and `events` read',
  'sources add': 'writes files alone',
  'sources kinds': 'shows what the tool knows',
  'sources unlink': 'updates the Configuration table, as `mapping deactivate` does',
};

// A new command that needs another permission would be denied on AWS only.
test('every command is run by one of the policies, or is listed with why it needs no run', async () => {
  await loadCommands();
  const lines = [...reading, ...operating, ...erasing].map((words) => words.join(' '));
  const isRun = (name: string) =>
    lines.some((line) => `${line} `.startsWith(`${name} `) || line === name.replace(/ list$/, ''));
  const unknown = commandNames().filter((name) => name !== 'policy' && !isRun(name) && notRun[name] === undefined);
  expect(unknown).toEqual([]);
  expect(Object.keys(notRun).filter((name) => isRun(name) || !commandNames().includes(name))).toEqual([]);
});

/** What commands need that these emulators do not show. */
const elsewhere: Record<string, string> = {
  'cloudformation:DescribeStacks': 'a local run has a file in place of the stack',
  'cloudwatch:GetMetricData': 'counts, which a local run gives without a role',
  'sqs:DeleteMessage': 'for dead letters, of which there are none: test/operations/dead-letters',
  'sqs:ChangeMessageVisibility': 'the same',
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
  await runAs('operate', ['secrets', 'set', 'sources/rudderstack'], 'a second secret of a source');
  const asked = new Set(decisions.filter(({ allowed }) => allowed).map(({ permission }) => permission.action));
  const allowed = ['read', 'operate', 'privacy', 'deploy'].flatMap((name) =>
    policyFor(name as PolicyName, outputs, placeOf(outputs)).Statement.flatMap(({ Action }) => Action),
  );
  expect(allowed.filter((action) => !asked.has(action) && elsewhere[action] === undefined)).toEqual([]);
  expect(Object.keys(elsewhere).filter((action) => asked.has(action))).toEqual([]);
});
