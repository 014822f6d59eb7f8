import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../infra/local/runtime.ts';
import { fileBasesAt } from '../../shared/operations/configuration/files/file-bases.ts';
import { type Environment, openEnvironment, StackOutputs } from '../../shared/operations/environment.ts';
import { startConsoleOf } from '../console/console-for-tests.ts';
import { configFolder, configure } from '../support/config.ts';
import { noTrouble, openPrinted, openTab, picture, startBrowser } from './browser-for-tests.ts';
import { cursorBehind, last, result } from './editor-for-tests.ts';

/* A newcomer's first minutes, without a terminal: from the printed URL to a promoted mapping. The whole pipeline runs here. */

let folder: string;
let directory: string;
let runtime: Runtime;
let browser: Browser;
let served: Console;
const opened: Environment[] = [];

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
const stripe = () => readFileSync(join(directory, 'sources', 'stripe.yaml'), 'utf8');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-newcomer-'));
  directory = join(folder, 'config');
  cpSync(configFolder, directory, { recursive: true });
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
  browser = await startBrowser();
  runtime = await startRuntime({ environments: ['development', 'staging'], port: 0, configure });
  for (const name of ['development', 'staging']) {
    const { region, credentials, endpoints, outputs } = runtime.environments[name] as RuntimeEnvironment;
    opened.push(openEnvironment(name, 'local', StackOutputs.parse(outputs), { region, credentials }, endpoints));
  }
  const environments = Object.fromEntries(opened.map((environment) => [environment.name, environment]));
  const checkout = { directory, bases: fileBasesAt(join(folder, '.git', 'file-bases.json')) };
  served = await startConsoleOf(environments, { checkout });
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await served?.stop();
  for (const environment of opened) environment.documents.destroy();
  await runtime?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a newcomer adds Stripe, sees an event and why, changes its mapping, commits, and promotes', async () => {
  const startedMs = performance.now();
  const tab = await openTab(browser, served, '');
  const { page } = tab;
  const dialog = page.locator('dialog');
  await openPrinted(tab, served);
  await page.locator('nav').getByRole('link', { name: 'Sources' }).click();
  await page.getByRole('link', { name: 'Add a source' }).click();
  await page.locator('.card').filter({ hasText: 'Stripe' }).click();
  await page.getByRole('button', { name: 'Add the source…' }).click();
  await page.getByRole('button', { name: 'Write and commit' }).click();
  await page.waitForURL('**/sources/stripe/setup');
  const added = stripe();

  await page.getByRole('button', { name: 'Set the secret…' }).click();
  await page.getByLabel(/^The secret, as Stripe shows it/).fill('whsec_a-secret-of-this-test-only');
  await page.getByRole('button', { name: 'Set it', exact: true }).click();
  await page.locator('#secret .good').waitFor();
  await page.getByRole('button', { name: 'Send a sample…' }).click();
  await page.getByLabel('What', { exact: true }).selectOption('customer.created');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.locator('.arrived .newest', { hasText: 'customer.created' }).waitFor();

  // Why its mapping did what it did, and from there to the mapping with this event.
  await page.getByRole('link', { name: 'See what its mappings did, and why' }).click();
  await page.locator('.timeline').getByText('customer-created').first().waitFor();
  const change = page.getByRole('link', { name: 'Change it, and try it on this event' });
  if (!(await change.isVisible())) await page.locator('.timeline summary', { hasText: 'customer-created' }).click();
  await change.click();
  await result(page).getByText('runs').first().waitFor();
  await cursorBehind(page, 'properties: data.object.metadata');
  await page.keyboard.press('Shift+Home');
  await page.keyboard.type('properties: data.object');
  await result(page).getByText('parameters differ: properties').waitFor();
  await last(page).getByText('1 event would change').waitFor();
  await picture(tab, 'newcomer-editor');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('in the draft of development: 1 change').waitFor();
  await page.getByRole('button', { name: 'Commit…' }).click();
  // Its one field is where the keys go.
  await dialog.locator('input:focus').waitFor();
  await page.keyboard.type('All that Stripe knows of a customer');
  await dialog.getByRole('button', { name: 'Commit', exact: true }).click();
  await page.locator('.page-head .status.good', { hasText: 'live' }).waitFor();

  // The next event runs by the new text.
  await page.goto(`http://127.0.0.1:${served.port}/development/sources/stripe`);
  await page.getByRole('button', { name: 'Send a sample…' }).click();
  await page.getByLabel('What', { exact: true }).selectOption('customer.created');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('1 of 1 request accepted').waitFor();
  await page.locator('.now.good a').first().click();
  await page.locator('.timeline').getByText('data.object', { exact: true }).first().waitFor();
  await picture(tab, 'newcomer-event');

  await page.locator('nav').getByRole('link', { name: 'Configuration' }).click();
  await page.getByRole('tab', { name: 'All environments' }).click();
  const cells = page.getByRole('row', { name: /source\/stripe/ }).locator('td');
  await cells.last().getByText('absent').waitFor();
  await page.getByRole('button', { name: 'Promote to staging…' }).last().click();
  await dialog.getByText('customer-created').first().waitFor();
  await dialog.getByText('All that Stripe knows of a customer').first().waitFor();
  // Staging has no secret of Stripe's yet.
  await dialog.getByText('set it on the set-up page of the source there').waitFor();
  for (const box of await dialog.getByRole('checkbox').all()) await box.check();
  await picture(tab, 'newcomer-promote');
  await dialog.getByRole('button', { name: 'Promote', exact: true }).click();
  await page.getByText('staging is at version 2').waitFor();
  await page.getByText('nothing to promote').first().waitFor();
  await cells.last().getByText('same').waitFor();
  await picture(tab, 'newcomer-matrix');
  // What staging lacks is a click away from where it is said.
  const there = await page.context().newPage();
  await there.goto(`http://127.0.0.1:${served.port}/staging`);
  await there.locator('.findings li', { hasText: 'secret missing' }).getByRole('link', { name: 'Set it' }).click();
  await there.waitForURL('**/staging/sources/stripe/setup');
  await there.getByRole('button', { name: 'Set the secret…' }).waitFor();
  await there.close();
  console.log(`from the printed URL to the promoted mapping: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);

  // In git: new files alone, and in them what was written, with its comments.
  expect(git('diff')).toBe('');
  expect(git('status', '--porcelain', '--untracked-files=all').trim().split('\n')).toEqual(
    ['sources/stripe', 'workflows/invoice-created', 'workflows/invoice-paid'].map((file) => `?? config/${file}.yaml`),
  );
  expect(added).toContain('      properties: data.object.metadata\n');
  expect(stripe()).toBe(added.replace('properties: data.object.metadata\n', 'properties: data.object\n'));
  expect(stripe()).toContain('# Keeps the user current.');
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});
