import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { makePageFiles, type PageFiles } from '../../infra/console/page-files.ts';
import { configFolder } from '../support/config.ts';

let directory: string;
let files: PageFiles;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-page-files-'));
  cpSync(configFolder, directory, { recursive: true });
  files = makePageFiles(directory);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const path = () => join(directory, 'sources/rudderstack.yaml');
const rename = (name: string) =>
  writeFileSync(path(), readFileSync(path(), 'utf8').replace(/^name: .*$/m, `name: ${name}`));

test('files are as the page left them, until another editor changes them', async () => {
  expect(await files.areAsLeft()).toBe(false);
  await files.during(async () => rename('Saved'));
  expect(await files.areAsLeft()).toBe(true);
  expect(await files.areAsLeft()).toBe(true);
  rename('By hand');
  expect(await files.areAsLeft()).toBe(false);
  // Back to what the page had saved, but by hand.
  rename('Saved');
  expect(await files.areAsLeft()).toBe(false);
});

test('a request that writes no file leaves nothing', async () => {
  rename('By hand');
  await files.during(async () => undefined);
  expect(await files.areAsLeft()).toBe(false);
});

test('a request that has written and not answered yet is waited for, also when it fails', async () => {
  let end: (error?: Error) => void = () => undefined;
  const request = files.during(
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
