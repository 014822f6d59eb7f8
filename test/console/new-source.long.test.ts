import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Console } from '../../infra/console/server.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { pushDraft, readDraftContent } from '../../shared/operations/configuration/drafts.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { readSeen } from '../../shared/operations/configuration/live-content.ts';
import { startCheckout, type TestCheckout } from './configuration-for-tests.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

let world: TestCheckout;
let served: Console;
let bare: Console;
let headers: { cookie: string };
let headersOfBare: { cookie: string };

beforeAll(async () => {
  world = await startCheckout();
  const { environments, checkout } = world;
  served = await startConsoleOf(environments, { checkout });
  bare = await startConsoleOf(environments);
  headers = { cookie: await signIn(served) };
  headersOfBare = { cookie: await signIn(bare) };
  await ask('/configuration/push-and-commit', { message: 'first' });
});
afterAll(async () => {
  await Promise.all([served.stop(), bare.stop()]);
  await world.stop();
});

async function ask(path: string, body?: unknown, name = 'development') {
  const method = body === undefined ? 'GET' : 'POST';
  const { status, json } = await call(served.port, `/api/environments/${name}${path}`, { method, headers, body });
  return { status, json: json as Record<string, unknown> };
}

const table = () => world.environments.development.configuration;
const live = async () => (await readSeen(table())).snapshot;
const files = () => readConfigurationFiles(world.checkout.directory).snapshot;
const names = () => readdirSync(join(world.checkout.directory, 'sources')).sort();
const add = (wanted: Record<string, unknown>, name?: string) =>
  ask('/new-source', { message: 'for tests', ...wanted }, name);
const plan = (wanted: Record<string, unknown>) => ask('/new-source/dry-run', wanted);
const ben = () => ({ seed: undefined, author: 'Ben <ben@example.com>', nowMs: Date.now() });

describe('a new source', () => {
  test('is planned without a trace, and added as it was planned: files, and live', async () => {
    const before = names();
    const wanted = { kind: 'stripe', key: 'stripe', name: 'Stripe EU', mappings: ['customer-created', 'invoice-paid'] };
    const { json } = await plan(wanted);
    expect(json).toMatchObject({
      obstacles: [],
      files: [
        { kind: 'source', path: expect.stringMatching(/sources\/stripe\.yaml$/) },
        { kind: 'workflow', path: expect.stringMatching(/workflows\/invoice-paid\.yaml$/) },
      ],
    });
    expect(names()).toEqual(before);
    expect(Object.keys((await live()).sources)).toEqual(['rudderstack']);

    const added = await add(wanted);
    expect(added.json).toMatchObject({ key: 'stripe', version: expect.any(Number), id: expect.any(String) });
    const [{ text }] = json.files as [{ text: string }];
    expect(world.read('sources/stripe.yaml')).toBe(text);
    expect((await live()).sources.stripe).toEqual(files().sources.stripe);
    expect((await live()).sources.stripe).toMatchObject({
      name: 'Stripe EU',
      mappings: [{ id: 'customer-created' }, { id: 'invoice-paid' }],
    });
    expect((await live()).workflows['invoice-paid']).toEqual(files().workflows['invoice-paid']);
  });

  test('leaves other edits of the files, and the draft of another person, as they are', async () => {
    world.edit('workflows/order-completed.yaml', 'name: ', 'name: Edited ');
    const { rudderstack } = (await live()).sources;
    if (rudderstack === undefined) throw new Error('rudderstack is not live');
    const content = await live();
    await pushDraft(table(), {
      ...ben(),
      snapshot: { ...content, sources: { ...content.sources, rudderstack: { ...rudderstack, name: 'of Ben' } } },
    });
    expect((await add({ kind: 'segment', key: 'segment' })).status).toBe(200);
    expect((await live()).workflows['order-completed']?.name).not.toMatch(/^Edited/);
    expect(files().workflows['order-completed']?.name).toMatch(/^Edited/);
    const { draft, open } = await readDraftContent(table());
    expect(draft?.author).toBe(ben().author);
    expect(open).toMatchObject([{ type: 'source', key: 'rudderstack' }]);
    world.edit('workflows/order-completed.yaml', 'name: Edited ', 'name: ');
  });

  test('brings along a workflow that has a file and is not live yet', async () => {
    world.write('workflows/invoice-created.yaml', 'name: By hand\ntarget: { development: { type: log } }\n');
    const { json } = await add({ kind: 'stripe', key: 'stripe-2', mappings: ['invoice-created'] });
    expect(json).toMatchObject({ files: [{ kind: 'source' }] });
    expect((await live()).workflows['invoice-created']?.name).toBe('By hand');
  });

  test('may be changed by a later push of the same files', async () => {
    world.edit('sources/stripe.yaml', 'name: Stripe EU', 'name: Stripe of Europe');
    const pushed = await ask('/configuration/push-and-commit', { message: 'renamed', allowed: ['secret_missing'] });
    expect(pushed.json).toMatchObject({ kind: 'committed' });
    expect((await live()).sources.stripe?.name).toBe('Stripe of Europe');
  });

  test('is checked as it is wanted, unless its vendor signs in one way only', async () => {
    const verification = { kind: 'hmac', header: 'x-signature' };
    const { json } = await plan({ kind: 'http', key: 'shop', verification });
    expect(json.files).toMatchObject([{ text: expect.stringContaining('verification: { kind: hmac') }]);
    await add({ kind: 'http', key: 'shop', verification });
    expect((await live()).sources.shop?.verification).toMatchObject({ ...verification, algorithm: 'sha256' });
    expect(await plan({ kind: 'stripe', key: 'x', verification })).toMatchObject({
      json: { obstacles: [{ what: expect.stringContaining('declare no verification') }] },
    });
  });
});

describe('what stands against a new source is said, and nothing is written', () => {
  let before: string[];
  beforeAll(() => {
    before = names();
  });
  afterEach(() => expect(names()).toEqual(before));

  test.each([
    ['a key that is live', { kind: 'stripe', key: 'stripe' }, 'is_live', /is there already, and the source is live/],
    ['no key at all', { kind: 'stripe', key: '' }, 'key', /cannot be the key of a source/],
    ['a path for a key', { kind: 'stripe', key: '../x' }, 'key', /cannot be the key of a source/],
    ['a key of capitals', { kind: 'stripe', key: 'Stripe' }, 'key', /cannot be the key of a source/],
  ])('%s', async (_name, wanted, kind, what) => {
    expect((await plan(wanted)).json).toMatchObject({
      files: [],
      obstacles: [{ kind, what: expect.stringMatching(what) }],
    });
    expect(await add(wanted)).toMatchObject({ status: 409, json: { title: expect.stringMatching(what) } });
  });

  test.each([
    ['an unknown kind', { kind: 'strpe', key: 'x' }, 404, /did you mean "stripe"/],
    [
      'an unknown mapping',
      { kind: 'stripe', key: 'x', mappings: ['invoice-payed'] },
      400,
      /did you mean "invoice-paid"/,
    ],
    ['an empty name', { kind: 'stripe', key: 'x', name: '  ' }, 400, /name: says what people call it/],
    [
      'a wrong check',
      { kind: 'http', key: 'x', verification: { kind: 'hmac', header: 'a b' } },
      400,
      /name of a header/,
    ],
  ])('%s', async (_name, wanted, status, title) => {
    expect(await add(wanted)).toMatchObject({ status, json: { title: expect.stringMatching(title) } });
  });

  test('a key that another person made live from another checkout', async () => {
    const content = await live();
    const { rudderstack } = content.sources;
    if (rudderstack === undefined) throw new Error('rudderstack is not live');
    const jitsu = { ...rudderstack, kind: 'jitsu', mappings: [] };
    await pushAndCommit(table(), {
      ...ben(),
      message: 'x',
      snapshot: { ...content, sources: { ...content.sources, jitsu } },
    });
    const wanted = { kind: 'jitsu', key: 'jitsu' };
    expect((await plan(wanted)).json).toMatchObject({
      obstacles: [{ kind: 'behind', what: 'source/jitsu is live in development and is not in these files' }],
    });
    expect(await add(wanted)).toMatchObject({ status: 409 });
  });

  test('an environment to which content is promoted', async () => {
    expect((await ask('/new-source', undefined, 'staging')).json).toMatchObject({
      obstacle: { kind: 'promoted', below: 'development' },
    });
    expect(await add({ kind: 'clerk', key: 'clerk' }, 'staging')).toMatchObject({ status: 409 });
  });

  test('a console without files', async () => {
    const of = (path: string, body?: unknown) =>
      call(bare.port, `/api/environments/development/new-source${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: headersOfBare,
        body,
      });
    expect((await of('')).json).toMatchObject({ obstacle: { kind: 'no_files' }, directory: null });
    expect(await of('/dry-run', { kind: 'clerk', key: 'clerk' })).toMatchObject({ status: 409 });
  });

  // Root writes to any folder.
  const testAsPerson = process.getuid?.() === 0 ? test.skip : test;
  testAsPerson('a folder that cannot be written to', async () => {
    const folder = join(world.checkout.directory, 'sources');
    chmodSync(folder, 0o500);
    const refused = await add({ kind: 'clerk', key: 'clerk' });
    chmodSync(folder, 0o700);
    expect(refused).toMatchObject({ status: 409, json: { title: expect.stringContaining('cannot be written') } });
    expect((await live()).sources.clerk).toBeUndefined();
  });
});

test('a file that is there and is not live is told from one that is', async () => {
  world.write('sources/clay.yaml', 'kind: clay\nname: Clay\n');
  expect((await plan({ kind: 'clay', key: 'clay' })).json).toMatchObject({ obstacles: [{ kind: 'not_live' }] });
});

test('content that the functions do not know is refused, and leaves no file behind', async () => {
  const { development } = world.environments;
  const old = { ...development, outputs: { ...development.outputs, KnownKinds: 'rudderstack' } };
  const older = await startConsoleOf({ development: old }, { checkout: world.checkout });
  const cookie = await signIn(older);
  const refused = await call(older.port, '/api/environments/development/new-source', {
    method: 'POST',
    headers: { cookie },
    body: { kind: 'workos', key: 'workos', message: 'x' },
  });
  await older.stop();
  expect(refused).toMatchObject({ status: 409, json: { title: expect.stringContaining("don't know kind") } });
  expect(existsSync(join(world.checkout.directory, 'sources', 'workos.yaml'))).toBe(false);
});

test('files with errors stop it, with the place of each', async () => {
  world.write('workflows/broken.yaml', 'name: Broken\ntarget: 7\n');
  expect((await ask('/new-source')).json).toMatchObject({
    obstacle: { kind: 'file_errors', problems: [{ file: expect.stringContaining('broken.yaml'), line: 2 }] },
  });
  expect(await add({ kind: 'clerk', key: 'clerk' })).toMatchObject({ status: 409 });
});
