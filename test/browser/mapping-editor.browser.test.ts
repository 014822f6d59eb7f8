import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { readLive } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { fileBasesAt } from '../../shared/operations/configuration/files/file-bases.ts';
import { eventEntry } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { rawEvent, trackEvent } from '../support/build.ts';
import { configFolder } from '../support/config.ts';
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
import { cursorBehind, editor, last, result } from './editor-for-tests.ts';

let browser: Browser;
let environment: TestEnvironment;
let served: Console;
let reading: Console;
let cookie: string;
let folder: string;
let directory: string;
let hostileId: string;

const evil = '<img src=x onerror=alert(1)>\u202Egnp.exe\u0007';
const shipped = readFileSync(join(configFolder, 'sources/rudderstack.yaml'), 'utf8');
const file = () => join(directory, 'sources/rudderstack.yaml');
const address = '/development/mappings/order-completed?source=rudderstack';

beforeAll(async () => {
  [browser, environment] = await Promise.all([startBrowser(), startEnvironment()]);
  folder = mkdtempSync(join(tmpdir(), 'signalbox-editor-'));
  directory = join(folder, 'config');
  const { snapshot, environments } = readConfigurationFiles(configFolder);
  const about = { author: 'test', message: 'test', nowMs: Date.now() };
  await pushAndCommit(environment.configuration, { snapshot, seed: environments.development, ...about });
  const events = Array.from({ length: 60 }, (_, i) => {
    const id = makeEventId('rudderstack', 0, Date.now() - (i + 1) * 60_000, randomBytes(12));
    const properties = { order_id: `A-${i}`, total: i, 'Plan Name': 'Pro', items: [{ sku: `S-${i}`, price: 5 }] };
    return eventEntry({
      id,
      key: `m-${i}`,
      body: trackEvent({ messageId: `m-${i}`, userId: `user_${i}`, properties }),
    });
  });
  const properties = { [evil]: evil, 'a, b: c #d': 'x', "it's": { "}}'": 1 } };
  const hostile = eventEntry({
    id: makeEventId('rudderstack', 0, Date.now() - 9 * 3_600_000, randomBytes(12)),
    userId: evil,
    body: trackEvent({ userId: evil, properties }),
  });
  hostileId = hostile.id;
  await environment.eventLog.writeEach([...events, hostile]);
  const checkout = { directory, bases: fileBasesAt(join(folder, 'bases.json')) };
  served = await startConsoleOf({ development: environment }, { checkout });
  reading = await startConsoleOf({ development: environment }, { checkout, readOnly: true });
  cookie = await signIn(served);
});
beforeEach(() => {
  rmSync(directory, { recursive: true, force: true });
  cpSync(configFolder, directory, { recursive: true });
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([served?.stop(), reading?.stop()]);
  await environment?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tabAt = (at: string, look?: Look): Promise<Tab> => openAt({ browser, served, cookie }, at, look);

const pages: LookedAt[] = [
  ['mapping editor', () => address, '.page-head .status.good'],
  ['mapping of a hostile event', () => `${address}&event=${hostileId}`, '.page-head .status.good'],
  ['new mapping', () => '/development/mappings/new?source=rudderstack&type=track/paid', '.cm-content'],
  ['no such mapping', () => '/development/mappings/no-such?source=rudderstack', '.problem'],
];

lookAtEach(pages, tabAt);

test('a mapping is changed on a real event, compared, saved with its comments, and committed', async () => {
  const tab = await tabAt(address);
  const { page } = tab;
  await result(page).getByText('runs').first().waitFor();
  await last(page).getByText('Nothing would change').waitFor();
  await cursorBehind(page, 'recipients: user_id');
  const pickedMs = performance.now();
  await page.getByRole('button', { name: /^order_id/ }).click();
  await result(page).locator('dt', { hasText: 'data.order_id' }).waitFor();
  console.log(`the verdict was there ${Math.round(performance.now() - pickedMs)} ms after the click`);
  await page.locator('.cm-line', { hasText: 'recipients: data.order_id' }).waitFor();
  await result(page).getByText('"A-0"').first().waitFor();
  await result(page).getByText('parameters differ: recipients').waitFor();
  await last(page).getByText('50 events would change').waitFor();
  expect(await last(page).locator('a').count()).toBe(3);
  await picture(tab, 'editor-changed');
  expect(readFileSync(file(), 'utf8')).toBe(shipped);

  await page.keyboard.press('Control+s');
  await page.getByText('in the draft of development: 1 change').waitFor();
  await page.locator('.toast').getByRole('button', { name: 'Dismiss' }).click();
  const written = shipped.replace('recipients: user_id\n', 'recipients: data.order_id\n');
  expect(readFileSync(file(), 'utf8')).toBe(written);
  await page.getByText('saved, not live').waitFor();

  await page.getByRole('button', { name: 'Commit…' }).click();
  await page.locator('dialog').getByLabel('What the change is for').fill('The order is told to its own number');
  await picture(tab, 'editor-commit');
  await page.locator('dialog').getByRole('button', { name: 'Commit', exact: true }).click();
  await page.locator('.page-head .status.good', { hasText: 'live' }).waitFor();
  const live = await readLive(environment.configuration);
  const { plan } = planEvent(rawEvent(trackEvent({ properties: { order_id: 'B-7' } })), live);
  expect(plan).toMatchObject({ kind: 'run', invocations: [{ payload: { recipients: 'B-7' } }] });

  // Back, for the tests that follow.
  writeFileSync(file(), shipped);
  await page.locator('.cm-line', { hasText: 'recipients: user_id' }).waitFor();
  const { snapshot } = readConfigurationFiles(directory);
  const about = { author: 'test', message: 'back', nowMs: Date.now() };
  await pushAndCommit(environment.configuration, { snapshot, seed: undefined, ...about });
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a wrong path is told with its line and column, and is not saved', async () => {
  const tab = await tabAt(address);
  const { page } = tab;
  await result(page).getByText('runs').first().waitFor();
  await cursorBehind(page, 'recipients: user_id');
  await page.keyboard.type('..x');
  const line = shipped.split('\n').findIndex((one) => one.includes('recipients: user_id')) + 1;
  const problem = page.locator('.text-problems li', { hasText: 'has an empty segment' });
  await problem.getByRole('button', { name: `${line}:19` }).waitFor();
  await page.getByText('The text has errors').waitFor();
  await page.locator('.cm-lint-marker-error').waitFor();
  expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
  await page.keyboard.press('Control+s');
  await picture(tab, 'editor-wrong');
  expect(readFileSync(file(), 'utf8')).toBe(shipped);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('two quick edits never show the verdict of the older one', async () => {
  const tab = await tabAt(address);
  const { page } = tab;
  await result(page).getByText('runs').first().waitFor();
  const answered: string[] = [];
  // The answer to the first edit comes last.
  await page.route('**/mappings/try/dry-run', async (route) => {
    const { text } = JSON.parse(route.request().postData() ?? '{}') as { text: string };
    const edit = /^ +recipients: (\S+)/m.exec(text)?.[1] ?? '';
    if (edit === 'data.order_id') await new Promise((resolve) => setTimeout(resolve, 1_500));
    answered.push(edit);
    // The page may have dropped it by now.
    await route.continue().catch(() => undefined);
  });
  // Notes every recipient that is shown as that of the text.
  await page.evaluate(`
    globalThis.shown = [];
    setInterval(() => {
      const all = [...document.querySelectorAll('.of-result:not([aria-busy="true"]) .resolved dt')];
      const recipients = all.find((one) => one.textContent.startsWith('recipients'))?.textContent;
      if (recipients && shown.at(-1) !== recipients) shown.push(recipients);
    }, 5)`);
  const isAsked = page.waitForRequest((request) => (request.postData() ?? '').includes('recipients: data.order_id'));
  await cursorBehind(page, 'recipients: user_id');
  await page.getByRole('button', { name: /^order_id/ }).click();
  await isAsked;
  await page.getByRole('button', { name: /^total/ }).click();
  await result(page).locator('dt', { hasText: 'data.total' }).waitFor();
  while (!answered.includes('data.order_id')) await page.waitForTimeout(50);
  await page.waitForTimeout(300);
  const shown = await page.evaluate<string[]>('shown');
  expect(shown.some((text) => text.includes('data.order_id'))).toBe(false);
  expect(shown.at(-1)).toContain('data.total');
  expect(answered).toContain('data.order_id');
  await tab.context.close();
});

test('what someone else wrote meanwhile is shown and not written over', async () => {
  const tab = await tabAt(address);
  const { page } = tab;
  await result(page).getByText('runs').first().waitFor();
  await cursorBehind(page, 'recipients: user_id');
  await page.getByRole('button', { name: /^order_id/ }).click();
  const theirs = shipped.replace('name: RudderStack', 'name: Shop');
  writeFileSync(file(), theirs);
  await page.keyboard.press('Control+s');
  await page.getByText('was changed on disk since you began').waitFor();
  await picture(tab, 'editor-conflict');
  expect(readFileSync(file(), 'utf8')).toBe(theirs);
  expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Take the file as it is' }).click();
  await page.locator('.cm-line', { hasText: 'name: Shop' }).waitFor();
  await page.locator('.cm-line', { hasText: 'recipients: user_id' }).waitFor();
  // Undo brings back what was written; then it is saved on purpose.
  await editor(page).focus();
  await page.keyboard.press('Control+z');
  await page.locator('.cm-line', { hasText: 'recipients: data.order_id' }).waitFor();
  await page.locator('.cm-line', { hasText: 'name: RudderStack' }).waitFor();
  await page.keyboard.press('Control+s');
  await page.getByText('in the draft of development').waitFor();
  expect(readFileSync(file(), 'utf8')).toBe(shipped.replace('recipients: user_id\n', 'recipients: data.order_id\n'));
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('names and values of strangers stay text, and the path of each reads it', async () => {
  const tab = await tabAt(`${address}&event=${hostileId}`);
  const { page } = tab;
  await result(page).getByText('runs').first().waitFor();
  const tree = page.locator('.event-tree');
  await tree.getByText('<img src=x').first().waitFor();
  expect(await page.locator('img, iframe, a[href^="javascript"]').count()).toBe(0);
  for (const control of ['\u202e', '\u0007'])
    expect((await page.locator('main').innerText()).includes(control)).toBe(false);
  const data = tree.locator('> li', { hasText: 'data' }).first();
  await cursorBehind(page, 'recipients: user_id');
  for (const [name, found] of [
    [/^a, b: c #d/, '"x"'],
    [/^<img src/, 'onerror'],
    [/^}}'/, '1'],
  ] as const) {
    await data.getByRole('button', { name }).first().click();
    const row = result(page).locator('.resolved > div', { hasText: 'recipients' });
    await row.getByText(found).last().waitFor();
  }
  await picture(tab, 'editor-hostile');
  expect(await page.locator('img').count()).toBe(0);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('the keyboard saves nothing it should not, completes, and leaves the editor', async () => {
  const tab = await tabAt(address);
  const { page } = tab;
  await result(page).getByText('runs').first().waitFor();
  await cursorBehind(page, 'data: data');
  // Keys of the page are text here.
  await page.keyboard.type(' # j/?');
  expect(await page.locator('dialog').count()).toBe(0);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+Space');
  await page.locator('.cm-tooltip-autocomplete').getByText('actor').waitFor();
  await picture(tab, 'editor-completion');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.shadowRoot?.activeElement == null')).toBe(true);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('what is typed over several lines, or deleted with them, takes no style that the page refuses', async () => {
  const tab = await tabAt(address);
  const { page } = tab;
  await result(page).getByText('runs').first().waitFor();
  const refused: string[] = [];
  // One that is refused is told at the console too, after a while.
  page.on(
    'console',
    (message) => void (/Content Security Policy/.test(message.text()) && refused.push(message.text())),
  );
  const before = await editor(page).innerText();
  for (const replacement of ['x', ' ', 'é']) {
    await cursorBehind(page, 'recipients: user_id');
    await page.keyboard.press('Home');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.insertText(replacement);
    expect(await editor(page).innerText()).toContain(`${replacement}data: data`);
    await page.keyboard.press('Control+z');
    expect(await editor(page).innerText()).toBe(before);
  }
  await cursorBehind(page, 'recipients: user_id');
  await page.keyboard.press('Shift+ArrowUp');
  await page.keyboard.type('zz');
  expect(await editor(page).innerText()).toMatch(/key: order-compl\w*zz/);
  expect(refused).toEqual([]);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('what is not saved is there again after another page, and goes back to the file', async () => {
  const tab = await tabAt(address);
  const { page } = tab;
  await result(page).getByText('runs').first().waitFor();
  await cursorBehind(page, 'recipients: user_id');
  await page.getByRole('button', { name: /^order_id/ }).click();
  await page.getByText('not saved').waitFor();
  await page.locator('nav').getByRole('link', { name: 'Sources' }).click();
  await page.locator('main h1', { hasText: 'Sources' }).waitFor();
  await page.goBack();
  await page.locator('.cm-line', { hasText: 'recipients: data.order_id' }).waitFor();
  await page.getByText('This is what you wrote before').waitFor();
  await page.getByRole('button', { name: 'Back to the file' }).click();
  await page.locator('.cm-line', { hasText: 'recipients: user_id' }).waitFor();
  await page.getByText('not saved').waitFor({ state: 'detached' });
  expect(readFileSync(file(), 'utf8')).toBe(shipped);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a console that only reads tries a text, and has no button that changes something', async () => {
  const tab = await openAt({ browser, served: reading, cookie: await signIn(reading) }, address);
  const { page } = tab;
  await result(page).getByText('runs').first().waitFor();
  await cursorBehind(page, 'recipients: user_id');
  await page.getByRole('button', { name: /^order_id/ }).click();
  await result(page).getByText('"A-0"').first().waitFor();
  expect(await page.getByRole('button', { name: /Save|Commit|Switch/ }).count()).toBe(0);
  await page.keyboard.press('Control+s');
  expect(readFileSync(file(), 'utf8')).toBe(shipped);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a file with line breaks of Windows keeps them', async () => {
  const windows = shipped.replaceAll('\n', '\r\n');
  writeFileSync(file(), windows);
  const tab = await tabAt(address);
  const { page } = tab;
  await result(page).getByText('runs').first().waitFor();
  await page.locator('.page-head .status.good', { hasText: 'live' }).waitFor();
  await cursorBehind(page, 'recipients: user_id');
  await page.keyboard.type(' # who');
  await page.getByText('not saved').waitFor();
  await page.keyboard.press('Control+s');
  await page.getByText('development has this content already').waitFor();
  expect(readFileSync(file(), 'utf8')).toBe(
    windows.replace('recipients: user_id\r\n', 'recipients: user_id # who\r\n'),
  );
  writeFileSync(file(), shipped);
  await page.locator('.cm-line', { hasText: '# who' }).waitFor({ state: 'detached' });
  await page.getByText('not saved').waitFor({ state: 'detached' });
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});
