import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { builtFile } from '../../infra/build/build.js';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import type { KnockComparison } from '../../shared/operations/knock/compare/compare-with-knock.ts';
import { knockAccount } from '../fixtures/knock/account.ts';
import { configure } from '../support/config.ts';
import { type KnockServer, startKnockManagement } from '../support/knock-management.ts';

/*
 * A company moves: its account at Knock becomes files, the files are committed to the stack as `npm start` runs it, and the
 * same events have the same effects on both sides.
 */

let runtime: Runtime;
let knock: KnockServer;
let root: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'signalbox-moving-'));
  knock = await startKnockManagement(knockAccount());
  runtime = await startRuntime({ environments: ['development'], port: 0, configure });
  const { region, endpoints, credentials, outputs } = runtime.environments.development ?? {};
  const environments = { development: { region, endpoints, credentials, outputs } };
  writeFileSync(
    join(root, 'runtime.json'),
    JSON.stringify({ pid: process.pid, started_at: new Date().toISOString(), environments }),
  );
});
afterAll(async () => {
  await Promise.all([runtime?.stop(), knock?.stop()]);
  rmSync(root, { recursive: true, force: true });
});

type Ended = { code: number; stdout: string; stderr: string };

function signalbox(args: string[], input = '', more: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const env = {
      ...process.env,
      NODE_OPTIONS: '',
      SIGNALBOX_RUNTIME_FILE: join(root, 'runtime.json'),
      KNOCK_SERVICE_TOKEN: knock.token,
      KNOCK_API_KEY: knock.apiKey,
      ...more,
    };
    const child = execFile(process.execPath, [builtFile('infra/cli/main.ts'), ...args], { env }, (_e, stdout, stderr) =>
      resolve({ code: child.exitCode ?? 1, stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}

async function json<Value>(args: string[]): Promise<Value> {
  const { stdout, stderr } = await signalbox([...args, '--json']);
  expect(stderr).not.toContain('error:');
  return JSON.parse(stdout) as Value;
}

let count = 0;
function file(body: object): string {
  const path = join(root, `event-${++count}.json`);
  writeFileSync(path, JSON.stringify(body));
  return path;
}

const compare = (source: string, ...args: string[]) =>
  json<KnockComparison>([
    ...['import', 'knock', '--compare', source, '--base-url', knock.url, '--api-url', knock.url, '--yes', ...args],
  ]);
const differences = ({ events }: KnockComparison) => events.flatMap((event) => event.differences);

const track = (event: string, properties: object, more = {}) =>
  file({ type: 'track', event, messageId: `m-${++count}`, userId: 'usr_1', properties, ...more });
const identify = (traits: object) => file({ type: 'identify', messageId: `m-${++count}`, userId: 'usr_1', traits });
const task = (event_type: string, data: object) => file({ event_type, event_id: `e-${++count}`, data });
const stripe = (type: string, object: object) => file({ id: `evt_${++count}`, type, data: { object } });

test('an import is committed, with the secrets that Knock does not tell', async () => {
  const directory = join(root, 'config');
  expect(await signalbox(['import', 'knock', '--base-url', knock.url, '--dir', directory])).toMatchObject({ code: 0 });
  const pushed = await signalbox([
    'config',
    'push',
    '--commit',
    '--force',
    '--wait',
    '-m',
    'Moved',
    '--dir',
    directory,
  ]);
  expect(pushed).toMatchObject({ code: 0 });
  expect(await signalbox(['secrets', 'set', 'stripe'], 'whsec_moving0123456789')).toMatchObject({ code: 0 });
  expect(await signalbox(['secrets', 'set', 'tasks'], 'a-shared-secret-0123456789')).toMatchObject({ code: 0 });
});

describe('the same events have the same effects', () => {
  test('of a customer data platform: the user, and the run of a workflow with the same data', async () => {
    const compared = await compare(
      'rudderstack',
      identify({ name: 'Lena Orchard', email: 'lena@orchard.example', plan: 'team' }),
      track('order_completed', { order_id: 'A-1', total: 42, 'Plan Name': 'Pro' }),
      track('cart_left', { items: 2 }),
      track('never_mapped', {}),
    );
    expect(differences(compared)).toEqual([]);
    expect(compared.events.map(({ type }) => type)).toEqual([
      'identify',
      'track/order_completed',
      'track/cart_left',
      'track/never_mapped',
    ]);
    expect(compared.events.every((event) => event.knock_log_id !== null && event.ids.length === 1)).toBe(true);
    expect(await json(['users', 'get', 'usr_1'])).toMatchObject({
      name: 'Lena Orchard',
      properties: { plan: 'team' },
    });
    expect(await json(['runs', '--recipient', 'usr_1'])).toMatchObject([
      { workflow: 'cart-left' },
      { workflow: 'order-completed', data: { order: 'A-1', total: 42, 'Plan Name': 'Pro' } },
    ]);
    expect(compared.not_compared.join(' ')).toMatch(/Members of audiences.*Preferences.*steps, messages/);
  });

  test('of the first generation: names without a prefix, recipients that are described inline', async () => {
    const compared = await compare(
      'segment',
      track('User Signed Up', { total: 11, order: 'B-2', recipients: [{ id: 'usr_2', email: 'ivo@reef.example' }] }),
    );
    expect(differences(compared)).toEqual([]);
    expect(await json(['runs', '--recipient', 'usr_2'])).toMatchObject([
      { workflow: 'order-completed', actor: 'usr_1' },
    ]);
  });

  test('of a sender that signs: both sides get one signature, made with the secret', async () => {
    const compared = await compare(
      'stripe',
      stripe('customer.created', { id: 'cus_1', email: 'eva@loft.example', name: 'Eva' }),
      stripe('invoice.paid', { customer: 'cus_1', amount_paid: 7900 }),
      stripe('customer.deleted', { id: 'cus_1' }),
    );
    expect(differences(compared)).toEqual([]);
    const signatures = knock.pipeline.received.filter(({ source }) => source === 'stripe');
    expect(signatures.map(({ headers }) => headers['stripe-signature'])).toEqual([
      expect.stringMatching(/^t=\d+,v1=/),
      expect.stringMatching(/^t=\d+,v1=/),
      expect.stringMatching(/^t=\d+,v1=/),
    ]);
    expect(await json(['events', '--source', 'stripe', '--limit', '1'])).toMatchObject([
      { verification: 'enforced:verified' },
    ]);
    expect((await signalbox(['users', 'get', 'cus_1'])).code).toBe(3);
  });

  test('of a sender of one’s own: every action on objects, tenants, audiences and relations', async () => {
    const project = { id: 'p-1', name: 'Website', size: 3 };
    const compared = await compare(
      'tasks',
      task('task.scored', { user_id: 'usr_3' }),
      task('project.saved', { project }),
      task('project.joined', { project, user_id: 'usr_3', role: 'owner' }),
      task('task.assigned', {
        task_id: 't-1',
        title: 'Review',
        assigned_to: 'usr_3',
        assigned_by: 'usr_1',
        workspace_id: 'w-1',
      }),
      task('workspace.saved', { workspace_id: 'w-1', workspace_name: 'North' }),
      task('vip.joined', { user_id: 'usr_3' }),
      task('vip.left', { user_id: 'usr_3' }),
      task('project.left', { project, user_id: 'usr_3' }),
      task('workspace.removed', { workspace_id: 'w-1' }),
      task('project.removed', { project }),
    );
    expect(differences(compared)).toEqual([]);
    expect(compared.events).toHaveLength(10);
  });
});

describe('what differs is named', () => {
  test('another parameter, another mapping, another field', async () => {
    const [first] = knock.account.sources;
    const settings = first?.environments.development as { mappings: Record<string, unknown>[] };
    settings.mappings = settings.mappings.map((mapping) =>
      mapping.event_type === 'identify'
        ? { ...mapping, action_parameters: { id: 'body.userId', name: 'body.traits.nickname' } }
        : { ...mapping, active: mapping.event_type !== 'track/cart_left' },
    );
    const compared = await compare(
      'rudderstack',
      identify({ name: 'Lena O.', nickname: 'Leni', email: 'lena@orchard.example' }),
      track('cart_left', { items: 2 }),
    );
    expect(differences(compared)).toEqual(
      expect.arrayContaining([
        { kind: 'parameter', effect: 'users_identify usr_1', parameter: 'name', here: 'Lena O.', knock: 'Leni' },
        { kind: 'record', record: 'user usr_1', field: 'name', here: 'Lena O.', knock: 'Leni' },
        { kind: 'only_here', effect: 'workflows_trigger cart-left' },
        { kind: 'run_only_here', run: 'cart-left for usr_1' },
      ]),
    );
    const shown = await signalbox([
      ...['import', 'knock', '--compare', 'rudderstack', '--base-url', knock.url, '--api-url', knock.url, '--yes'],
      track('cart_left', { items: 3 }),
    ]);
    expect(shown).toMatchObject({ code: 1, stdout: expect.stringContaining('only here: workflows_trigger cart-left') });
  });

  test('recorded events are sent under ids of their own, so that neither side takes them for copies', async () => {
    const before = knock.pipeline.received.length;
    const compared = await compare('tasks', '--last', '2');
    expect(compared.events).toHaveLength(2);
    const bodies = knock.pipeline.received.slice(before).map(({ body }) => JSON.parse(body) as { event_id: string });
    expect(bodies.map((body) => body.event_id)).toEqual([
      expect.stringMatching(/^[0-9a-f-]{36}$/),
      expect.stringMatching(/^[0-9a-f-]{36}$/),
    ]);
    const rows = await json<{ status: string }[]>(['events', '--source', 'tasks', '--limit', '2']);
    expect(rows.map(({ status }) => status)).toEqual(['processed', 'processed']);
  });
});

describe('nothing is sent', () => {
  test.each([
    ['without a terminal and without --yes', [], 1, 'nothing was sent; --yes sends them'],
    ['to a source that is not live here', ['--compare', 'strip'], 3, 'did you mean "stripe"?'],
    [
      'for an environment that Knock does not have',
      ['--as', 'qa=development'],
      1,
      'Knock tells no URL of source stripe in qa',
    ],
  ])('%s', async (_when, args, code, message) => {
    const before = knock.pipeline.received.length;
    const urls = ['--base-url', knock.url, '--api-url', knock.url];
    const command = ['import', 'knock', '--compare', 'stripe', ...urls, ...args, stripe('x', {})];
    const ended = await signalbox(command);
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(message) });
    expect(knock.pipeline.received).toHaveLength(before);
  });

  test('when Knock refuses the API key, even with --yes', async () => {
    const before = knock.pipeline.received.length;
    const urls = ['--base-url', knock.url, '--api-url', knock.url];
    const command = ['import', 'knock', '--compare', 'stripe', ...urls, '--yes', stripe('x', {})];
    const ended = await signalbox(command, '', { KNOCK_API_KEY: 'sk_wrong' });
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('does not accept the API key') });
    expect(ended.stderr).not.toContain('sk_wrong');
    expect(knock.pipeline.received).toHaveLength(before);
  });
});
