import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Console } from '../../infra/console/server.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { pushDraft } from '../../shared/operations/configuration/drafts.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { startCheckout, type TestCheckout } from './configuration-for-tests.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

let world: TestCheckout;
let served: Console;
let reading: Console;
let bare: Console;
let headers: { cookie: string };

const source = 'sources/rudderstack.yaml';

beforeAll(async () => {
  world = await startCheckout();
  world.edit('environments/development.yaml', 'enforced: false', 'enforced: true');
  const { environments, checkout } = world;
  served = await startConsoleOf(environments, { checkout });
  reading = await startConsoleOf(environments, { checkout, readOnly: true });
  bare = await startConsoleOf(environments);
  headers = { cookie: await signIn(served) };
});
afterAll(async () => {
  await Promise.all([served.stop(), reading.stop(), bare.stop()]);
  await world.stop();
});

async function ask(path: string, body?: unknown, name = 'development', more: Record<string, string> = {}) {
  const method = body === undefined ? 'GET' : 'POST';
  const address = `/api/environments/${name}/configuration${path}`;
  const { status, json } = await call(served.port, address, { method, headers: { ...headers, ...more }, body });
  return { status, json: json as Record<string, unknown> };
}

/** The checkout's content, with another name of its source. */
function named(sourceName: string) {
  const { snapshot } = readConfigurationFiles(world.checkout.directory);
  const { rudderstack } = snapshot.sources;
  if (rudderstack === undefined) throw new Error('the checkout has no source rudderstack');
  return { ...snapshot, sources: { rudderstack: { ...rudderstack, name: sourceName } } };
}

/** What another person does from another checkout. */
const ben = () => ({ seed: undefined, author: 'Ben <ben@example.com>', nowMs: Date.now() });
const pushedByBen = (sourceName: string) =>
  pushDraft(world.environments.development.configuration, { ...ben(), snapshot: named(sourceName) });
const liveByBen = (sourceName: string) =>
  pushAndCommit(world.environments.development.configuration, {
    ...ben(),
    message: 'by hand',
    snapshot: named(sourceName),
  });

describe('files, draft and live content', () => {
  test('are compared, and nothing is live before the first commit', async () => {
    const { json } = await ask('');
    expect(json).toMatchObject({
      live: null,
      draft: null,
      files: { directory: world.checkout.directory, problems: [] },
      takes_commits: true,
      below: null,
      above: 'staging',
      author: 'Ada <ada@example.com>',
    });
    const refs = (json.files as { changes: { type: string; key: string; change: string }[] }).changes;
    expect(refs.map(({ type, key, change }) => `${change} ${type}/${key}`)).toEqual([
      'added source/rudderstack',
      'added workflow/order-completed',
    ]);
  });

  test('a commit of the files is refused without the secret that it needs, and says what would be right', async () => {
    const planned = await ask('/push-and-commit/dry-run', {});
    const objection = {
      kind: 'secret_missing',
      what: expect.stringContaining('rudderstack would be verified in development without a secret'),
      remedies: ['npx signalbox secrets set rudderstack -e development'],
      overrule: 'or set it afterwards',
    };
    expect(planned).toMatchObject({ status: 200, json: { kind: 'planned', version: 0, objections: [objection] } });
    const refused = await ask('/push-and-commit', { message: 'First', allowed: [] });
    expect(refused).toMatchObject({ status: 200, json: { kind: 'refused', objections: [objection] } });
    expect((await ask('')).json).toMatchObject({ live: null });
  });

  test('a commit is made with the secret, under the name of the person', async () => {
    world.setSecret('development', 'sources/rudderstack');
    const { json } = await ask('/push-and-commit', { message: 'First' });
    expect(json).toMatchObject({ kind: 'committed', version: 1, new_sources: ['rudderstack'] });
    expect((await ask('')).json).toMatchObject({
      live: { version: 1, author: 'Ada <ada@example.com>', message: 'First' },
      files: { changes: [], unsaved: [] },
    });
    expect((await ask('/push-and-commit', { message: 'Again' })).json).toMatchObject({ version: 1, id: null });
  });

  test('an edited file becomes a draft, and a commit of one resource leaves the rest in it', async () => {
    world.edit(source, 'name: RudderStack', 'name: Our RudderStack');
    world.edit('workflows/order-completed.yaml', 'name: ', 'name: The ');
    const pushed = await ask('/push', {});
    expect(pushed.json).toMatchObject({ kind: 'saved', base_version: 1 });
    expect((await ask('')).json).toMatchObject({
      draft: { author: 'Ada <ada@example.com>', changes: [{ key: 'rudderstack' }, { key: 'order-completed' }] },
      files: { unsaved: [] },
    });
    expect((await ask('/commit/dry-run', { only: ['source/rudderstack'] })).json).toMatchObject({
      kind: 'planned',
      changes: [{ key: 'rudderstack', fields: [{ path: 'name', before: 'RudderStack', after: 'Our RudderStack' }] }],
      objections: [],
    });
    expect((await ask('/commit', { message: 'Named', only: ['source/rudderstack'] })).json).toMatchObject({
      kind: 'committed',
      version: 2,
      left: [{ type: 'workflow', key: 'order-completed' }],
    });
    expect((await ask('/commit', { message: 'The rest' })).json).toMatchObject({ version: 3, left: [] });
    expect(await ask('/commit', { message: 'Nothing' })).toMatchObject({ status: 404, json: { code: 'not_found' } });
    expect(await ask('/commit', { message: ' ' })).toMatchObject({ status: 400 });
    expect(await ask('/commit', { message: 'x', only: ['thing/a'] })).toMatchObject({ status: 400 });
  });

  test("another person's draft is replaced only when the person says so", async () => {
    await pushedByBen('Of Ben');
    world.edit('workflows/order-completed.yaml', 'name: The ', 'name: One ');
    const refused = await ask('/push', {});
    expect(refused.json).toMatchObject({
      kind: 'refused',
      objections: [{ kind: 'others_draft', what: expect.stringContaining('Ben'), overrule: 'replace it' }],
    });
    expect((await ask('/push', { allowed: ['stale_files'] })).json).toMatchObject({ kind: 'refused' });
    expect((await ask('/push', { allowed: ['others_draft'] })).json).toMatchObject({ kind: 'saved' });
  });

  test('what others committed meanwhile is a conflict, and is overruled by its own name alone', async () => {
    await pushedByBen('Of Ben');
    expect((await ask('/commit', { message: 'Of Ben' })).json).toMatchObject({ kind: 'committed', version: 4 });
    world.edit(source, 'name: Our RudderStack', 'name: Mine');
    // Ben's commit is newer than these files.
    // A draft undoes nothing yet, and the words say so.
    const overDraft = { kind: 'stale_files', overrule: 'or make the draft all the same; its commit would undo that' };
    expect((await ask('/push', {})).json).toMatchObject({ kind: 'refused', objections: [overDraft] });
    const overLive = { kind: 'stale_files', overrule: 'or commit over it' };
    expect((await ask('/push-and-commit/dry-run', {})).json).toMatchObject({ objections: [overLive] });
    expect((await ask('/push', { allowed: ['stale_files'] })).json).toMatchObject({ kind: 'saved' });
    await liveByBen('Of Ben again');
    const conflict = { kind: 'conflict', what: expect.stringContaining('by Ben'), overrule: 'or commit over it' };
    expect((await ask('/commit/dry-run', {})).json).toMatchObject({ objections: [conflict] });
    const others = ['missing_references', 'removes_live', 'secret_missing', 'stale_files', 'others_draft'];
    expect((await ask('/commit', { message: 'Mine', allowed: others })).json).toMatchObject({
      kind: 'refused',
      objections: [conflict],
    });
    expect((await ask('/commit', { message: 'Mine', allowed: ['conflict'] })).json).toMatchObject({ version: 6 });
    expect(await ask('/commit', { message: 'x', allowed: ['everything'] })).toMatchObject({ status: 400 });
  });

  test('a commit is made as it was shown, or not at all', async () => {
    world.edit(source, 'name: Mine', 'name: Shown');
    const { json: planned } = await ask('/push-and-commit/dry-run', {});
    world.edit(source, 'name: Shown', 'name: Not shown');
    const other = { kind: 'changed_meanwhile' };
    expect((await ask('/push-and-commit', { message: 'x', seen: planned.seen })).json).toEqual(other);
    world.edit(source, 'name: Not shown', '# A comment is no difference.\nname: Shown');
    const done = await ask('/push-and-commit', { message: 'x', seen: planned.seen });
    expect(done.json).toMatchObject({ kind: 'committed', version: 7 });

    world.edit(source, 'name: Shown', 'name: Drafted');
    await ask('/push', {});
    const { json: ofDraft } = await ask('/commit/dry-run', {});
    await pushedByBen('Of Ben');
    expect((await ask('/commit', { message: 'x', seen: ofDraft.seen })).json).toEqual(other);
    const { json: again } = await ask('/commit/dry-run', {});
    expect(again).toMatchObject({ changes: [{ fields: [{ path: 'name', after: 'Of Ben' }] }] });
    expect((await ask('/commit', { message: 'x', seen: again.seen })).json).toMatchObject({ version: 8 });
  });

  test('files with an error are not pushed, and the place is named', async () => {
    world.edit(source, 'event: track/order_completed', 'evnt: track/order_completed');
    const state = await ask('');
    const problem = { file: expect.stringContaining(source), line: expect.any(Number), column: expect.any(Number) };
    expect(state.json).toMatchObject({ files: { problems: [problem], changes: [] } });
    for (const path of ['/push', '/push-and-commit', '/push-and-commit/dry-run'])
      expect((await ask(path, path === '/push-and-commit' ? { message: 'x' } : {})).json).toMatchObject({
        kind: 'files_with_errors',
        problems: [{ message: expect.stringContaining('event') }],
      });
    world.edit(source, 'evnt: track/order_completed', 'event: track/order_completed');
  });
});

describe('what changes an environment', () => {
  test('is refused where content comes by promotion, with the way to go', async () => {
    for (const [path, body] of [
      ['/push', {}],
      ['/commit', { message: 'x' }],
      ['/push-and-commit', { message: 'x' }],
    ] as const)
      expect(await ask(path, body, 'staging')).toMatchObject({
        status: 409,
        json: { title: 'content of staging comes by promotion, from development' },
      });
  });

  test('needs the name of an environment on AWS, and a console that changes something', async () => {
    expect(await ask('/push', {}, 'production')).toMatchObject({ status: 428, json: { code: 'name_missing' } });
    const cookie = await signIn(reading);
    for (const path of ['/push', '/commit', '/push-and-commit']) {
      const address = `/api/environments/development/configuration${path}`;
      const answer = await call(reading.port, address, { method: 'POST', headers: { cookie }, body: {} });
      expect(answer).toMatchObject({ status: 403, json: { code: 'read_only' } });
    }
  });

  test('needs files where it reads them, and the state says that there are none', async () => {
    const cookie = await signIn(bare);
    const at = (path: string, how = {}) =>
      call(bare.port, `/api/environments/development/configuration${path}`, { headers: { cookie }, ...how });
    expect((await at('')).json).toMatchObject({ files: null, live: { version: 8 } });
    const refused = await at('/push', { method: 'POST', body: {} });
    expect(refused).toMatchObject({
      status: 409,
      json: { title: 'this console has no configuration files', remedies: [expect.stringContaining('--dir')] },
    });
  });
});
