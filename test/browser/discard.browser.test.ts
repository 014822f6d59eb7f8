import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { actionEntry, type EntryChange, eventEntry, outcome } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import {
  accessibilityOf,
  expectFits,
  noTrouble,
  openAt,
  picture,
  startBrowser,
  type Tab,
} from './browser-for-tests.ts';

/* Failures that need no repair are closed, by row and by the search that finds them, and taken back. */

let browser: Browser;
let environment: TestEnvironment;
let served: Console;
let cookie: string;
let one: string;

async function logFailure(secondsAgo: number, detail: string, change: EntryChange = {}): Promise<string> {
  const id = makeEventId('rudderstack', 0, Date.now() - secondsAgo * 1_000, randomBytes(12));
  const entry = eventEntry({ id, key: `message-${id}`, ...change });
  await environment.eventLog.writeEach([entry]);
  const failed = outcome(id, { status: 'failed', reason: 'target_refused', detail, result: undefined as never });
  await environment.actionLog.writeEach([actionEntry(entry, [failed])]);
  return id;
}

beforeAll(async () => {
  [browser, environment] = await Promise.all([startBrowser(), startEnvironment()]);
  await environment.commit(liveConfiguration());
  one = await logFailure(30, 'the target answered 422: no such template', { userId: 'user-one' });
  for (let i = 0; i < 40; i++) await logFailure(60 + i, 'the target answered 410: gone');
  served = await startConsoleOf({ development: environment });
  cookie = await signIn(served);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  await environment.stop();
});

const tabAt = (address: string): Promise<Tab> => openAt({ browser, served, cookie }, address);

test('an event is closed for a reason, says so wherever it is shown, and a replay takes it back', async () => {
  const tab = await tabAt(`/development/events/${one}`);
  const { page } = tab;
  await page.getByRole('button', { name: 'Discard…' }).click();
  const discard = page.locator('dialog').getByRole('button', { name: /^Discard/ });
  await page.locator('.preview li', { hasText: 'closes order-completed, failed' }).waitFor();
  expect(await discard.isDisabled()).toBe(true);
  await page.getByLabel(/^Why it is closed/).fill('a test order');
  await picture(tab, 'discard-one');
  expect(await accessibilityOf(tab)).toEqual([]);
  await discard.click();
  await page.locator('.now', { hasText: 'Discarded by Ada' }).waitFor();
  await page.locator('.now', { hasText: 'takes that back' }).waitFor();
  expect(await page.getByRole('button', { name: 'Discard…' }).count()).toBe(0);
  await picture(tab, 'discarded-event');

  await page.goto(`http://127.0.0.1:${served.port}/development/actions?status=discarded`);
  await page.locator('tr[data-closed]', { hasText: 'discarded: a test order · Ada' }).waitFor();
  expect(await accessibilityOf(tab)).toEqual([]);
  await picture(tab, 'discarded-actions');

  await page.goto(`http://127.0.0.1:${served.port}/development/events/${one}`);
  await page.getByRole('button', { name: 'Replay…' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Replay 1 event' }).click();
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.goto(`http://127.0.0.1:${served.port}/development/actions?status=failed&text=template`);
  await page.locator('tbody tr', { hasText: 'no such template' }).waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('chosen rows are closed together, and no row moves while they are chosen', async () => {
  const tab = await tabAt('/development/actions?text=410');
  const { page } = tab;
  const row = page.locator('tbody tr[aria-rowindex="4"]');
  await row.waitFor();
  const before = await row.boundingBox();
  for (const index of [2, 3]) await page.locator(`tbody tr[aria-rowindex="${index}"] input`).check();
  await page.getByText('2 actions selected').waitFor();
  expect(await row.boundingBox()).toEqual(before);
  await expectFits(tab);
  await page.locator('.selection').getByRole('button', { name: 'Discard…' }).click();
  await page.getByLabel(/^Why it is closed/).fill('two of them');
  await page.locator('dialog').getByRole('button', { name: 'Discard 2 actions' }).click();
  await page.locator('tr[data-closed]').nth(1).waitFor();
  expect(await page.locator('tr[data-closed]').count()).toBe(2);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('all that match are closed by a job, and the page of problems no longer has them', async () => {
  const tab = await tabAt('/development/problems');
  const { page } = tab;
  await page.getByRole('button', { name: 'Discard…' }).click();
  await page.getByRole('heading', { name: /^Discard failures of \d+ events/ }).waitFor();
  await page.getByLabel(/^Why it is closed/).fill('the shop is closed');
  await picture(tab, 'discard-matching');
  await page.locator('dialog').getByRole('button', { name: 'Discard', exact: true }).click();
  await page
    .locator('.jobs li', { hasText: 'the shop is closed' })
    .getByText(/3\d discarded/)
    .waitFor();
  await picture(tab, 'discard-job');
  await page.locator('nav').getByRole('link', { name: 'Problems' }).click();
  await page.getByText('Nothing failed').waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});
