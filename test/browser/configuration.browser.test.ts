import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { commitCheckout } from '../../shared/operations/configuration/checkout.ts';
import { commitTermsOf } from '../../shared/operations/configuration/commit-terms.ts';
import { pushDraft } from '../../shared/operations/configuration/drafts.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { switchSource } from '../../shared/operations/settings/switches.ts';
import { startCheckout, type TestCheckout } from '../console/configuration-for-tests.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import {
  type Look,
  type LookedAt,
  lookAtEach,
  noTrouble,
  openAt,
  picture,
  startBrowser,
  type Tab,
} from './browser-for-tests.ts';

let browser: Browser;
let world: TestCheckout;
/** Journeys edit files in a folder of their own; pages are looked at in another, which stays as it is. */
let still: TestCheckout;
let served: Console;
let reading: Console;
let bare: Console;
let stills: Console;

const source = 'sources/rudderstack.yaml';
const workflow = 'workflows/order-completed.yaml';
const evil =
  '<img src=x onerror=alert(1)><script>alert(2)</script>\u202Egnp.exe\u0007\u001b[2J{{7*7}}javascript:alert(3)';

async function commit({ environments, checkout }: TestCheckout, message: string, author = 'Ada <ada@example.com>') {
  const files = readConfigurationFiles(checkout.directory);
  const { development } = environments;
  const about = { author, message, nowMs: Date.now(), terms: commitTermsOf(development, []) };
  const done = await commitCheckout(development, checkout, files, about);
  if (done.kind !== 'committed') throw new Error(`not committed: ${JSON.stringify(done)}`);
}

/** Another person's draft, with the source under this name. */
async function draftOf({ environments, checkout }: TestCheckout, author: string, name: string) {
  const { snapshot } = readConfigurationFiles(checkout.directory);
  const { rudderstack } = snapshot.sources;
  if (rudderstack === undefined) throw new Error('the checkout has no source');
  const sources = { rudderstack: { ...rudderstack, name } };
  const about = { seed: undefined, author, nowMs: Date.now(), force: true };
  await pushDraft(environments.development.configuration, { ...about, snapshot: { ...snapshot, sources } });
}

beforeAll(async () => {
  [browser, world, still] = await Promise.all([startBrowser(), startCheckout(), startCheckout()]);
  await commit(world, 'First');
  await commit(still, evil, evil);
  still.edit(workflow, 'name: Order completed', `name: ${JSON.stringify(evil)}`);
  await commit(still, 'Odd name');
  await draftOf(still, evil, evil);
  still.edit(source, 'name: RudderStack', 'name: In the file');
  const by = { author: evil, message: evil, nowMs: Date.now() };
  await switchSource(still.environments.development.configuration, { source: 'rudderstack', enabled: false, ...by });
  served = await startConsoleOf(world.environments, { checkout: world.checkout });
  reading = await startConsoleOf(world.environments, { checkout: world.checkout, readOnly: true });
  stills = await startConsoleOf(still.environments, { checkout: still.checkout });
  bare = await startConsoleOf({ production: still.environments.production });
  cookies = new Map(
    await Promise.all([served, reading, stills, bare].map(async (one) => [one, await signIn(one)] as const)),
  );
});
afterAll(async () => {
  await browser.close();
  await Promise.all([served, reading, stills, bare].map((one) => one.stop()));
  await Promise.all([world.stop(), still.stop()]);
});

let cookies: Map<Console, string>;
const at = (console: Console, address: string, look?: Look): Promise<Tab> =>
  openAt({ browser, served: console, cookie: cookies.get(console) ?? '' }, address, look);

const pages: LookedAt[] = [
  ['configuration', () => '/development/configuration', '.differences'],
  ['configuration above', () => '/staging/configuration', '.pipeline'],
  ['configuration matrix', () => '/development/configuration?show=matrix', '.promotion .button'],
  [
    'configuration cell',
    () => '/development/configuration?show=matrix&resource=source/rudderstack&from=files&to=development',
    'dialog .diff',
  ],
  ['configuration log', () => '/development/configuration?show=log', '.rows tbody td'],
  ['configuration commit', () => '/development/configuration?show=log&commit=2', 'dialog .diff'],
  ['configuration settings', () => '/development/configuration?show=log&commit=3', 'dialog .diff'],
];
lookAtEach(pages, (address, look) => at(stills, address, look));

const empties: LookedAt[] = [
  ['configuration of none', () => '/production/configuration', '.empty'],
  ['configuration matrix of none', () => '/production/configuration?show=matrix', '.empty'],
  ['configuration log of none', () => '/production/configuration?show=log', '.empty'],
];
lookAtEach(empties, (address, look) => at(bare, address, look));

test('an edited file is seen, committed, promoted to the next environment, and taken back', async () => {
  const tab = await at(served, '/development/configuration');
  const { page } = tab;
  await page.getByText('same as live').waitFor();
  world.edit(source, 'name: RudderStack', 'name: Our RudderStack');
  await page.getByRole('button', { name: 'Commit the files…' }).click();
  const dialog = page.locator('dialog');
  await dialog.getByText('Our RudderStack').waitFor();
  const button = dialog.getByRole('button', { name: 'Commit', exact: true });
  // A commit says what it is for.
  expect(await button.isDisabled()).toBe(true);
  await dialog.getByLabel('What the change is for').fill('A better name');
  await picture(tab, 'configuration-commit-dialog');
  await button.click();
  await page.getByText('development is at version 2').waitFor();
  await page.getByText('same as live').waitFor();

  await page.getByRole('tab', { name: 'All environments' }).click();
  const cell = page.getByRole('row', { name: /order-completed track/ });
  await cell.getByText('absent').first().waitFor();
  await page.getByRole('button', { name: 'Promote to staging…' }).last().click();
  await dialog.getByText('A better name').first().waitFor();
  await picture(tab, 'configuration-promote-dialog');
  await dialog.getByRole('button', { name: 'Promote', exact: true }).click();
  await page.getByText('staging is at version 1').waitFor();
  await page.getByText('nothing to promote').first().waitFor();

  // The next edit, as a draft first.
  world.edit(source, 'name: Our RudderStack', 'name: Worse');
  await page.getByRole('tab', { name: 'This environment' }).click();
  await page.getByRole('button', { name: 'Save as draft…' }).click();
  await dialog.getByRole('button', { name: 'Save as draft', exact: true }).click();
  await page.getByText('1 resource not live').waitFor();
  await page.getByRole('button', { name: 'Commit the draft…' }).click();
  await dialog.getByLabel('What the change is for').fill('Worse');
  await dialog.getByRole('button', { name: 'Commit', exact: true }).click();
  await page.getByText('development is at version 3').waitFor();

  await page.getByRole('tab', { name: 'Changes' }).click();
  await page.locator('.rows').getByText('Worse').first().click();
  await dialog.getByRole('button', { name: 'Revert…' }).click();
  await dialog.getByText('Afterwards').first().waitFor();
  await picture(tab, 'configuration-revert-dialog');
  // What was reverted is still in the files, and a commit of these would bring it back.
  await dialog.getByText('Pull afterwards').waitFor();
  await dialog.getByRole('button', { name: 'Revert', exact: true }).click();
  await page.getByText(/development is at version 4, without 3-/).waitFor();

  // The file still has what was taken back, until it is pulled; its comments stay.
  await page.getByRole('button', { name: 'Pull into files…' }).click();
  await dialog.getByText('rudderstack.yaml').waitFor();
  await picture(tab, 'configuration-pull-dialog');
  await dialog.getByRole('button', { name: 'Write 1 file' }).click();
  await page.getByText('1 file written').waitFor();
  expect(world.read(source)).toContain('name: Our RudderStack\n');
  expect(world.read(source)).toContain('# Keeps the user current.');
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('what changed while a dialog was open is shown before it is committed', async () => {
  world.edit(source, 'name: Our RudderStack', 'name: Shown');
  const tab = await at(served, '/development/configuration');
  const { page } = tab;
  await page.getByRole('button', { name: 'Commit the files…' }).click();
  const dialog = page.locator('dialog');
  await dialog.getByText('Shown', { exact: true }).waitFor();
  world.edit(source, 'name: Shown', 'name: Our own RudderStack');
  await dialog.getByLabel('What the change is for').fill('A name');
  await dialog.getByRole('button', { name: 'Commit', exact: true }).click();
  await dialog.getByText(/^Nothing was changed: something is not as it was/).waitFor();
  await dialog.getByText('Our own RudderStack').waitFor();
  await picture(tab, 'configuration-changed-meanwhile');
  await dialog.getByRole('button', { name: 'Commit', exact: true }).click();
  await page.getByText('development is at version 5').waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test("another person's draft is seen, and is replaced only by a box of its own", async () => {
  await draftOf(world, 'Ben <ben@example.com>', 'Of Ben');
  world.edit(workflow, 'name: Order completed', 'name: Order placed');
  const tab = await at(served, '/development/configuration');
  const { page } = tab;
  await page.getByText('by Ben <ben@example.com>').waitFor();
  await page.getByText('Of Ben').first().waitFor();
  await page.getByRole('button', { name: 'Save as draft…' }).click();
  const dialog = page.locator('dialog');
  const save = dialog.getByRole('button', { name: 'Save as draft', exact: true });
  await save.click();
  await dialog.getByText(/Ben <ben@example.com> pushed source\/rudderstack/).waitFor();
  await picture(tab, 'configuration-others-draft');
  expect(await save.isDisabled()).toBe(true);
  await dialog.getByLabel('Replace it').check();
  await save.click();
  await page.getByText('by you').waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a file with an error is shown with its place, until it is right again', async () => {
  world.edit(source, 'event: track/order_completed', 'evnt: track/order_completed');
  const tab = await at(served, '/development/configuration');
  const { page } = tab;
  await page
    .getByText(/rudderstack\.yaml:\d+:\d+/)
    .first()
    .waitFor();
  await page.getByText(/evnt/).first().waitFor();
  await picture(tab, 'configuration-problems');
  expect(await page.getByRole('button', { name: 'Commit the files…' }).count()).toBe(0);
  world.edit(source, 'evnt: track/order_completed', 'event: track/order_completed');
  await page.getByText('Problems of files').waitFor({ state: 'detached' });
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a promotion that would not work says why, and one to AWS asks for the name', async () => {
  world.edit(
    workflow,
    '  production: { type: log }\n',
    '  production: { type: http, url: https://example.com/runs }\n',
  );
  await commit(world, 'A real target');
  const tab = await at(served, '/staging/configuration');
  const { page } = tab;
  await page.getByRole('button', { name: 'Promote from development…' }).click();
  const dialog = page.locator('dialog');
  await dialog.getByRole('button', { name: 'Promote', exact: true }).click();
  await page.getByText('staging is at version 2').waitFor();
  await page.getByRole('tab', { name: 'All environments' }).click();
  await page.getByText('it would be refused').waitFor();
  await picture(tab, 'configuration-refused');
  await page.getByRole('button', { name: 'Promote to production…' }).last().click();
  const promote = dialog.getByRole('button', { name: 'Promote', exact: true });
  await dialog.getByText('secret targets/order-completed is not set in production').waitFor();
  await dialog.getByLabel('Promote all the same').check();
  expect(await promote.isDisabled()).toBe(true);
  await dialog.getByLabel(/Type its name/).fill('production');
  await picture(tab, 'configuration-promote-production');
  await promote.click();
  await page.getByText('production is at version 1').waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a console that only reads shows all of it, and no button that changes something', async () => {
  const tab = await at(reading, '/development/configuration');
  const { page } = tab;
  await page.getByText('Live in development').waitFor();
  for (const show of ['', '?show=matrix', '?show=log&commit=1']) {
    await page.goto(`http://127.0.0.1:${reading.port}/development/configuration${show}`);
    await page
      .locator(show === '' ? '.pipeline' : show.includes('log') ? 'dialog .diff' : '.matrix')
      .first()
      .waitFor();
    expect(await page.getByRole('button', { name: /^(Commit|Save|Promote|Revert|Pull)/ }).count()).toBe(0);
  }
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a link to a cell shows the same in another browser, and leads to the source and its changes', async () => {
  const tab = await at(stills, '/development/configuration?show=matrix');
  const { page } = tab;
  await page.getByRole('link', { name: /source\/rudderstack: development is behind/ }).click();
  await page.locator('dialog').getByText('In the file').waitFor();
  const other = await at(stills, new URL(page.url()).pathname + new URL(page.url()).search);
  await other.page.locator('dialog').getByText('In the file').waitFor();
  await other.page.locator('dialog').getByRole('link', { name: 'Its changes' }).click();
  await other.page.locator('.rows').getByText('rudderstack.enabled').waitFor();
  await page.locator('dialog').getByRole('link', { name: 'The source' }).click();
  await page.getByRole('link', { name: 'Configuration', exact: true }).last().waitFor();
  await Promise.all([tab.context.close(), other.context.close()]);
});
