import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Route } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { addresses } from '../../infra/console/web/addresses.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { eventEntry } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { eventually, noTrouble, openTab, startBrowser } from './browser-for-tests.ts';

/* A page that is opened by its address: its server tells the browser what it will ask for. */

let browser: Browser;
let environment: TestEnvironment;
let served: Console;
let cookie: string;
const id = makeEventId('rudderstack', 0, Date.now() - 60_000, Buffer.alloc(12, 7));

beforeAll(async () => {
  [browser, environment] = await Promise.all([startBrowser(), startEnvironment()]);
  await environment.commit(liveConfiguration());
  await environment.eventLog.writeEach([eventEntry({ id, key: 'message-1' })]);
  served = await startConsoleOf({ development: environment });
  cookie = await signIn(served);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  await environment.stop();
});

const opened = addresses
  .filter((address) => 'reads' in address)
  .map(({ path }) => `/development/${path.replace('sources/$key', 'sources/rudderstack').replace('$id', id)}`)
  .concat(
    '/development/events?status=failed&user_id=ada%20park',
    '/development/actions?by=reason',
    '/development?since=7d',
  );

/** What is asked of the API while a page is opened, each as often as it was; at least what is expected. */
async function askedAt(address: string, hints: 'with' | 'without', expected: string[]): Promise<string[]> {
  const tab = await openTab(browser, served, cookie);
  const asked: string[] = [];
  tab.page.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname.startsWith('/api/') && !pathname.endsWith('/live')) asked.push(`${pathname}${search}`);
  });
  if (hints === 'without')
    await tab.page.route(`http://127.0.0.1:${served.port}${address}`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replaceAll(/<link rel="preload"[^>]*>/g, '') });
    });
  await tab.page.goto(`http://127.0.0.1:${served.port}${address}`);
  expect((await tab.page.locator('link[rel=preload]').count()) > 0).toBe(hints === 'with');
  await tab.page.locator('main h1').waitFor();
  await tab.page.locator('body:not(:has(.loading))').waitFor();
  await eventually(async () => expect(expected.filter((one) => !asked.includes(one))).toEqual([]), 15_000);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.page.unrouteAll({ behavior: 'ignoreErrors' });
  await tab.context.close();
  return asked;
}

async function hintsAt(address: string): Promise<string[]> {
  const response = await fetch(`http://127.0.0.1:${served.port}${address}`, { headers: { cookie } });
  const links = (await response.text()).matchAll(/<link rel="preload" as="fetch" crossorigin href="([^"]*)">/g);
  return [...links].map(([, href = '']) => href.replaceAll('&amp;', '&'));
}

describe.each(opened)('%s', (address) => {
  test('asks for all that its server foretold, word for word', async () => {
    const hints = await hintsAt(address);
    expect(hints.length).toBeGreaterThanOrEqual(2);
    await askedAt(address, 'without', hints);
  });

  test('asks for nothing twice', async () => {
    const asked = await askedAt(address, 'with', await hintsAt(address));
    expect(asked.filter((one, i) => asked.indexOf(one) !== i)).toEqual([]);
  });
});

test('events that came while a list was opened are in it, however many', async () => {
  const tab = await openTab(browser, served, cookie);
  const { page } = tab;
  const delayed = async (route: Route) => {
    // The list was read; these come before the page follows what is new.
    const came = Array.from({ length: 150 }, (_, i) => {
      const id = makeEventId('rudderstack', 0, Date.now() - 150 + i, randomBytes(12));
      return eventEntry({ id, key: `burst-${i}`, userId: 'burst' });
    });
    await environment.eventLog.writeEach(came);
    await route.continue();
  };
  await page.route('**/events/live*', delayed, { times: 1 });
  await page.goto(`http://127.0.0.1:${served.port}/development/events?user_id=burst`);
  await page.locator('.live.on').waitFor();
  await page.locator('.table-end').waitFor();
  await eventually(async () => {
    await page.locator('section:has(> table.rows)').evaluate((one: { scrollTo(x: number, y: number): void }) => {
      one.scrollTo(0, 1e6);
    });
    expect(await page.locator('table.rows').getAttribute('aria-rowcount')).toBe('151');
  }, 20_000);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});
