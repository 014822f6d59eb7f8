import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { readKnockAccount } from '../../shared/operations/knock/read-account.ts';
import { knockAccount } from '../fixtures/knock/account.ts';
import { configFolder } from '../support/config.ts';
import { type KnockServer, startKnockManagement } from '../support/knock-management.ts';
import { startCli, type TestCli } from './cli-for-tests.ts';

/* An account of Knock as files, over a socket that answers as Knock publishes it. */

let cli: TestCli;
let knock: KnockServer;
let root: string;
let directory: string;

beforeAll(async () => {
  cli = await startCli(readConfigurationFiles(configFolder).snapshot);
  knock = await startKnockManagement(knockAccount());
  root = mkdtempSync(join(tmpdir(), 'signalbox-import-test-'));
});
afterAll(async () => {
  await Promise.all([cli.stop(), knock.stop()]);
  rmSync(root, { recursive: true, force: true });
});
let count = 0;
beforeEach(() => {
  directory = join(root, `config-${++count}`);
  knock.account = knockAccount();
  knock.calls.length = 0;
  knock.faults.length = 0;
});

async function importKnock(args: string[] = [], token = knock.token) {
  const command = ['import', 'knock', '--base-url', knock.url, '--dir', directory, ...args];
  const ended = await cli.signalbox(command, token);
  expect(`${ended.stdout}${ended.stderr}`).not.toContain(token);
  return ended;
}

type Row = { file: string; change: string; fields: unknown[]; kept: { path: string }[] };
type Entry = { kind: string; reason: string; where: string; what: string; why: string; instead: string };
type Json = {
  written: boolean;
  files: Row[];
  kinds: { source: string; kind: string; told_by: string }[];
  report: Entry[];
};

async function importJson(args: string[] = []): Promise<Json> {
  const { code, stdout, stderr } = await importKnock([...args, '--json']);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout) as Json;
}

const allTexts = () =>
  Object.fromEntries(
    (existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: 'utf8' }) : [])
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
const errors = () => readConfigurationFiles(directory).problems.filter(({ severity }) => severity === 'error');
const files = () => readConfigurationFiles(directory);

describe('what an import writes', () => {
  test('passes config validate and can be committed', async () => {
    expect((await importKnock()).code).toBe(0);
    expect(errors()).toEqual([]);
    const validated = await cli.signalbox(['config', 'validate', '--dir', directory]);
    expect(validated).toMatchObject({ code: 0, stdout: expect.stringContaining('no errors') });
    const pushed = await cli.signalbox(['config', 'push', '--commit', '--force', '-m', 'Moved', '--dir', directory]);
    expect(pushed).toMatchObject({ code: 0 });
    // Without secrets, which Knock does not tell: enforcement begins with them.
    const shown = JSON.parse((await cli.signalbox(['sources', 'stripe', '--json'])).stdout);
    expect(shown).toMatchObject([{ kind: 'stripe', verification: { enforcement: 'once_set' } }]);
  });

  test('has every action with the same parameters, and the kind that each source is', async () => {
    const { kinds } = await importJson();
    expect(kinds).toEqual([
      { source: 'rudderstack', kind: 'rudderstack', told_by: 'key' },
      { source: 'segment', kind: 'segment-legacy', told_by: 'key' },
      { source: 'stripe', kind: 'stripe', told_by: 'key' },
      { source: 'tasks', kind: 'http', told_by: 'assumed' },
    ]);
    const { sources } = files().snapshot;
    const actions = Object.values(sources).flatMap(({ mappings }) => mappings.map(({ action }) => action));
    expect([...new Set(actions)].sort()).toEqual([
      'audiences_add_member',
      'audiences_remove_member',
      'objects_delete',
      'objects_set',
      'objects_subscribe',
      'objects_unsubscribe',
      'tenants_delete',
      'tenants_set',
      'users_delete',
      'users_identify',
      'workflows_trigger',
    ]);
    expect(sources.tasks).toMatchObject({
      event_type_path: 'body.event_type',
      idempotency_key_path: 'body.event_id',
      timestamp_path: 'body.at',
      verification: { kind: 'header', header: 'x-webhook-secret' },
    });
    expect(sources.tasks?.mappings[0]).toEqual({
      id: 'task-assigned-on-task-assigned',
      event: 'task.assigned',
      action: 'workflows_trigger',
      parameters: {
        key: 'task-assigned',
        recipients: 'body.data.assigned_to',
        actor: 'body.data.assigned_by',
        tenant: 'body.data.workspace_id',
        data: { task_id: 'body.data.task_id', title: 'body.data.title' },
      },
    });
    // A template's own paths are those of the kind, so the file does not repeat them.
    expect(Object.keys(sources.stripe ?? {})).not.toEqual(expect.arrayContaining(['event_type_path']));
    expect(sources.segment?.mappings.map(({ id }) => id)).toEqual(['identify', 'order-completed-on-user-signed-up']);
  });

  test('lets each environment do what its counterpart does', async () => {
    await importKnock();
    const { environments } = files();
    expect(environments.production).toMatchObject({
      sources: {
        rudderstack: { verification: { enforced: 'once_set' }, idempotency: { enabled: false } },
        segment: { identify: false, idempotency: { enabled: true } },
        stripe: {
          inactive_mappings: [
            'users-identify-on-customer-created',
            'invoice-paid-on-invoice-paid',
            'users-delete-on-customer-deleted',
          ],
        },
      },
      inactive_workflows: ['cart-left'],
    });
    expect(environments.production?.sources.rudderstack?.inactive_mappings).toEqual(['cart-left-on-track-cart-left']);
    // A source that is not there does nothing there.
    expect(environments.production?.sources.tasks?.inactive_mappings).toEqual(
      files().snapshot.sources.tasks?.mappings.map(({ id }) => id),
    );
    expect(environments.development).toMatchObject({
      sources: {
        rudderstack: { verification: { enforced: false }, idempotency: { enabled: true }, inactive_mappings: [] },
        segment: { identify: true, idempotency: { enabled: false } },
        stripe: { inactive_mappings: ['invoice-paid-on-invoice-paid-production'] },
      },
      inactive_workflows: [],
    });
    // Knock has no environment of this name, so it begins as the one below.
    expect(environments.staging).toEqual(environments.development);
  });

  test('has workflows that only record their runs, with what else can be checked here', async () => {
    await importKnock();
    const { workflows, audiences } = files().snapshot;
    expect(workflows['order-completed']).toEqual({
      name: 'Order completed',
      description: 'Thanks for the order.',
      target: { development: { type: 'log' }, staging: { type: 'log' }, production: { type: 'log' } },
      data_schema: {
        type: 'object',
        properties: { order: { type: 'string' }, total: { type: 'number' } },
        required: ['order'],
      },
    });
    expect(workflows['task-assigned']).not.toHaveProperty('data_schema');
    expect(audiences).toEqual({
      vip: { name: 'VIP', description: 'Large accounts.' },
      'beta-testers': { name: 'Beta testers' },
    });
  });

  test('points runs at the workflows of Knock when that is asked for, later too', async () => {
    await importKnock();
    const path = join(directory, 'workflows', 'cart-left.yaml');
    writeFileSync(path, `${readFileSync(path, 'utf8')}# ours\n`);
    const { files: rows } = await importJson(['--target', 'knock', '--overwrite']);
    expect(rows.filter(({ change }) => change === 'changed').map(({ file }) => file.split('/').at(-1))).toEqual([
      'order-completed.yaml',
      'cart-left.yaml',
      'invoice-paid.yaml',
      'task-assigned.yaml',
    ]);
    expect(files().snapshot.workflows['cart-left']?.target.production).toEqual({
      type: 'knock',
      workflow: 'cart-left',
    });
    expect(readFileSync(path, 'utf8')).toContain('# ours');
    expect(errors()).toEqual([]);
  });
});

describe('files that are there', () => {
  test('are the same after a second import', async () => {
    await importKnock();
    const before = allTexts();
    const { files: rows } = await importJson();
    expect(rows.filter(({ change }) => change !== 'same')).toEqual([]);
    expect((await importJson(['--overwrite'])).files.every(({ change }) => change === 'same')).toBe(true);
    expect(allTexts()).toEqual(before);
  });

  test('stay as they are where they differ, and get only what is new', async () => {
    cpSync(configFolder, directory, { recursive: true });
    const before = allTexts();
    const { stdout, stderr } = await importKnock();
    expect(stdout).toMatch(/kept {5}.*sources\/rudderstack\.yaml/);
    expect(stderr).toContain('--overwrite');
    const after = allTexts();
    expect(after['sources/rudderstack.yaml']).toBe(before['sources/rudderstack.yaml']);
    expect(after['workflows/order-completed.yaml']).toBe(before['workflows/order-completed.yaml']);
    expect(after['sources/stripe.yaml']).toContain('kind: stripe');
    const lines = before['environments/production.yaml']?.split('\n').filter((line) => line.includes('#')) ?? [];
    expect(after['environments/production.yaml']?.split('\n')).toEqual(expect.arrayContaining(lines));
    expect(files().environments.production?.sources.rudderstack).toEqual(
      readConfigurationFiles(configFolder).environments.production?.sources.rudderstack,
    );
    expect(errors()).toEqual([]);
  });

  test('say what Knock says with --overwrite, with their comments and what Knock does not know', async () => {
    cpSync(configFolder, directory, { recursive: true });
    const path = join(directory, 'sources', 'rudderstack.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('\nmappings:', '\nredact: [password]\n\nmappings:'));
    await importKnock(['--overwrite']);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain('# Events from a RudderStack webhook destination.');
    const source = files().snapshot.sources.rudderstack;
    expect(source).toMatchObject({ description: 'The shop.', redact: ['password'] });
    // One mapping more would do one thing more than Knock does.
    expect(source?.mappings.map(({ id }) => id)).toEqual([
      'users-identify-on-identify',
      'order-completed-on-track-order-completed',
      'cart-left-on-track-cart-left',
    ]);
    expect((await importJson(['--overwrite'])).files.every(({ change }) => change === 'same')).toBe(true);
    expect(errors()).toEqual([]);
  });

  test('are not written by --dry-run, which shows each field', async () => {
    const { code, stdout, stderr } = await importKnock(['--dry-run']);
    expect(code).toBe(0);
    expect(allTexts()).toEqual({});
    expect(stdout).toMatch(/created {2}.*sources\/stripe\.yaml\n {2}\+ kind: stripe\n/);
    expect(stderr).toContain('Nothing was written.');
    expect((await importJson(['--dry-run'])).written).toBe(false);
  });

  test('with an error are named, and nothing is written', async () => {
    cpSync(configFolder, directory, { recursive: true });
    writeFileSync(join(directory, 'sources', 'stripe.yaml'), 'kind: stripe\nnames: Stripe\n');
    const before = allTexts();
    const { code, stderr } = await importKnock();
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('stripe.yaml has an error') });
    expect(allTexts()).toEqual(before);
  });
});

describe('the report', () => {
  const pick = (report: Entry[], reason: string) =>
    report.filter((entry) => entry.reason === reason).map(({ where, what }) => `${where}: ${what}`);

  test('names each thing without a counterpart, and where it is', async () => {
    const { report } = await importJson();
    expect(pick(report, 'environment_unknown')).toEqual(['environment qa: all of it']);
    expect(pick(report, 'dynamic_audience')).toEqual(['audience recently-active, development: the dynamic audience']);
    expect(pick(report, 'trigger_frequency')).toEqual([
      'workflow invoice-paid: its trigger frequency, once_per_recipient',
    ]);
    expect(pick(report, 'data_schema')).toEqual(['workflow task-assigned: the schema of its trigger data']);
    expect(pick(report, 'conditions')).toEqual([
      'workflow order-completed: its conditions: recipient.plan equal_to "pro"',
      'workflow task-assigned: its conditions: a group of which one has to hold',
    ]);
    // The template's own script in development; another one in production.
    expect(pick(report, 'script')).toEqual(['source stripe, production: its script']);
    expect(pick(report, 'image')).toEqual(['source stripe: its image']);
    expect(pick(report, 'setting_unknown')).toEqual(['source tasks, development: its setting retention_hint']);
    expect(pick(report, 'workflow_missing')).toEqual([
      'source stripe, development: the mapping invoice.voided → workflows_trigger',
    ]);
    expect(pick(report, 'mapping_deleted')).toEqual([
      'source stripe, production: the mapping invoice.created → workflows_trigger',
    ]);
    expect(pick(report, 'parameter_unknown')).toEqual([
      'source tasks, development: the mapping task.assigned → workflows_trigger',
    ]);
    expect(pick(report, 'path_unreadable')).toEqual([
      'source tasks, development: the mapping task.scored → users_identify',
    ]);
    expect(pick(report, 'mapping_refused')).toEqual(['source tasks: the mapping task.nobody → users_delete']);
    expect(report.filter(({ kind }) => kind === 'not_moved')).toHaveLength(15);
  });

  test('names what works in another way, and what is left to do', async () => {
    const { report } = await importJson();
    expect(pick(report, 'mapping_differs')).toHaveLength(5);
    expect(pick(report, 'mapping_uncommitted')).toEqual([
      'source rudderstack, development: the mapping track/cart_left → workflow cart-left',
    ]);
    expect(pick(report, 'conditions_translated')).toEqual([
      'source rudderstack, mapping order-completed-on-track-order-completed: conditions of workflow order-completed',
      'source segment, mapping order-completed-on-user-signed-up: conditions of workflow order-completed',
    ]);
    expect(pick(report, 'computed_path')).toEqual([
      'source tasks, development: the mapping task.scored → users_identify',
    ]);
    expect(pick(report, 'secret').map((text) => text.split(':')[0])).toEqual([
      'source rudderstack',
      'source stripe',
      'source tasks',
    ]);
    expect(pick(report, 'sender_url')).toHaveLength(4);
    expect(report.filter(({ why }) => !why.endsWith('.'))).toEqual([]);
    expect(report.filter(({ instead }) => instead === '')).toEqual([]);
  });

  test('never has the URL at which Knock takes events, since it is a credential', async () => {
    const { stdout } = await importKnock(['--json']);
    expect(stdout).not.toContain('integrations/receive');
    for (const text of Object.values(allTexts())) expect(text).not.toContain('integrations/receive');
  });

  test('for people has the same entries in groups', async () => {
    const { stdout } = await importKnock();
    expect(stdout).toContain('Did not move (15)');
    expect(stdout).toContain('its trigger frequency, once_per_recipient');
  });
});

describe('environments', () => {
  test('of other names are paired with --as, and only one is read with -e', async () => {
    const { report } = await importJson(['--as', 'qa=staging']);
    expect(report.map(({ reason }) => reason)).not.toContain('environment_unknown');
    expect(files().environments.staging?.inactive_workflows).toEqual([
      'cart-left',
      'invoice-paid',
      'order-completed',
      'task-assigned',
    ]);
    rmSync(directory, { recursive: true });
    knock.calls.length = 0;
    await importJson(['-e', 'production']);
    expect(knock.calls.filter((call) => call.includes('environment=development'))).toEqual([]);
    expect(files().snapshot.sources.stripe?.mappings.map(({ id }) => id)).toEqual(['invoice-paid-on-invoice-paid']);
  });

  test.each([
    [['--as', 'qa=stagin'], 2, 'did you mean "staging"?'],
    [['--as', 'q=staging'], 2, 'Knock has no environment "q"'],
    [['--as', 'qa=production'], 2, 'qa and production of Knock would both be production here'],
    [['--as', 'qa'], 2, '--as takes SLUG=NAME, not "qa"'],
    [['-e', 'staging'], 1, 'no environment of Knock takes the place of staging; it has development, qa, production'],
    [['--kind', 'stripe=strip'], 2, 'did you mean "stripe"?'],
    [['--kind', 'strip=stripe'], 2, 'there is no source "strip" at Knock'],
  ])('%j is refused', async (args, code, message) => {
    const ended = await importKnock(args);
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(message) });
    expect(allTexts()).toEqual({});
  });
});

describe('Knock’s answers', () => {
  test('are read page by page, in few calls', async () => {
    await importKnock();
    const lists = knock.calls.filter((call) => call.includes('/v1/workflows'));
    expect(lists).toHaveLength(4);
    expect(lists.every((call) => call.includes('hide_uncommitted_changes=true'))).toBe(true);
    // Per environment a list of sources, a status for each, and two pages of two lists; templates once.
    expect(knock.calls).toHaveLength(2 + (1 + 4 + 4) + (1 + 3 + 4) + (1 + 3));
    expect(knock.calls.every((call) => call.startsWith('GET '))).toBe(true);
  });

  test.each([[429], [500], [503], ['hang up' as const]])('%s is tried again by the client', async (fault) => {
    // The wait after a lost connection is the client's own, so one is enough.
    knock.faults.push(fault, ...(fault === 'hang up' ? [] : [fault]));
    expect((await importKnock()).code).toBe(0);
    expect(errors()).toEqual([]);
  });

  test.each([
    [401, /does not accept the service token \("The service token is invalid"\): it is wrong, expired or revoked/],
    [403, /the service token may not read this/],
    [404, /does not have what an import reads.*management API is https:\/\/control\.knock\.app/s],
    [422, /Knock answered 422/],
  ])('%s is said in words, once, and nothing is written', async (status, words) => {
    knock.faults.push(status);
    const { code, stderr } = await importKnock();
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(words) });
    expect(knock.calls).toHaveLength(1);
    expect(allTexts()).toEqual({});
  });

  test.each([
    [429, /limits the rate of requests, and still refused after several attempts/],
    [500, /Knock answered 500 \("Something went wrong"\)/],
  ])('%s without end is said after several attempts', async (fault, words) => {
    knock.faults.push(...Array.from({ length: 20 }, () => fault));
    const { code, stderr } = await importKnock();
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(words) });
    expect(knock.calls).toHaveLength(6);
  });

  test('that never come are said after several attempts', async () => {
    knock.faults.push('hang up', 'hang up');
    const access = { serviceToken: knock.token, baseUrl: knock.url, maxRetries: 1 };
    await expect(readKnockAccount(access, () => [])).rejects.toThrow('cannot be reached');
    expect(knock.calls).toHaveLength(2);
  });

  test('of another form are named by their place', async () => {
    const [first] = knock.account.environments;
    knock.account.environments = [{ ...first, slug: '' }];
    const { code, stderr } = await importKnock();
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('environments[0].slug') });
  });

  test('without templates still make files; only what a script does cannot be compared', async () => {
    delete knock.account.providers;
    const { report } = await importJson();
    expect(errors()).toEqual([]);
    const scripts = report.filter(({ reason }) => reason === 'script');
    expect(scripts.map(({ where }) => where)).toEqual([
      'source rudderstack, development and production',
      'source stripe, development and production',
      'source tasks, development',
    ]);
    expect(scripts.every(({ why }) => why.includes('cannot be seen'))).toBe(true);
    expect(report.map(({ reason }) => reason)).toContain('unverified');
  });
});

test.each([
  ['files', ['invoice.json'], 'files are for --compare'],
  ['recorded events', ['--last', '3'], '--last is for --compare'],
])('an import that names %s is refused before it asks for a token', async (_name, args, message) => {
  const { code, stderr } = await cli.signalbox(['import', 'knock', '--dir', directory, ...args]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  expect(stderr).not.toContain('token');
});

describe('the service token', () => {
  test('that Knock refuses is said, and never shown', async () => {
    expect(await importKnock([], 'knock_st_other')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('KNOCK_SERVICE_TOKEN'),
    });
  });

  test.each([
    ['sk_test_123', 'this is an API key of one environment'],
    ['', 'the service token is empty'],
    ['knock_st_with space', 'has a space or an odd character in it'],
    ['knock_st_“quoted”', 'has a space or an odd character in it'],
  ])('%j is refused before a call', async (token, message) => {
    const command = ['import', 'knock', '--base-url', knock.url, '--dir', directory];
    const { code, stdout, stderr } = await cli.signalbox(command, token);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
    if (token !== '') expect(`${stdout}${stderr}`).not.toContain(token);
    expect(knock.calls).toEqual([]);
  });
});
