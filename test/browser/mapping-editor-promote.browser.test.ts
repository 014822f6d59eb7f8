import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { commitCheckout } from '../../shared/operations/configuration/checkout.ts';
import { commitTermsOf } from '../../shared/operations/configuration/commit-terms.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { startCheckout, type TestCheckout } from '../console/configuration-for-tests.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { expectFits, noTrouble, openAt, picture, startBrowser } from './browser-for-tests.ts';
import { cursorBehind, result } from './editor-for-tests.ts';

/* From the text in the editor to the next environment, which is on AWS. */

const file = 'sources/rudderstack.yaml';
const address = '/development/mappings/order-completed?source=rudderstack';

let browser: Browser;
let world: TestCheckout;
let served: Console;
let cookie: string;

beforeAll(async () => {
  [browser, world] = await Promise.all([startBrowser(), startCheckout()]);
  const { development, staging } = world.environments;
  const about = { author: 'Ada <ada@example.com>', message: 'First', nowMs: Date.now() };
  const files = readConfigurationFiles(world.checkout.directory);
  await commitCheckout(development, world.checkout, files, { ...about, terms: commitTermsOf(development, []) });
  const onAws = { ...staging, where: 'AWS eu-central-1', local: false };
  served = await startConsoleOf({ development, staging: onAws }, { checkout: world.checkout });
  cookie = await signIn(served);
});
afterAll(async () => {
  await browser?.close();
  await served?.stop();
  await world?.stop();
});

test('a change beside the mapping is committed in the editor too, and promoted once a name was typed', async () => {
  const tab = await openAt({ browser, served, cookie }, address);
  const { page } = tab;
  const dialog = page.locator('dialog');
  const shipped = world.read(file);
  await result(page).getByText('runs').first().waitFor();
  const promoteHere = page.getByRole('button', { name: 'Promote to staging…' });
  const commitHere = page.getByRole('button', { name: 'Commit…' });
  await promoteHere.waitFor();
  expect(await commitHere.isDisabled()).toBe(true);

  // The mapping stays as it is live; its source gets another name.
  await cursorBehind(page, 'name: RudderStack');
  await page.keyboard.type(' for all');
  await page.getByText('not saved').waitFor();
  // Promotion is offered for a file that is live as a whole.
  await promoteHere.waitFor({ state: 'detached' });
  await result(page).first().waitFor();
  await page.keyboard.press('Control+s');
  await page.getByText('in the draft of development: 1 change').waitFor();
  await page.getByText('other changes of the file are not').waitFor();
  await picture(tab, 'editor-saved-beside');
  await commitHere.click();
  await dialog.getByText('RudderStack for all').first().waitFor();
  await dialog.getByLabel('What the change is for').fill('A name');
  await dialog.getByRole('button', { name: 'Commit', exact: true }).click();
  await page.getByText('other changes of the file are not').waitFor({ state: 'detached' });
  expect(world.read(file)).toBe(shipped.replace('name: RudderStack\n', 'name: RudderStack for all\n'));

  await promoteHere.click();
  await dialog.getByText('RudderStack for all').first().waitFor();
  const promote = dialog.getByRole('button', { name: 'Promote', exact: true });
  expect(await promote.isDisabled()).toBe(true);
  await dialog.getByLabel(/Type its name/).fill('development');
  expect(await promote.isDisabled()).toBe(true);
  await dialog.getByLabel(/Type its name/).fill('staging');
  await picture(tab, 'editor-promote');
  await promote.click();
  await page.getByText('staging is at version 1').waitFor();
  await dialog.waitFor({ state: 'detached' });
  // Another time there is nothing to promote, and the dialog says so.
  await promoteHere.click();
  await dialog.getByText('staging has everything that development has already').waitFor();
  await page.keyboard.press('Escape');

  await page.goto(`http://127.0.0.1:${served.port}/development/configuration?show=matrix`);
  const cells = page.getByRole('row', { name: /^source\/rudderstack/ }).locator('td');
  await cells.last().getByText('same').waitFor();
  expect(await cells.nth(1).innerText()).toMatch(/same$/);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('at the width of a telephone the buttons of the editor fit, Promote among them', async () => {
  const tab = await openAt({ browser, served, cookie }, address, { width: 390, scheme: 'light' });
  await tab.page.getByRole('button', { name: 'Promote to staging…' }).waitFor();
  await picture(tab, 'editor-promote-390');
  await expectFits(tab);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});
