import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { readLive } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import { commitCheckout } from '../../shared/operations/configuration/checkout.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { commitTermsOf } from '../../shared/operations/configuration/commit-terms.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import type { Environment } from '../../shared/operations/environment.ts';
import { eventEntry } from '../cli/entries-for-tests.ts';
import { startCheckout, type TestCheckout } from '../console/configuration-for-tests.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { rawEvent, trackEvent } from '../support/build.ts';
import { expectFits, type Look, noTrouble, openAt, picture, startBrowser, type Tab } from './browser-for-tests.ts';
import { cursorBehind, last, result } from './editor-for-tests.ts';

/* What the mapping editor saves and commits, and what becomes of it when something stands against that. */

let browser: Browser;
let world: TestCheckout;
let environment: Environment;
let served: Console;
let cookie: string;
let shipped: string;
let paidId: string;

const source = 'sources/rudderstack.yaml';
const workflow = 'workflows/order-completed.yaml';
const address = '/development/mappings/order-completed?source=rudderstack';

/** Makes the files live, by another person. */
async function commit(message: string): Promise<void> {
  const files = readConfigurationFiles(world.checkout.directory);
  const about = { author: 'Ben <ben@example.com>', message, nowMs: Date.now(), terms: commitTermsOf(environment, []) };
  const done = await commitCheckout(environment, world.checkout, files, about);
  if (done.kind !== 'committed') throw new Error(`not committed: ${JSON.stringify(done)}`);
}

beforeAll(async () => {
  [browser, world] = await Promise.all([startBrowser(), startCheckout()]);
  environment = world.environments.development;
  shipped = world.read(source);
  const events = [...['order_completed', 'paid'].entries()].flatMap(([type, event]) =>
    Array.from({ length: 4 }, (_, i) => {
      const id = makeEventId('rudderstack', 0, Date.now() - (4 * type + i + 1) * 1_000, randomBytes(12));
      const key = `${event}-${i}`;
      const body = trackEvent({ event, messageId: key, userId: `user_${i}`, properties: { order_id: `A-${i}` } });
      const unmapped = { status: 'no_mapping', reason: 'no_mapping_for_type', actionsPlanned: 0 } as const;
      return eventEntry({ id, key, eventType: `track/${event}`, body, ...(event === 'paid' && unmapped) });
    }),
  );
  paidId = events[4]?.id ?? '';
  await world.emulators.eventLog.writeEach(events);
  served = await startConsoleOf(world.environments, { checkout: world.checkout });
  cookie = await signIn(served);
});
// Each journey begins with files that are live.
beforeEach(async () => {
  world.write(source, shipped);
  await commit('As shipped');
});
afterAll(async () => {
  await browser?.close();
  await served?.stop();
  await world?.stop();
});

const tabAt = (at: string, look?: Look): Promise<Tab> => openAt({ browser, served, cookie }, at, look);

/** Makes the order's number the recipient, by a click on the event. */
async function takeOrderNumber(page: Page): Promise<void> {
  await result(page).getByText('runs').first().waitFor();
  await cursorBehind(page, 'recipients: user_id');
  await page.getByRole('button', { name: /^order_id/ }).click();
  await page.locator('.cm-line', { hasText: 'recipients: data.order_id' }).waitFor();
  await result(page).getByText('parameters differ: recipients').waitFor();
}

const withOrderNumber = () => shipped.replace('recipients: user_id\n', 'recipients: data.order_id\n');

test('an event type without a mapping gets one in the editor, whose comparison says that its events newly run', async () => {
  const tab = await tabAt(`/development/events/${paidId}`);
  const { page } = tab;
  await page.getByRole('link', { name: 'Write a mapping for it' }).click();
  await page.locator('.cm-line', { hasText: '- id: paid' }).waitFor();
  await result(page).getByText('would run', { exact: false }).or(result(page).getByText('runs')).first().waitFor();
  await last(page).getByText('4 events would change').waitFor();
  await last(page).getByText('paid: newly runs (was not there)').waitFor();
  // It starts a workflow that no file is of yet.
  await page.getByText(/Saving writes .*workflows\/paid\.yaml too/).waitFor();
  await picture(tab, 'editor-new');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('in the draft of development: 2 changes').waitFor();
  await page.waitForURL(/mappings\/paid\?/);
  expect(world.read(source).startsWith(shipped)).toBe(true);
  expect(world.read('workflows/paid.yaml')).toContain('development: { type: log }');

  await page.getByRole('button', { name: 'Commit…' }).click();
  const dialog = page.locator('dialog');
  await dialog.getByText('paid').first().waitFor();
  await dialog.getByLabel('What the change is for').fill('Paid orders');
  await dialog.getByRole('button', { name: 'Commit', exact: true }).click();
  await page.locator('.page-head .status.good', { hasText: 'live' }).waitFor();
  const live = await readLive(environment.configuration);
  const { plan } = planEvent(rawEvent(trackEvent({ event: 'paid' })), live);
  expect(plan).toMatchObject({ kind: 'run', invocations: [{ mapping: 'paid', payload: { key: 'paid' } }] });
  await last(page).getByText('Nothing would change').waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a save for an environment on AWS asks for its name once, not at each save', async () => {
  const aws = { ...environment, where: 'AWS eu-central-1', local: false };
  const remote = await startConsoleOf({ development: aws }, { checkout: world.checkout });
  const tab = await openAt({ browser, served: remote, cookie: await signIn(remote) }, address);
  const { page } = tab;
  await takeOrderNumber(page);
  await page.keyboard.press('Control+s');
  const dialog = page.locator('dialog');
  const save = dialog.getByRole('button', { name: 'Save', exact: true });
  await dialog.getByText('Nothing is live before it is committed').waitFor();
  expect(await save.isDisabled()).toBe(true);
  expect(world.read(source)).toBe(shipped);
  await dialog.getByLabel(/Type its name/).fill('development');
  await save.click();
  await page.getByText('in the draft of development: 1 change').waitFor();
  expect(world.read(source)).toBe(withOrderNumber());
  await page.locator('.toast').getByRole('button', { name: 'Dismiss' }).click();

  await cursorBehind(page, 'recipients: data.order_id');
  await page.keyboard.type(' # its number');
  await page.getByText('not saved').waitFor();
  await page.keyboard.press('Control+s');
  await page.getByText('in the draft of development: 1 change').waitFor();
  expect(await dialog.count()).toBe(0);
  expect(world.read(source)).toContain('recipients: data.order_id # its number\n');
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
  await remote.stop();
});

test('when another person committed meanwhile, the file is saved, the page says why there is no draft, and goes on', async () => {
  const tab = await tabAt(address);
  const { page } = tab;
  await takeOrderNumber(page);
  // Ben commits the same source from a checkout of his own.
  const { snapshot } = readConfigurationFiles(world.checkout.directory);
  const { rudderstack } = snapshot.sources;
  if (rudderstack === undefined) throw new Error('the checkout has no source');
  const theirs = { ...snapshot, sources: { ...snapshot.sources, rudderstack: { ...rudderstack, name: 'Of Ben' } } };
  const about = { seed: undefined, author: 'Ben <ben@example.com>', message: 'A name', nowMs: Date.now() };
  await pushAndCommit(environment.configuration, { ...about, snapshot: theirs });

  await page.keyboard.press('Control+s');
  const note = page.getByRole('alert');
  await note.getByText('is saved and holds your text').waitFor();
  await note.getByText(/would undo source\/rudderstack.*Ben/).waitFor();
  await picture(tab, 'editor-refused');
  await expectFits(tab);
  expect(world.read(source)).toBe(withOrderNumber());
  expect((await readLive(environment.configuration)).snapshot.sources.rudderstack?.name).toBe('Of Ben');
  const push = note.getByRole('button', { name: 'Make the draft' });
  expect(await push.isDisabled()).toBe(true);

  // Theirs is taken into the file; what was written is there by the editor's undo.
  await note.getByRole('link', { name: 'Compare with what is live' }).click();
  await page.getByText('Of Ben').first().waitFor();
  await page.goBack();
  await page.locator('.cm-line', { hasText: 'recipients: data.order_id' }).waitFor();
  await cursorBehind(page, 'name: RudderStack');
  for (const _ of 'RudderStack') await page.keyboard.press('Backspace');
  await page.keyboard.type('Of Ben');
  await page.keyboard.press('Control+s');
  await note.getByText(/are older/).waitFor();
  // A person who has looked makes the draft over it.
  await note.getByLabel('Make the draft all the same; its commit would undo that').check();
  await push.click();
  await page.getByText('in the draft of development: 1 change').waitFor();
  await note.waitFor({ state: 'detached' });
  expect(world.read(source)).toBe(withOrderNumber().replace('name: RudderStack', 'name: Of Ben'));
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('on a phone, the event, the YAML and the result are tabs, and a click still puts a path into the text', async () => {
  const tab = await tabAt(address, { width: 390, scheme: 'light' });
  const { page } = tab;
  await page.locator('.cm-line', { hasText: 'recipients: user_id' }).waitFor();
  await cursorBehind(page, 'recipients: user_id');
  const looksRight = async (panel: string) => {
    await expectFits(tab);
    const box = await page.locator(panel).boundingBox();
    expect(box).toMatchObject({ width: expect.any(Number) });
    expect(box?.width).toBeGreaterThan(340);
    expect(box?.height).toBeGreaterThan(300);
    await picture(tab, `editor-phone-${panel.slice(4)}`);
  };
  await looksRight('.of-yaml');
  await page.getByRole('tab', { name: 'Event', exact: true }).click();
  await page.getByRole('button', { name: /^order_id/ }).waitFor();
  await looksRight('.of-event');
  await page.getByRole('button', { name: /^order_id/ }).click();
  // The text is shown, with the path in it.
  await page.locator('.cm-line', { hasText: 'recipients: data.order_id' }).waitFor();
  await page.getByRole('tab', { name: 'Result' }).click();
  await result(page).getByText('"A-0"').first().waitFor();
  await looksRight('.of-result');
  await page.getByRole('tab', { name: 'Last events' }).click();
  await last(page).getByText('4 events would change').waitFor();
  await looksRight('.of-last');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('in the draft of development: 1 change').waitFor();
  await expectFits(tab);
  expect(world.read(source)).toBe(withOrderNumber());
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a mapping is switched off and on from the editor, which changes neither the file nor unsaved text', async () => {
  const tab = await tabAt(address);
  const { page } = tab;
  await result(page).getByText('runs').first().waitFor();
  await cursorBehind(page, 'recipients: user_id');
  await page.keyboard.type(' # the buyer');
  await page.getByText('not saved').waitFor();
  const dialog = page.locator('dialog');
  const planned = async () =>
    planEvent(rawEvent(trackEvent()), await readLive(environment.configuration)).plan as { reason?: string };
  for (const [verb, status, reason] of [
    ['Switch off', 'attached', 'mapping_inactive'],
    ['Switch on', 'detached', undefined],
  ] as const) {
    await page.getByRole('button', { name: `${verb}…` }).click();
    await dialog.getByLabel(/^Why/).fill('wrong recipients');
    await dialog.getByRole('button', { name: verb, exact: true }).click();
    await page.locator('.page-head .status.warn', { hasText: 'switched off' }).waitFor({ state: status });
    expect((await planned()).reason).toBe(reason);
    await page.locator('.cm-line', { hasText: 'recipients: user_id # the buyer' }).waitFor();
    expect(world.read(source)).toBe(shipped);
  }
  expect(world.read(workflow)).toContain('name: Order completed');
  await page.keyboard.press('Control+s');
  await page.getByText('development has this content already').waitFor();
  expect(world.read(source)).toBe(shipped.replace('recipients: user_id\n', 'recipients: user_id # the buyer\n'));
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});
