import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type LeftFiles, makeLeftFiles, makePageFiles, type PageFiles } from '../../infra/console/page-files.ts';
import { configFolder } from '../support/config.ts';

let folder: string;
let directory: string;
/** Two consoles, and the run that watches. */
let ours: PageFiles;
let theirs: PageFiles;
let files: LeftFiles;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-page-files-'));
  directory = join(folder, 'config');
  cpSync(configFolder, directory, { recursive: true });
  ours = makePageFiles(directory, notes());
  theirs = makePageFiles(directory, notes());
  files = makeLeftFiles(directory, notes());
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const notes = () => join(folder, 'notes');
const rename = (name: string, file = 'sources/rudderstack.yaml') => {
  const path = join(directory, file);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^name: .*$/m, `name: ${name}`));
};

/** The note of a console whose process ended in the middle of a request. */
const diedWriting = (pid: number | undefined, writingSinceMs: number) =>
  writeFileSync(join(notes(), `${pid}.json`), JSON.stringify({ pid, directory, writingSinceMs }));

test('files are as the page left them, until another editor changes them', async () => {
  expect(await files.areAsLeft()).toBe(false);
  await ours.during(async () => rename('Saved'));
  expect(await files.areAsLeft()).toBe(true);
  expect(await files.areAsLeft()).toBe(true);
  rename('By hand');
  expect(await files.areAsLeft()).toBe(false);
  // Back to what the page had saved, but by hand.
  rename('Saved');
  expect(await files.areAsLeft()).toBe(false);
  await ours.during(async () => rename('By hand'));
  await ours.during(async () => rename('Saved'));
  expect(await files.areAsLeft()).toBe(true);
});

test('a request that writes no file leaves nothing', async () => {
  rename('By hand');
  await ours.during(async () => undefined);
  expect(await files.areAsLeft()).toBe(false);
});

test('a request that has written and not answered yet is waited for, also when it fails', async () => {
  let end: (error?: Error) => void = () => undefined;
  const request = ours.during(
    () =>
      new Promise<void>((resolve, reject) => {
        rename('Saved');
        end = (error) => (error === undefined ? resolve() : reject(error));
      }),
  );
  const asked = files.areAsLeft();
  end(new Error('the secret could not be stored'));
  await expect(request).rejects.toThrow('secret');
  expect(await asked).toBe(true);
});

test('of two consoles, the last that wrote decides, and what the first left is an edit by hand again', async () => {
  await ours.during(async () => rename('Ours'));
  await theirs.during(async () => rename('Theirs'));
  expect(await files.areAsLeft()).toBe(true);
  rename('Ours');
  expect(await files.areAsLeft()).toBe(false);
});

test('requests of two consoles at once leave what both wrote', async () => {
  await Promise.all([
    ours.during(async () => rename('Ours')),
    theirs.during(async () => rename('Theirs', 'workflows/order-completed.yaml')),
  ]);
  expect(await files.areAsLeft()).toBe(true);
});

test('a console that dies in a request holds nothing, and a new run removes its note', async () => {
  await ours.during(async () => rename('Saved'));
  const dead = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(dead, 'exit');
  diedWriting(dead.pid, Date.now());
  // Another program has its process id by now.
  diedWriting(process.pid, Date.now() - 3_600_000);
  expect(await files.areAsLeft()).toBe(true);
  rename('By hand');
  expect(await files.areAsLeft()).toBe(false);
  expect(readdirSync(notes())).toHaveLength(3);
  makeLeftFiles(directory, notes());
  expect(readdirSync(notes())).not.toContain(`${dead.pid}.json`);
});

test('what was left before the run made the files live does not wait', async () => {
  await ours.during(async () => rename('Saved'));
  expect(await makeLeftFiles(directory, notes()).areAsLeft()).toBe(false);
});

test('a console of other files concerns no run of these', async () => {
  const elsewhere = join(folder, 'elsewhere');
  cpSync(directory, elsewhere, { recursive: true });
  await makePageFiles(elsewhere, notes()).during(async () => {
    const path = join(elsewhere, 'sources/rudderstack.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^name: .*$/m, 'name: Same'));
  });
  rename('Same');
  expect(await files.areAsLeft()).toBe(false);
});
