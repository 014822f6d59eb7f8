import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { listen } from '../../infra/local/http-server.ts';
import { signIn } from '../console/console-for-tests.ts';
import { configFolder } from '../support/config.ts';
import { startWarmCli, type WarmCli } from '../support/warm-cli.ts';
import {
  eventually,
  noTrouble,
  openAt,
  openTab,
  picture,
  type Serving,
  startBrowser,
  startServing,
  type Tab,
} from './browser-for-tests.ts';

/* `npm start` and `npx signalbox console` as processes, which end in the middle of what a person does on a page. */

const directory = mkdtempSync(join(tmpdir(), 'signalbox-stopped-'));
const env = { SIGNALBOX_RUNTIME_FILE: join(directory, 'runtime.json') };

let port: number;
let runtime: Serving;
/** Of a colleague. */
let theirs: Serving | undefined;
let cli: WarmCli;
let browser: Browser;
let cookie: string;

/** Made live after each start, which commits the files of this checkout. */
async function npmStart(): Promise<Serving> {
  const running = await startServing(
    'infra/local/main.ts',
    ['--port', String(port), '--data', join(directory, 'data')],
    env,
  );
  await typed('config', 'push', '--dir', configFolder, '--commit', '--force', '-m', 'a test');
  return running;
}

/** A port that is free, and so is the one after it. */
async function twoFreePorts(): Promise<number> {
  for (;;) {
    const [first, second] = [createServer(), createServer()];
    const one = await listen(first, 0);
    const isFree = await listen(second, one + 1).then(
      () => true,
      () => false,
    );
    first.close();
    second.close();
    if (isFree && one < 65_000) return one;
  }
}

async function typed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli.run(args);
  if (code !== 0) throw new Error(`npx signalbox ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}
const json = async (...args: string[]) => JSON.parse(await typed(...args, '--json'));

let messages = 0;
async function send(userId: string, count = 1): Promise<void> {
  const { url } = (await json('sources')).find(({ key }: { key: string }) => key === 'rudderstack');
  const events = Array.from({ length: count }, () => ({ type: 'page', userId, messageId: `message-${++messages}` }));
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(events) });
  expect(answer.status).toBe(200);
}

beforeAll(async () => {
  cli = startWarmCli(env);
  port = await twoFreePorts();
  [runtime, browser] = await Promise.all([npmStart(), startBrowser()]);
  cookie = await signIn(runtime);
  await send('ada', 3);
  await send('many', 500);
  await typed('verify', '--wait', '60');
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([runtime?.end('SIGKILL'), theirs?.end('SIGKILL')]);
  cli?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const tabAt = (address: string) => openAt({ browser, served: runtime, cookie }, address);
const rowsOf = (page: Page) => page.locator('.rows tbody tr').allInnerTexts();
/** Where the parts of a page are. */
const placesOf = (page: Page) =>
  Promise.all(
    ['main h1', '.timeline, .table-scroll, .jobs', '.page-foot'].map((part) => page.locator(part).boundingBox()),
  );

test('a page whose runtime dies says so, keeps what it shows where it is, and goes on once it runs again', async () => {
  const [newest] = await json('events', '--user', 'ada', '--limit', '1');
  const events = await tabAt('/development/events?user_id=ada');
  await events.page.locator('.live.on').waitFor();
  const event = await tabAt(`/development/events/${newest.id}`);
  await event.page.locator('.timeline li').first().waitFor();
  const dialog = await tabAt(`/development/events/${newest.id}?show=payload`);
  await dialog.page.getByRole('button', { name: 'Replay…' }).click();
  await dialog.page.getByText('Run whole events as new ones').click();
  await dialog.page.getByLabel(/^Why/).fill('typed before it died');
  await dialog.page.locator('.preview li:not(.quiet)').waitFor();

  const bulk = await tabAt('/development/events?user_id=many');
  await bulk.page.getByLabel('Select all that are loaded').check();
  await bulk.page.getByRole('button', { name: 'Replay all that match…' }).click();
  await bulk.page.getByText('Run whole events as new ones').click();
  await bulk.page.locator('dialog').getByText('500 would run as new events').waitFor();
  await bulk.page.locator('dialog').getByRole('button', { name: 'Replay', exact: true }).click();
  const job = bulk.page.locator('.jobs li.shown');
  await job.getByText('running').waitFor();

  const tabs = { events, event, bulk };
  const places = await Promise.all(Object.values(tabs).map(({ page }) => placesOf(page)));
  const rows = await rowsOf(events.page);
  expect(rows).toHaveLength(3);
  await runtime.end('SIGKILL');

  for (const [name, tab] of Object.entries(tabs)) {
    await tab.page.locator('.banner', { hasText: 'start it again: npm start' }).waitFor();
    await picture(tab, `stopped-${name}`);
  }
  await events.page.getByText('not live; connecting again').waitFor();
  expect(await Promise.all(Object.values(tabs).map(({ page }) => placesOf(page)))).toEqual(places);
  expect(await rowsOf(events.page)).toEqual(rows);
  await dialog.page.locator('dialog').getByRole('button', { name: 'Replay 1 event' }).click();
  await dialog.page.locator('dialog .problem', { hasText: 'press the button once it answers' }).waitFor();
  await picture(dialog, 'stopped-dialog');

  runtime = await npmStart();
  // Before most of the pages have found their way back.
  await send('ada', 2);
  for (const { page } of [...Object.values(tabs), dialog]) await page.locator('.banner').waitFor({ state: 'detached' });
  await events.page.locator('.live.on').waitFor();
  await send('ada');
  const listed = async () => (await json('events', '--user', 'ada', '--all')).length;
  await eventually(async () => {
    expect(await rowsOf(events.page)).toHaveLength(6);
    expect(await listed()).toBe(6);
  });

  expect(await dialog.page.getByLabel(/^Why/).inputValue()).toBe('typed before it died');
  await dialog.page.locator('dialog').getByRole('button', { name: 'Replay 1 event' }).click();
  await dialog.page.locator('.toast', { hasText: '1 event replayed' }).waitFor();
  await events.page.locator('.rows tbody tr').nth(6).waitFor();

  await job.getByRole('button', { name: 'Carry on' }).click();
  await bulk.page.locator('dialog').getByRole('button', { name: 'Carry on' }).click();
  await job.getByText('500 replayed').waitFor({ timeout: 90_000 });
  await typed('verify', '--wait', '60');
  // Each once as it came, and once more by the job.
  expect(await json('events', '--user', 'many', '--all')).toHaveLength(1_000);
  for (const tab of [...Object.values(tabs), dialog]) {
    expect(tab.trouble).toEqual(noTrouble);
    await tab.context.close();
  }
});

test('a link shows the same in the browser of a colleague, who has a console and a URL of their own', async () => {
  theirs = await startServing('infra/cli/main.ts', ['console', '--json', '--port', '0'], env);
  expect(theirs.port).not.toBe(runtime.port);
  const second = await openTab(browser, theirs, '');
  await second.page.goto(theirs.url);
  await second.page.locator('main h1', { hasText: 'Overview' }).waitFor();

  const [newest] = await json('events', '--user', 'ada', '--limit', '1');
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const links: [path: string, shows: string][] = [
    [`/development/events?user_id=ada&status=no_mapping&since=${since}`, '.rows tbody td'],
    [`/development/events?by=type&since=${since}`, '.groups tbody td'],
    [`/development/events/${newest.id}?show=payload`, '.json'],
    ['/development/problems?since=7d', '.empty'],
  ];
  const seenBy = async ({ page }: Tab, shows: string) => {
    await page.locator(shows).first().waitFor();
    const fields = await page.locator('main select, main input').all();
    return {
      text: (await page.locator('main').innerText()).replace(/\d+ (s|min) ago/g, 'ago'),
      fields: await Promise.all(fields.map((field) => field.inputValue())),
      tabs: await page.locator('[role=tab][aria-selected=true]').allInnerTexts(),
      search: new URL(page.url()).search,
    };
  };
  for (const [path, shows] of links) {
    const first = await tabAt(path);
    await second.page.goto(`http://127.0.0.1:${theirs.port}${path}`);
    const link = new URL(first.page.url());
    await eventually(async () => expect(await seenBy(second, shows)).toEqual(await seenBy(first, shows)));
    expect(decodeURIComponent(link.pathname + link.search)).toBe(path);
    await first.context.close();
  }
  expect(second.trouble).toEqual(noTrouble);

  // A browser that was not signed in is told how to go on, and sees nothing; its link opens once it was.
  const stranger = await openTab(browser, theirs, '');
  await stranger.page.goto(`http://127.0.0.1:${theirs.port}/development/events?user_id=ada`);
  await stranger.page
    .locator('.gate', { hasText: 'this browser was not opened with the URL of the console' })
    .waitFor();
  await stranger.page.getByText('npx signalbox console --open').waitFor();
  expect(await stranger.page.locator('nav, table').count()).toBe(0);
  await picture(stranger, 'unsigned');
  await Promise.all([stranger.context.close(), second.context.close()]);
});
