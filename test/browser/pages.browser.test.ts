import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import { actionEntry, type EntryChange, eventEntry, outcome } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { liveConfiguration, trackEvent } from '../support/build.ts';
import {
  type Look,
  type LookedAt,
  lookAtEach,
  noTrouble,
  openAt,
  openPrinted,
  openTab,
  startBrowser,
  type Tab,
} from './browser-for-tests.ts';

/* Every page, with nothing, with one event and with many, at both widths and in both colour schemes. */

let browser: Browser;
let environment: TestEnvironment;
let empty: TestEnvironment;
let served: Console;
let cookie: string;
let failed: EventLogEntry;
let hostile: EventLogEntry;

/** What strangers put into fields: markup, addresses, escape sequences, marks of direction, and much of it. */
const evil = `<img src=x onerror=alert(1)><script>alert(2)</script>\u202Egnp.exe\u0007\u001b[2J{{7*7}}javascript:alert(3)`;
const long = 'x'.repeat(2_000);

async function log(secondsAgo: number, change: EntryChange = {}): Promise<EventLogEntry> {
  const id = makeEventId('rudderstack', 0, Date.now() - secondsAgo * 1_000, randomBytes(12));
  const entry = eventEntry({ id, key: `message-${id}`, ...change });
  await environment.eventLog.writeEach([entry]);
  return entry;
}

beforeAll(async () => {
  [browser, environment, empty] = await Promise.all([startBrowser(), startEnvironment(), startEnvironment()]);
  await environment.commit(liveConfiguration());
  await empty.commit(liveConfiguration());
  const many = Array.from({ length: 400 }, (_, i) => {
    const id = makeEventId('rudderstack', 0, Date.now() - (i + 60) * 9_000, randomBytes(12));
    return eventEntry({ id, key: `message-${i}`, userId: `user_${i % 37}` });
  });
  await environment.eventLog.writeEach(many);
  await environment.actionLog.writeEach(many.map((entry) => actionEntry(entry, [outcome(entry.id)])));
  failed = await log(50, { userId: 'user_7', key: 'message-failed' });
  await environment.actionLog.writeEach([
    actionEntry(failed, [
      outcome(failed.id, { mapping: 'identify', action: 'users_identify', result: {} }),
      outcome(failed.id, {
        status: 'failed',
        reason: 'target_refused',
        detail: 'the target answered 410: gone',
        result: undefined as never,
      }),
    ]),
  ]);
  hostile = await log(40, {
    userId: evil,
    eventType: evil,
    key: evil,
    detail: evil,
    status: 'failed',
    reason: 'retries_exhausted',
    body: trackEvent({ userId: evil, properties: { [evil]: evil, nested: { deep: [evil, long] } } }),
  });
  await environment.actionLog.writeEach([
    actionEntry(hostile, [
      outcome(hostile.id, {
        status: 'failed',
        reason: 'target_refused',
        detail: evil,
        mapping: evil,
        payload: { [evil]: evil },
        result: { [evil]: long },
      }),
    ]),
  ]);
  served = await startConsoleOf({ development: environment, empty: { ...empty, name: 'empty' } });
  cookie = await signIn(served);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  await Promise.all([environment.stop(), empty.stop()]);
});

const tabAt = (address: string, look?: Look): Promise<Tab> => openAt({ browser, served, cookie }, address, look);

const pages: LookedAt[] = [
  ['configuration without files', () => '/development/configuration', '.pipeline'],
  ['configuration of two environments', () => '/development/configuration?show=matrix', '.matrix'],
  ['overview', () => '/development', '.pipeline'],
  ['events', () => '/development/events', '.rows tbody td'],
  ['events by type', () => '/development/events?by=type', '.groups tbody td'],
  ['event', () => `/development/events/${failed.id}`, '.timeline li'],
  ['event payload', () => `/development/events/${failed.id}?show=payload`, '.json'],
  ['hostile event', () => `/development/events/${hostile.id}`, '.timeline li'],
  ['hostile payload', () => `/development/events/${hostile.id}?show=payload`, '.json'],
  ['actions', () => '/development/actions', '.rows tbody td'],
  ['problems', () => '/development/problems?reason=target_refused', '.answers li'],
  ['jobs without any', () => '/development/jobs', '.empty'],
  ['overview of nothing', () => '/empty', '.pipeline'],
  ['events of nothing', () => '/empty/events', '.empty'],
  ['actions of nothing', () => '/empty/actions', '.empty'],
  ['problems of nothing', () => '/empty/problems', '.empty'],
];

lookAtEach(pages, tabAt);

describe('text of strangers', () => {
  test.each([
    ['events', () => '/development/events?status=failed'],
    ['event', () => `/development/events/${hostile.id}`],
    ['payload', () => `/development/events/${hostile.id}?show=payload`],
    ['as received', () => `/development/events/${hostile.id}?show=headers`],
    ['actions', () => '/development/actions?status=failed'],
    ['groups', () => '/development/actions?by=detail'],
    ['a filter', () => `/development/events?user_id=${encodeURIComponent(evil)}`],
  ])('is text in %s: no element, no script, no dialog, and its controls are symbols', async (_name, address) => {
    const tab = await tabAt(address());
    await tab.page.locator('main').getByText('<script>').first().or(tab.page.locator('.page-foot')).first().waitFor();
    expect(await tab.page.locator('img, iframe, script:not([src]), a[href^="javascript"]').count()).toBe(0);
    const shown = await tab.page.locator('main').innerText();
    for (const control of ['\u202e', '\u001b', '\u0007']) expect(shown.includes(control)).toBe(false);
    expect(tab.trouble).toEqual(noTrouble);
    await tab.context.close();
  });
});

test('the printed URL opens a browser once; a second one is told how to get its own', async () => {
  const fresh = await startConsoleOf({ development: environment });
  const first = await openTab(browser, fresh, '');
  await openPrinted(first, fresh);
  await first.page.locator('main h1', { hasText: 'Overview' }).waitFor();
  // The token is gone from the address, so that it is in no bookmark and no picture.
  expect(first.page.url()).toBe(`http://127.0.0.1:${fresh.port}/development`);
  const second = await openTab(browser, fresh, '');
  await openPrinted(second, fresh);
  await second.page.getByText('npx signalbox console --open').waitFor();
  expect(await second.page.locator('nav').count()).toBe(0);
  await Promise.all([first.context.close(), second.context.close()]);
  await fresh.stop();
});

test('a link shows in a second browser what it shows in the first', async () => {
  const first = await tabAt('/development/events');
  await first.page.getByLabel('User', { exact: true }).fill('user_7');
  await first.page.keyboard.press('Enter');
  await first.page.getByLabel('Status', { exact: true }).selectOption('processed');
  await first.page.locator('tbody tr', { hasText: 'user_7' }).first().waitFor();
  await first.page.waitForURL(/status=processed/);
  const url = new URL(first.page.url());
  expect(Object.fromEntries(url.searchParams)).toEqual({ user_id: 'user_7', status: 'processed' });
  const rows = (tab: Tab) => tab.page.locator('tbody tr').allInnerTexts();
  const second = await tabAt(url.pathname + url.search);
  await second.page.locator('tbody tr').first().waitFor();
  expect(await rows(second)).toEqual(await rows(first));
  expect(await second.page.locator('.page-foot code').innerText()).toBe(
    'npx signalbox events --user user_7 --status processed',
  );
  await Promise.all([first.context.close(), second.context.close()]);
});

test('any id leads to its event from the search box, and keys walk through the rows', async () => {
  const tab = await tabAt('/development');
  await tab.page.keyboard.press('Control+k');
  await tab.page.locator('dialog input').fill('message-failed');
  await tab.page.keyboard.press('Enter');
  // Its claim is not written here, so that only its id leads there.
  await tab.page.locator('dialog .problem').waitFor();
  await tab.page.locator('dialog input').fill(failed.id);
  await tab.page.keyboard.press('Enter');
  await tab.page.waitForURL(`**/events/${failed.id}`);
  await tab.page.goto(`http://127.0.0.1:${served.port}/development/events`);
  await tab.page.locator('tbody tr').nth(5).waitFor();
  for (const key of ['j', 'j', 'j', 'k', 'x']) await tab.page.keyboard.press(key);
  await tab.page.getByText('1 event selected').waitFor();
  await tab.page.keyboard.press('Enter');
  await tab.page.waitForURL(/events\/01/);
  await tab.context.close();
});

test('the link of a row opens it here, and with Ctrl in a tab of its own', async () => {
  const tab = await tabAt('/development/events');
  const link = tab.page.locator('tbody .row-link').first();
  const path = await link.getAttribute('href');
  const opened = tab.context.waitForEvent('page');
  await link.click({ modifiers: ['Control'] });
  const other = await opened;
  await other.waitForURL(`**${path}`);
  expect(new URL(tab.page.url()).pathname).toBe('/development/events');
  await link.click();
  await tab.page.waitForURL(`**${path}`);
  await tab.page.locator('.timeline li').first().waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('rows that come while the reader is further down wait above, and move nothing', async () => {
  const tab = await tabAt('/development/events');
  const { page } = tab;
  await page.locator('.live.on').waitFor();
  const scrollTo = (top: number) =>
    page.locator('.table-scroll').evaluate((scroller, top) => scroller.scrollTo(0, top), top);
  // Twice, since the second part of the list is read only now.
  await scrollTo(2_000);
  await page.locator('tbody tr[aria-rowindex="66"]').waitFor();
  await scrollTo(2_000);
  await page.locator('tbody tr[aria-rowindex="85"]').waitFor();
  const shown = () => page.locator('tbody tr[aria-rowindex]').evaluateAll((rows) => rows.map((row) => row.textContent));
  const before = await shown();
  await log(0, { userId: 'came_late', processedAtMs: Date.now() });
  await page.getByRole('button', { name: '1 new event above' }).waitFor();
  expect(await shown()).toEqual(before);
  await page.getByRole('button', { name: '1 new event above' }).click();
  await page.locator('tbody tr[aria-rowindex="2"]', { hasText: 'came_late' }).waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('counted rows say when they were counted, and are counted again at a click', async () => {
  const tab = await tabAt('/development/events?by=type');
  const { page } = tab;
  await page.locator('.summary', { hasText: /Counted (just now|\d+ s ago)/ }).waitFor();
  await log(0, { eventType: 'track/Counted Late', processedAtMs: Date.now() });
  expect(await page.locator('.groups', { hasText: 'track/Counted Late' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Count again' }).click();
  await page.locator('.groups', { hasText: 'track/Counted Late' }).waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('an environment that goes away is said to be away over what was read, and comes back by itself', async () => {
  let isAway = false;
  const away = await startConsoleOf({
    development: {
      ...environment,
      get documents(): never {
        if (isAway)
          throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED', address: '127.0.0.1', port: 3000 });
        return environment.documents as never;
      },
    },
  });
  const tab = await openTab(browser, away, '');
  await openPrinted(tab, away);
  await tab.page.locator('nav').getByText('Actions').click();
  await tab.page.locator('main h1', { hasText: 'Actions' }).waitFor();
  await tab.page.locator('.rows tbody tr').first().waitFor();
  isAway = true;
  await tab.page.locator('.banner', { hasText: 'is the local runtime still up?' }).waitFor();
  expect(await tab.page.locator('tbody tr').count()).toBeGreaterThan(0);
  isAway = false;
  await tab.page.locator('.banner').waitFor({ state: 'detached' });
  await tab.context.close();
  await away.stop();
});

test('a console that only reads shows no button that changes something', async () => {
  const reading = await startConsoleOf({ development: environment }, { readOnly: true });
  const tab = await openTab(browser, reading, await signIn(reading));
  for (const address of [`/development/events/${failed.id}`, '/development/problems', '/development/actions']) {
    await tab.page.goto(`http://127.0.0.1:${reading.port}${address}`);
    await tab.page.locator('.bar', { hasText: 'read-only' }).waitFor();
    await tab.page.locator('.timeline, .rows').first().waitFor();
    expect(await tab.page.getByRole('button', { name: /replay/i }).count()).toBe(0);
  }
  await tab.context.close();
  await reading.stop();
});

test('a change of an environment on AWS wants its name typed', async () => {
  const aws = { ...environment, name: 'production', where: 'AWS eu-central-1', local: false };
  const remote = await startConsoleOf({ production: aws });
  const tab = await openTab(browser, remote, await signIn(remote));
  await tab.page.goto(`http://127.0.0.1:${remote.port}/production/events/${failed.id}`);
  await tab.page.getByRole('button', { name: 'Replay…' }).click();
  const button = tab.page.locator('dialog').getByRole('button', { name: /^Replay/ });
  const field = tab.page.getByLabel(/Type its name/);
  await tab.page.locator('.preview li').waitFor();
  expect(await button.isDisabled()).toBe(true);
  const hint = async () => {
    const id = await field.getAttribute('aria-describedby');
    return id === null ? undefined : tab.page.locator(`[id="${id}"]`).innerText();
  };
  await field.fill('prod');
  // It may become the name.
  expect([await hint(), await field.getAttribute('aria-invalid')]).toEqual([undefined, 'false']);
  await field.fill('development');
  expect([await hint(), await field.getAttribute('aria-invalid')]).toEqual([
    'It is production, in just these letters.',
    'true',
  ]);
  expect(await button.isDisabled()).toBe(true);
  await field.fill('production');
  expect(await hint()).toBeUndefined();
  await expect(button.isEnabled()).resolves.toBe(true);
  await tab.context.close();
  await remote.stop();
});

test('10,000 rows are scrolled with some dozen of them drawn', async () => {
  const many = await startEnvironment();
  await many.commit(liveConfiguration());
  const startMs = Date.now();
  for (let i = 0; i < 10_000; i += 500) {
    const chunk = Array.from({ length: 500 }, (_, n) => {
      const id = makeEventId('rudderstack', 0, startMs - (i + n) * 1_000, randomBytes(12));
      return eventEntry({ id, status: 'no_mapping', reason: 'no_mapping_for_type' });
    });
    await many.eventLog.writeEach(chunk);
  }
  const busy = await startConsoleOf({ development: many });
  const tab = await openTab(browser, busy, await signIn(busy));
  const { page } = tab;
  await page.goto(`http://127.0.0.1:${busy.port}/development/events`);
  await page.locator('.rows tbody td').first().waitFor();
  await page.evaluate(
    "globalThis.tasks = []; new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ entryTypes: ['longtask'] })",
  );
  const end = page.getByText('10,000 events');
  let drawn = 0;
  while ((await end.count()) === 0) {
    await page.evaluate("document.querySelector('.table-scroll').scrollTop += 4000");
    await page.locator('.rows tbody td').first().waitFor();
    drawn = Math.max(drawn, await page.locator('.rows tbody tr').count());
  }
  const tasks = await page.evaluate<number[]>('tasks');
  console.log(`${tasks.length} long tasks, the longest ${Math.round(Math.max(0, ...tasks))} ms`);
  expect(drawn).toBeLessThan(80);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
  await busy.stop();
  await many.stop();
}, 180_000);
