import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Console } from '../../infra/console/server.ts';
import { switchSource } from '../../shared/operations/settings/switches.ts';
import { startCheckout, type TestCheckout } from './configuration-for-tests.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

/* What concerns two environments, and ways back: one story from a first promotion to a revert and a pull. */

let world: TestCheckout;
let served: Console;
let reading: Console;
let bare: Console;
let headers: { cookie: string };

const source = 'sources/rudderstack.yaml';
const workflow = 'workflows/order-completed.yaml';

beforeAll(async () => {
  world = await startCheckout();
  const { environments, checkout } = world;
  served = await startConsoleOf(environments, { checkout });
  reading = await startConsoleOf(environments, { checkout, readOnly: true });
  bare = await startConsoleOf({ development: environments.development });
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

const commitFiles = (message: string) => ask('/push-and-commit', { message });
type Row = {
  type: string;
  key: string;
  mapping: string | null;
  cells: Record<string, { state: string; off: boolean }>;
};

/** `source/rudderstack: files same, development behind, …` */
async function row(type: string, key: string, mapping: string | null = null) {
  const { json } = await ask('/matrix');
  const found = (json.rows as Row[]).find((one) => one.type === type && one.key === key && one.mapping === mapping);
  return Object.entries(found?.cells ?? {})
    .map(([name, { state, off }]) => `${name} ${state}${off ? ',off' : ''}`)
    .join(' ');
}

describe('a promotion', () => {
  test('is planned with its commits, what changes, and each problem by its name', async () => {
    await commitFiles('First');
    expect(await row('source', 'rudderstack')).toBe('files same development same staging absent production absent');
    const { json } = await ask('/promote/dry-run', {}, 'staging');
    expect(json).toMatchObject({
      kind: 'planned',
      from: 'development',
      version: 0,
      commits: [{ message: 'First', author: 'Ada <ada@example.com>' }],
      changes: [{ key: 'rudderstack' }, { key: 'order-completed' }],
    });
  });

  test('is refused for what would not work there, and each reason is overruled alone', async () => {
    world.edit(workflow, '  staging: { type: log }\n', '');
    await commitFiles('No target in staging');
    const objection = {
      kind: 'target_missing workflow/order-completed',
      what: 'workflow/order-completed has no target for staging',
      remedies: ['add target.staging to its file, commit, promote'],
      overrule: 'promote all the same',
    };
    const refused = { kind: 'refused', objections: [objection] };
    expect((await ask('/promote', {}, 'staging')).json).toMatchObject(refused);
    const other = { allowed: ['target_missing workflow/another', 'target_missing'] };
    expect((await ask('/promote', other, 'staging')).json).toMatchObject(refused);
    expect((await ask('', undefined, 'staging')).json).toMatchObject({ live: null });
    world.edit(workflow, 'target:\n', 'target:\n  staging: { type: log }\n');
    await commitFiles('A target in staging');
    const stale = { seen: 'what was shown before' };
    expect((await ask('/promote', stale, 'staging')).json).toEqual({ kind: 'changed_meanwhile' });
    const { json: plan } = await ask('/promote/dry-run', {}, 'staging');
    const promoted = await ask('/promote', { seen: plan.seen }, 'staging');
    expect(promoted.json).toMatchObject({ kind: 'promoted', version: 1 });
    expect((await ask('', undefined, 'staging')).json).toMatchObject({
      live: { version: 1, author: 'Ada <ada@example.com>', message: expect.stringContaining('from development') },
      takes_commits: false,
      below: 'development',
      above: 'production',
    });
    expect(await row('source', 'rudderstack')).toBe('files same development same staging same production absent');
    expect(await ask('/promote', {}, 'staging')).toMatchObject({ status: 409 });
  });

  test('of one commit brings its resources alone', async () => {
    world.edit(workflow, 'name: ', 'name: A ');
    await commitFiles('Workflow');
    world.edit(source, 'name: RudderStack', 'name: Renamed');
    const { json } = await commitFiles('Source');
    expect((await ask('/promote', { only: json.id, message: 'Only it' }, 'staging')).json).toMatchObject({
      version: 2,
    });
    expect(await row('source', 'rudderstack')).toBe('files same development same staging same production absent');
    expect(await row('workflow', 'order-completed')).toBe(
      'files same development same staging behind production absent',
    );
    expect((await ask('/promote/dry-run', { only: '99' }, 'staging')).status).toBe(404);
  });

  test('goes one step up, where something is above', async () => {
    expect(await ask('/promote', {}, 'development')).toMatchObject({
      status: 400,
      json: { title: 'nothing is promoted to development: it is the first environment' },
    });
  });

  test('to an environment on AWS needs its name', async () => {
    expect(await ask('/promote', {}, 'production')).toMatchObject({ status: 428 });
    const wrong = { 'x-confirm-environment': 'staging' };
    expect(await ask('/promote', {}, 'production', wrong)).toMatchObject({ status: 428 });
    const named = { 'x-confirm-environment': 'production' };
    expect((await ask('/promote', {}, 'production', named)).json).toMatchObject({ kind: 'promoted', version: 1 });
  });
});

describe('two sides', () => {
  test('are compared field by field', async () => {
    world.edit(source, 'name: Renamed', 'name: In the file');
    const path = '/compare?from=live&to=files&resource=source/rudderstack';
    expect((await ask(path)).json).toEqual({
      from: 'live',
      to: 'files',
      changes: [
        {
          type: 'source',
          key: 'rudderstack',
          change: 'changed',
          fields: [{ path: 'name', before: 'Renamed', after: 'In the file' }],
        },
      ],
    });
    expect(await row('source', 'rudderstack')).toBe('files same development behind staging same production same');
    expect((await ask('/compare?from=staging&to=live')).json.changes).toMatchObject([{ key: 'order-completed' }]);
    expect((await ask('/compare?from=1&to=draft')).json.changes).not.toEqual([]);
    expect(await ask('/compare?from=nowhere&to=live')).toMatchObject({ status: 400 });
    world.edit(source, 'name: In the file', 'name: Renamed');
  });

  test('say what is off, and which environments do not answer', async () => {
    const { configuration } = world.environments.staging;
    const by = { author: 'Ben', message: undefined, nowMs: Date.now() };
    await switchSource(configuration, { source: 'rudderstack', enabled: false, ...by });
    expect(await row('source', 'rudderstack')).toBe('files same development same staging same,off production same');
    const away = await startConsoleOf({
      development: world.environments.development,
      staging: () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })),
    });
    const address = '/api/environments/development/configuration/matrix';
    const { status, json } = await call(away.port, address, { headers: { cookie: await signIn(away) } });
    expect([status, json]).toMatchObject([
      200,
      { columns: ['development'], files: 'none', unreachable: [{ name: 'staging', why: expect.any(String) }] },
    ]);
    await away.stop();
  });

  test('leave the files out while one has an error', async () => {
    world.edit(source, 'kind: rudderstack', 'kind: rudderstuck');
    const { json } = await ask('/matrix');
    expect(json).toMatchObject({ files: 'with_errors', columns: ['development', 'staging', 'production'] });
    expect(await ask('/compare?from=live&to=files')).toMatchObject({
      status: 409,
      json: { title: expect.stringContaining(source), remedies: ['correct the files first'] },
    });
    expect(await ask('/promote/dry-run', {}, 'staging')).toMatchObject({ status: 409 });
    world.edit(source, 'kind: rudderstuck', 'kind: rudderstack');
  });
});

describe('the log', () => {
  test('has every change, newest first, by kind and resource, in parts', async () => {
    const { json } = await ask('/log', undefined, 'staging');
    expect(json).toMatchObject({
      rows: [
        { kind: 'state', author: 'Ben', settings: [{ path: 'sources.rudderstack.enabled', after: false }] },
        { kind: 'commit', version: 2, message: 'Only it', promoted_from: { environment: 'development' } },
        { kind: 'commit', version: 1 },
      ],
      next: null,
    });
    expect((await ask('/log?kind=commit&limit=1', undefined, 'staging')).json).toMatchObject({
      rows: [{ version: 2 }],
      next: '2',
    });
    expect((await ask('/log?kind=commit&limit=1&after=2', undefined, 'staging')).json).toMatchObject({
      rows: [{ version: 1 }],
      next: null,
    });
    expect((await ask('/log?resource=workflow/order-completed', undefined, 'staging')).json.rows).toHaveLength(1);
    expect(await ask('/log?resource=order-completed', undefined, 'staging')).toMatchObject({
      status: 400,
      json: { title: expect.stringContaining('source/KEY') },
    });
  });

  test('has each change field by field', async () => {
    expect((await ask('/log/2', undefined, 'staging')).json).toMatchObject({
      version: 2,
      differences: [{ key: 'rudderstack', fields: [{ path: 'name', before: 'RudderStack', after: 'Renamed' }] }],
    });
    expect((await ask('/log/77', undefined, 'staging')).status).toBe(404);
  });
});

describe('the way back', () => {
  test('a revert takes a commit back by a new one, and a later change is a conflict', async () => {
    const { json: log } = await ask('/log?kind=commit');
    const [newest] = log.rows as { id: string; message: string }[];
    expect((await ask('/revert/dry-run', { commit: newest?.id })).json).toMatchObject({
      kind: 'planned',
      message: `Revert ${newest?.id}: Source`,
      changes: [{ key: 'rudderstack', fields: [{ path: 'name', before: 'Renamed', after: 'RudderStack' }] }],
      objections: [],
    });
    const stale = { commit: newest?.id, seen: 'what was shown before' };
    expect((await ask('/revert', stale)).json).toEqual({ kind: 'changed_meanwhile' });
    expect((await ask('/revert', { commit: newest?.id })).json).toMatchObject({ kind: 'reverted', version: 6 });
    expect(await ask('/revert', { commit: newest?.id })).toMatchObject({ status: 409 });
    const conflict = { kind: 'conflict', what: expect.stringContaining('Workflow'), overrule: 'or take both back' };
    expect((await ask('/revert', { commit: '3', allowed: ['missing_references'] })).json).toMatchObject({
      kind: 'refused',
      objections: [conflict],
    });
  });

  test('a change of settings has no version to go back to', async () => {
    expect(await ask('/revert', { commit: '3' }, 'staging')).toMatchObject({
      status: 400,
      json: { title: expect.stringContaining('changed settings') },
    });
  });

  test('a pull writes what is live into the files, keeps comments, and removes only when told to', async () => {
    expect(world.read(source)).toContain('name: Renamed');
    world.write('workflows/mine.yaml', 'name: Mine\ntarget:\n  development: { type: log }\n');
    expect((await ask('/pull/dry-run', {})).json).toMatchObject({
      version: 6,
      files: [
        { file: expect.stringContaining(source), change: 'rewrite' },
        { file: expect.stringContaining('mine.yaml'), change: 'remove' },
      ],
    });
    expect(world.read(source)).toContain('name: Renamed');
    expect((await ask('/pull', {})).json).toMatchObject({
      done: [{ change: 'rewrite' }],
      kept: [{ change: 'remove' }],
    });
    expect(world.read(source)).toContain('name: RudderStack\n');
    expect(world.read(source)).toContain('# Keeps the user current.');
    expect(world.read('workflows/mine.yaml')).toContain('Mine');
    await ask('/pull', { remove: true });
    expect(() => world.read('workflows/mine.yaml')).toThrow('ENOENT');
    expect((await ask('')).json).toMatchObject({ files: { changes: [], unsaved: [] } });
  });
});

describe('nothing of it changes anything', () => {
  test('in a console that only reads', async () => {
    const cookie = await signIn(reading);
    for (const path of ['promote', 'revert', 'pull']) {
      const address = `/api/environments/staging/configuration/${path}`;
      const answer = await call(reading.port, address, { method: 'POST', headers: { cookie }, body: {} });
      expect(answer).toMatchObject({ status: 403, json: { code: 'read_only' } });
    }
  });

  test('without files, or without the environment below', async () => {
    const cookie = await signIn(bare);
    const at = (path: string) =>
      call(bare.port, `/api/environments/development/configuration/${path}`, {
        method: 'POST',
        headers: { cookie },
        body: {},
      });
    expect(await at('pull')).toMatchObject({
      status: 409,
      json: { title: expect.stringContaining('no configuration') },
    });
    const staging = await startConsoleOf({ staging: world.environments.staging }, { checkout: world.checkout });
    const address = '/api/environments/staging/configuration/promote/dry-run';
    const asked = { method: 'POST', headers: { cookie: await signIn(staging) }, body: {} };
    expect(await call(staging.port, address, asked)).toMatchObject({
      status: 404,
      json: { title: 'this console has no environment "development"' },
    });
    await staging.stop();
  });
});
