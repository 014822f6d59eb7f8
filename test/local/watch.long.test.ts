import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { root } from '../../infra/build/build.js';
import type { Console } from '../../infra/console/server.ts';
import { call, signIn } from '../console/console-for-tests.ts';

/* `npm start -- --watch` in a copy of the checkout whose files the tests change. */

const checkout = mkdtempSync(join(tmpdir(), 'signalbox-watch-'));
const runtimeFile = join(checkout, 'runtime.json');
let child: ChildProcess;
let printed = '';
let url: string;
/** A page of the console that the run serves. */
let askFirst: Page;

beforeAll(async () => {
  for (const name of ['functions', 'shared', 'infra', 'package.json', 'package-lock.json', 'tsconfig.json', 'cdk.json'])
    cpSync(join(root, name), join(checkout, name), { recursive: true });
  cpSync(join(root, 'test/fixtures/config'), join(checkout, 'infra/config'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  // The entries of tools are below test/, which is not copied; what is started here is of the product.
  child = spawn(
    process.execPath,
    [join(checkout, 'infra/build/run.js'), 'infra/local/main.ts', '--memory', '--port', '0', '--watch'],
    { cwd: checkout, env: { ...process.env, SIGNALBOX_RUNTIME_FILE: runtimeFile }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  await until(() => /^ready$/m.test(printed), 120_000);
  const printedUrl = /^console (\S+)$/m.exec(printed)?.[1] ?? '';
  askFirst = await pageOf({ port: Number(new URL(printedUrl).port), url: printedUrl });
  url = JSON.parse(readFileSync(runtimeFile, 'utf8')).environments.development.outputs.IngestUrl;
});
afterAll(async () => {
  if (child.exitCode === null) {
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGINT');
    await ended;
  }
  rmSync(checkout, { recursive: true, force: true });
});

async function until(isSo: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const startedMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedMs > timeoutMs)
      throw new Error(`not so after ${timeoutMs} ms:\n${printed.slice(-3000)}`);
    await sleep(50);
  }
}

const textOf = (file: string) => readFileSync(join(checkout, file), 'utf8');
function change(file: string, edit: (text: string) => string): void {
  const text = textOf(file);
  const edited = edit(text);
  expect(edited).not.toBe(text);
  printed = '';
  writeFileSync(join(checkout, file), edited);
}

/** What a page asks its console; a body makes it a POST. */
async function pageOf(console: Pick<Console, 'port' | 'url'>) {
  const headers = { cookie: await signIn(console) };
  return async (path: string, body?: unknown) => {
    const how = body === undefined ? { headers } : { method: 'POST', headers, body };
    const answer = await call(console.port, `/api/environments/development${path}`, how);
    return answer.json as Record<string, unknown>;
  };
}
type Page = Awaited<ReturnType<typeof pageOf>>;

const liveVersion = async () => Number(((await askFirst('/configuration')).live as { version: number }).version);

/** As the mapping editor does: the file, then the draft of all files. */
async function saveName(ask: Page, name: string): Promise<void> {
  const { text, hash } = await ask('/mappings/file?kind=sources&key=rudderstack');
  const edited = String(text).replace(/^name: .*$/m, `name: ${name}`);
  expect(edited).not.toBe(text);
  printed = '';
  const file = { kind: 'sources', key: 'rudderstack' };
  expect(await ask('/mappings/save', { file, text: edited, seen: hash })).toMatchObject({ kind: 'saved' });
  expect(await ask('/configuration/push', {})).toMatchObject({ kind: 'saved', changes: [{ key: 'rudderstack' }] });
}

/** `npx signalbox console`: a process of its own. */
async function startSecondConsole(): Promise<{ process: ChildProcess; console: Pick<Console, 'port' | 'url'> }> {
  const started = spawn(
    process.execPath,
    [join(checkout, 'infra/build/run.js'), 'infra/cli/main.ts', 'console', '--json', '--port', '0'],
    {
      cwd: checkout,
      env: { ...process.env, SIGNALBOX_RUNTIME_FILE: runtimeFile },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let out = '';
  started.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  await until(() => started.exitCode !== null || out.includes('\n'), 120_000);
  const { url } = JSON.parse(out) as { url: string };
  return { process: started, console: { url, port: Number(new URL(url).port) } };
}

/** What a request without a source is answered by ingest. */
async function refusal(): Promise<string> {
  const response = await fetch(`${url}/v1/sources/nobody/nothing`, { method: 'POST', body: '{}' });
  return response.text();
}

const refusals = 'shared/core/ingest/refusal.ts';
const workflow = 'infra/config/workflows/order-completed.yaml';

describe('npm start -- --watch', () => {
  test('takes a change of the code without a restart', async () => {
    const before = await refusal();
    const shown = JSON.parse(before).title as string;
    change(refusals, (text) => text.replaceAll(shown, `${shown} (changed)`));
    await until(async () => (await refusal()).includes('(changed)'), 60_000);
    await until(() => printed.includes(`${refusals}: live in signalbox-development-`), 60_000);
  });

  test('says what does not compile, goes on with what ran before, and takes the repair', async () => {
    change(refusals, (text) => `${text}\nexport const = 1;\n`);
    await until(() => printed.includes('not taken'), 60_000);
    expect(printed).toMatch(new RegExp(`${refusals}:\\d+:\\d+`));
    expect(await refusal()).toContain('(changed)');
    change(refusals, (text) => text.replace('\nexport const = 1;\n', '').replaceAll('(changed)', '(again)'));
    await until(async () => (await refusal()).includes('(again)'), 60_000);
  });

  test('takes no code that compiles and cannot be loaded', async () => {
    change(refusals, (text) => `${text}\nthrow new Error('at load');\n`);
    await until(() => printed.includes('not taken'), 60_000);
    expect(printed).toContain('at load');
    expect(await refusal()).toContain('(again)');
    change(refusals, (text) => text.replace("\nthrow new Error('at load');\n", ''));
    await until(() => printed.includes('live in'), 60_000);
  });

  test('commits a change of the configuration', async () => {
    const file = 'infra/config/sources/rudderstack.yaml';
    change(file, (text) => text.replace(/^name: .*$/m, 'name: Renamed'));
    await until(() => printed.includes('development is at version 2'), 60_000);
  });

  test('leaves to the person what the console saved, and takes what another editor then changes', async () => {
    const version = await liveVersion();
    await saveName(askFirst, 'Saved in the page');
    await until(() => printed.includes('saved by the console'), 60_000);
    expect(await askFirst('/configuration')).toMatchObject({
      live: { version },
      draft: { changes: [{ key: 'rudderstack' }] },
    });
    expect(await askFirst('/configuration/push-and-commit', { message: 'Named' })).toMatchObject({
      version: version + 1,
    });
    change('infra/config/sources/rudderstack.yaml', (now) => now.replace(/^name: .*$/m, 'name: By hand'));
    await until(() => printed.includes(`development is at version ${version + 2}`), 60_000);
  });

  test('leaves to the person what a console in another process saved, and all agree where files came from', async () => {
    const second = await startSecondConsole();
    try {
      const ask = await pageOf(second.console);
      const version = await liveVersion();
      const commit = (page: Page) =>
        page('/configuration/commit', { only: ['source/rudderstack'], message: 'From the page' });
      await saveName(ask, 'Of the second');
      await until(() => printed.includes('saved by the console'), 60_000);
      const drafted = { live: { version }, draft: { changes: [{ key: 'rudderstack' }] } };
      expect(await askFirst('/configuration')).toMatchObject(drafted);
      expect(await commit(ask)).toMatchObject({ version: version + 1 });

      change(workflow, (text) => text.replace(/^name: .*$/m, 'name: By hand'));
      await until(() => printed.includes(`development is at version ${version + 2}`), 60_000);
      // Each knows what the other and the watch committed; nothing of it is taken for a colleague's.
      await saveName(askFirst, 'Of the first');
      await until(() => printed.includes('saved by the console'), 60_000);
      expect(await commit(askFirst)).toMatchObject({ version: version + 3 });
      await saveName(ask, 'Of the second again');
      await until(() => printed.includes('saved by the console'), 60_000);

      // The watch takes the files as they are, with what waited, and no page says that it still waits.
      change(workflow, (text) => text.replace(/^name: .*$/m, 'name: By hand again'));
      await until(() => printed.includes(`development is at version ${version + 4}`), 60_000);
      const taken = { live: { version: version + 4 }, draft: null, files: { unsaved: [] } };
      expect(await ask('/configuration')).toMatchObject(taken);
      expect(await askFirst('/configuration')).toMatchObject(taken);
    } finally {
      second.process.kill('SIGKILL');
    }
    // A console that is gone holds nothing.
    const version = await liveVersion();
    change(workflow, (text) => text.replace(/^name: .*$/m, 'name: After it'));
    await until(() => printed.includes(`development is at version ${version + 1}`), 60_000);
  });

  test('says with file, line and column what is wrong with it, and keeps the version before', async () => {
    const file = 'infra/config/sources/rudderstack.yaml';
    const sound = textOf(file);
    change(file, (text) => text.replace(/^kind: .*$/m, 'kind: nothing'));
    await until(() => printed.includes('not taken'), 60_000);
    expect(printed).toMatch(/sources\/rudderstack\.yaml:\d+:\d+/);
    change(file, () => sound);
    await until(() => printed.includes('nothing changes'), 60_000);
  });

  test('synthesizes again only for a change of the stack, and serves on under the same address', async () => {
    change('infra/environments.ts', (text) => text.replace('logRetentionDays: 14', 'logRetentionDays: 15'));
    await until(() => printed.includes('synthesized again'), 120_000);
    expect(JSON.parse(readFileSync(runtimeFile, 'utf8')).environments.development.outputs).toMatchObject({
      IngestUrl: url,
      LogRetentionDays: '15',
    });
    expect(await refusal()).toContain('(again)');
  });

  test('tells what is wrong with the stack, and runs on', async () => {
    const sound = textOf('infra/environments.ts');
    change('infra/environments.ts', (text) => text.replace("name: 'development'", "name: 'renamed'"));
    await until(() => printed.includes('not taken'), 120_000);
    expect(printed).toContain('there is no environment "development"');
    expect(await refusal()).toContain('(again)');
    change('infra/environments.ts', () => sound);
    await until(() => printed.includes('synthesized again'), 120_000);
  });
});
