import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { type Stage, startStage, synthesizeStage } from '../drills/stage.ts';
import { type DayOldActions, makeDayOldActions } from '../support/day-old-actions.ts';
import { eventually, noTrouble, openAt, picture, startBrowser, type Tab } from './browser-for-tests.ts';
import { expectJobsOfCli, expectOverviewOfCli, expectProblemsOfCli } from './numbers-for-tests.ts';

/*
 * A target fails, and events with it; a person looks, finds out why, and replays them once it is mended. The whole
 * pipeline runs here, and every number of a page is the number of the command that stands below it.
 */

let outdir: string;
let oldActions: DayOldActions;
let stage: Stage;
let browser: Browser;
let served: Console;
let cookie: string;

beforeAll(async () => {
  oldActions = makeDayOldActions();
  [outdir, browser] = await Promise.all([synthesizeStage(), startBrowser()]);
  stage = await startStage(outdir);
  await stage.identify('lena');
  served = await startConsoleOf({ development: stage.environment });
  cookie = await signIn(served);
});
afterAll(async () => {
  await browser?.close();
  await served?.stop();
  await stage?.stop();
  oldActions.stop();
  rmSync(outdir, { recursive: true, force: true });
});
beforeEach(() => {
  stage.taken.length = 0;
});

const tabAt = (address: string): Promise<Tab> => openAt({ browser, served, cookie }, address);
const go = async ({ page }: Tab, title: string) => {
  await page.locator('nav').getByRole('link', { name: title, exact: true }).click();
  await page.locator('main h1', { hasText: title }).waitFor();
};

/** Sends orders, and waits until all is done with them. @returns their ids */
async function sendOrders(count: number): Promise<string[]> {
  const orders = Array.from({ length: count }, () => stage.order());
  for (let i = 0; i < count; i += 100) expect(await stage.post('shop', orders.slice(i, i + 100))).toBe(200);
  await stage.runtime.idle(180_000);
  return orders.map(({ properties }) => (properties as { order_id: string }).order_id);
}

/** The target has each order exactly once, and no accepted event is missing. */
async function expectEachOnce(orders: string[]): Promise<void> {
  expect([...stage.taken].sort()).toEqual([...orders].sort());
  const { code, stdout } = await stage.signalbox(['verify', '--json']);
  expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ balanced: true })]);
}

test('300 actions that a target failed for a day: the cause is two clicks away, one action replays them', async () => {
  stage.target.answers = 500;
  stage.target.says = 'the order desk is down';
  oldActions.isOld = true;
  const orders = await sendOrders(300);
  oldActions.isOld = false;

  const tab = await tabAt('/development');
  const { page } = tab;
  const diagnosis = await expectOverviewOfCli(page, stage.signalbox);
  expect(diagnosis.findings).toContainEqual(expect.objectContaining({ id: 'actions_failed', count: 300 }));
  await picture(tab, 'incident-overview');

  // One click to the newest of them: the target's own answer is there.
  const finding = page.locator('.findings li', { hasText: 'actions failed' });
  await finding.getByRole('link', { name: 'Newest' }).click();
  await page.locator('.timeline').getByText('the order desk is down').first().waitFor();
  await picture(tab, 'incident-event');
  // Or all of them, in the words of the target.
  await go(tab, 'Problems');
  expect(await expectProblemsOfCli(page, stage.signalbox)).toEqual({ retries_exhausted: 300 });
  await page.getByRole('button', { name: 'Answers' }).click();
  await page.locator('.answers').getByText('the order desk is down').first().waitFor();
  await picture(tab, 'incident-problems');

  stage.target.answers = 200;
  await page.getByRole('button', { name: 'Replay…' }).click();
  await page.locator('dialog').getByText('300 events match').waitFor();
  await picture(tab, 'incident-preview');
  await page.getByLabel(/^Why/).fill('the target is back');
  await page.locator('dialog').getByRole('button', { name: 'Replay', exact: true }).click();
  await page.locator('.jobs li', { hasText: '300 replayed' }).waitFor({ timeout: 120_000 });
  expect(await expectJobsOfCli(page, stage.signalbox)).toMatchObject({
    state: 'done',
    reason: 'the target is back',
    total: 300,
    counts: { replayed: 300 },
  });
  await picture(tab, 'incident-job');
  await stage.runtime.idle(180_000);
  await expectEachOnce(orders);

  await go(tab, 'Problems');
  await page.getByText('Nothing failed').waitFor();
  await go(tab, 'Overview');
  const after = await expectOverviewOfCli(page, stage.signalbox);
  expect(after.findings.map(({ id }) => id)).not.toContain('actions_failed');
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('1,000 that a target refused are replayed as all that match, and the page shows how far it is', async () => {
  stage.target.answers = 410;
  stage.target.says = 'this address is gone';
  const orders = await sendOrders(1_000);
  stage.target.answers = 200;

  const tab = await tabAt('/development/problems');
  const { page } = tab;
  expect(await expectProblemsOfCli(page, stage.signalbox)).toEqual({ target_refused: 1_000 });
  await page.locator('.groups').getByRole('link', { name: 'target_refused' }).click();
  await page.locator('.rows tbody td').first().waitFor();
  await page.getByLabel('Select all that are loaded').check();
  await page.getByRole('button', { name: 'Replay all that match…' }).click();
  await page.locator('dialog').getByText('1,000 events match').waitFor();
  await page.locator('dialog').getByRole('button', { name: 'Replay', exact: true }).click();
  const job = page.locator('.jobs li.shown');
  const progress: number[] = [];
  await eventually(async () => {
    progress.push(Number(await job.locator('progress').getAttribute('value', { timeout: 100 })));
    expect(await job.innerText({ timeout: 100 })).toContain('1,000 replayed');
  }, 150_000);
  console.log(`progress as it was seen: ${[...new Set(progress)].join(', ')}`);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  expect(await job.locator('progress').getAttribute('max')).toBe('1000');
  expect(await expectJobsOfCli(page, stage.signalbox)).toMatchObject({ state: 'done', counts: { replayed: 1_000 } });
  await stage.runtime.idle(180_000);
  await expectEachOnce(orders);
  await go(tab, 'Problems');
  await page.getByText('Nothing failed').waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('runs of a workflow that is paused wait, and go at the rate at which it is resumed', async () => {
  const tab = await tabAt('/development/workflows/confirm-order');
  const { page } = tab;
  await page.getByRole('button', { name: 'Pause…' }).click();
  await page.getByRole('button', { name: 'Pause and hold its runs' }).click();
  await page.locator('.page-head .status', { hasText: 'holding' }).waitFor();
  const orders = await sendOrders(12);
  await page.getByText('12 runs are held').waitFor();
  expect(stage.taken).toEqual([]);
  const [row] = JSON.parse((await stage.signalbox(['workflow', 'list', '--json'])).stdout);
  expect(row).toMatchObject({ key: 'confirm-order', state: 'holding', held: { runs: 12 } });

  const sentMs: number[] = [];
  const push = stage.taken.push.bind(stage.taken);
  stage.taken.push = (...ids) => {
    sentMs.push(...ids.map(() => performance.now()));
    return push(...ids);
  };
  await page.getByRole('button', { name: 'Resume…' }).click();
  await page.getByLabel(/^Runs per second/).fill('4');
  await picture(tab, 'resume');
  await page.getByRole('button', { name: 'Release 12 and resume' }).click();
  await page.locator('.page-head .status', { hasText: 'active' }).waitFor({ timeout: 60_000 });
  await stage.runtime.idle(60_000);
  // Twelve at four per second cannot be there sooner, on however fast a machine.
  expect((sentMs.at(-1) ?? 0) - (sentMs[0] ?? 0)).toBeGreaterThan(1_000);
  await expectEachOnce(orders);
  await eventually(async () => expect(await page.getByText('runs are held').count()).toBe(0));
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('an event is shown as it comes in, without a reload', async () => {
  const tab = await tabAt('/development/events');
  await tab.page.locator('.live.on').waitFor();
  const sentMs = performance.now();
  await stage.post('shop', stage.order({ userId: 'user of the live order' }));
  await tab.page.locator('tbody tr', { hasText: 'user of the live order' }).waitFor();
  console.log(`shown ${Math.round(performance.now() - sentMs)} ms after it was sent`);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});
