import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../infra/local/runtime.ts';
import type { Checkout } from '../../shared/operations/configuration/checkout.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { fileBasesAt } from '../../shared/operations/configuration/files/file-bases.ts';
import { type Environment, openEnvironment, StackOutputs } from '../../shared/operations/environment.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { configFolder, configure } from '../support/config.ts';
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

/* A newcomer adds a source through the pages and sees its first event. The whole pipeline runs here. */

let folder: string;
let checkout: Checkout;
let runtime: Runtime;
let environment: Environment;
let browser: Browser;
let served: Console;
let cookie: string;

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
/** What git sees of the checkout. */
const changes = () => git('status', '--porcelain', '--untracked-files=all').split('\n').filter(Boolean);
const sourcesIn = () => readdirSync(join(checkout.directory, 'sources')).sort();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-add-source-'));
  const directory = join(folder, 'config');
  cpSync(configFolder, directory, { recursive: true });
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
  checkout = { directory, bases: fileBasesAt(join(folder, '.git', 'file-bases.json')) };
  runtime = await startRuntime({ environments: ['development'], port: 0, configure });
  const { region, credentials, endpoints, outputs } = runtime.environments.development as RuntimeEnvironment;
  environment = openEnvironment(
    'development',
    'local',
    StackOutputs.parse(outputs),
    { region, credentials },
    endpoints,
  );
  browser = await startBrowser();
  served = await startConsoleOf(
    { development: environment, staging: { ...environment, name: 'staging' } },
    { checkout },
  );
  cookie = await signIn(served);
});
afterAll(async () => {
  await browser?.close();
  await served?.stop();
  environment?.documents.destroy();
  await runtime?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tabAt = (address: string, look?: Look): Promise<Tab> => openAt({ browser, served, cookie }, address, look);
const addButton = (page: Page) => page.getByRole('button', { name: 'Add the source…' });

/** What the ingest URL answered to a request that a stranger made. */
async function post(url: string, headers: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(url, { method: 'POST', headers, body: '{"id":"evt_1","type":"invoice.paid"}' });
  return answer.status;
}

lookAtEach(
  [
    ['add a source', () => '/development/sources/~new', '.cards li'],
    ['add stripe', () => '/development/sources/~new?kind=stripe', '.written .yaml'],
    ['add an http source', () => '/development/sources/~new?kind=http&verify=hmac', '.written .yaml'],
    ['add a source where they are promoted', () => '/staging/sources/~new', '.empty'],
  ] satisfies LookedAt[],
  tabAt,
);

test('a newcomer adds Stripe, is told of a wrong signature, and sees the first event the moment it arrives', async () => {
  const tab = await tabAt('/development/sources');
  const { page } = tab;
  await page.getByRole('link', { name: 'Add a source' }).click();
  await page.getByLabel('Find a sender').fill('strip');
  await page.locator('.card').filter({ hasText: 'Stripe' }).waitFor();
  // The first that was found, without the mouse.
  await page.keyboard.press('Enter');
  await page.getByLabel(/customer\.updated/).check();
  await page.getByText('sources/stripe.yaml').first().waitFor();
  await page.locator('.written .yaml', { hasText: '- id: customer-updated' }).waitFor();

  // A reload in the middle shows what was chosen.
  await page.waitForURL(/mappings=/);
  await page.reload();
  expect(await page.getByLabel(/customer\.updated/).isChecked()).toBe(true);
  expect(changes()).toEqual([]);

  await addButton(page).click();
  await page.getByRole('button', { name: 'Write and commit' }).click();
  await page.waitForURL('**/sources/stripe/setup');
  await page.getByText('Waiting for the first event').waitFor();
  await picture(tab, 'waiting');
  // In git it is new files, and nothing else.
  expect(changes()).toEqual(
    ['sources/stripe', 'workflows/invoice-created', 'workflows/invoice-paid'].map((file) => `?? config/${file}.yaml`),
  );
  const text = readFileSync(join(checkout.directory, 'sources', 'stripe.yaml'), 'utf8');
  expect(text).toContain('- id: customer-updated');
  expect(readConfigurationFiles(checkout.directory).problems.filter(({ severity }) => severity === 'error')).toEqual(
    [],
  );

  expect(await page.getByRole('button', { name: 'Send a sample…' }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Show the URL' }).click();
  const url = await page.locator('.setup-steps code.text', { hasText: '/v1/sources/stripe/' }).innerText();
  await page.getByRole('button', { name: 'Hide' }).click();
  await page.getByRole('button', { name: 'Set the secret…' }).click();
  await page.getByLabel(/^The secret, as Stripe shows it/).fill('whsec_a-secret-of-this-test-only');
  await page.getByRole('button', { name: 'Set it', exact: true }).click();
  await page.locator('#secret .good').waitFor();

  // Wrong signature, wrong URL: each is shown with what to change.
  expect(await post(url, { 'stripe-signature': 't=1,v1=00' })).toBe(401);
  await page.getByText('signature wrong').waitFor();
  await page.getByText('Compare the secret at both sides').waitFor();
  expect(await post(`${url.slice(0, -3)}xyz`)).toBe(404);
  await page.getByText('token wrong').waitFor();
  await picture(tab, 'refused');
  expect(await page.locator('.arrived .newest').count()).toBe(0);

  // A sample: it is here within two seconds of its acceptance.
  await page.getByRole('button', { name: 'Send a sample…' }).click();
  await page.getByLabel('What', { exact: true }).selectOption('customer.created');
  const accepted = page.waitForResponse(/\/source\/stripe\/send$/);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await accepted;
  const sentMs = performance.now();
  await page.locator('.arrived .newest', { hasText: 'customer.created' }).waitFor();
  console.log(`the first event was shown ${Math.round(performance.now() - sentMs)} ms after its answer`);
  await page.getByText('It arrives').waitFor();
  await picture(tab, 'arrived');

  // A colleague's link shows the same.
  const other = await tabAt('/development/sources/stripe/setup');
  await other.page.locator('.arrived .newest', { hasText: 'customer.created' }).waitFor();
  await other.context.close();

  await page.getByRole('link', { name: 'See what its mappings did, and why' }).click();
  await page.waitForURL(/\/development\/events\//);
  await page.locator('.timeline').getByText('customer-created').first().waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a key that is taken or cannot be one is refused with what would be right, and nothing is written', async () => {
  const before = sourcesIn();
  const tab = await tabAt('/development/sources/~new?kind=rudderstack');
  const { page } = tab;
  const key = page.getByLabel('Key', { exact: true });
  expect(await key.inputValue()).toBe('rudderstack-2');
  await key.fill('rudderstack');
  await page.getByRole('link', { name: 'Set that one up' }).waitFor();
  expect(await addButton(page).isDisabled()).toBe(true);
  await picture(tab, 'key-taken');
  await key.fill('../../x');
  await page.getByText(/cannot be the key of a source/).waitFor();
  expect(await addButton(page).isDisabled()).toBe(true);
  expect(sourcesIn()).toEqual(before);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a sender that comes before its secret is answered 503, and the panel says why', async () => {
  const tab = await tabAt('/development/sources/~new?kind=clerk');
  const { page } = tab;
  await addButton(page).click();
  await page.getByRole('button', { name: 'Write and commit' }).click();
  await page.waitForURL('**/sources/clerk/setup');
  await page.getByRole('button', { name: 'Show the URL' }).click();
  const url = await page.locator('.setup-steps code.text', { hasText: '/v1/sources/clerk/' }).innerText();
  expect(await post(url, { 'svix-signature': 'v1,x', 'svix-id': 'msg_1', 'svix-timestamp': '1' })).toBe(503);
  await page.getByText('secret missing').waitFor();
  await page.getByText('Set the secret on this page.').waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a name of a stranger is text in the page and one value in the file', async () => {
  const evil = `<img src=x onerror=alert(1)>\u202Egnp.exe: [x] # "'\\`;
  const tab = await tabAt(`/development/sources/~new?kind=http&key=odd&name=${encodeURIComponent(evil)}`);
  const { page } = tab;
  await page.locator('.written .yaml', { hasText: 'alert(1)' }).waitFor();
  expect(await page.locator('img').count()).toBe(0);
  await addButton(page).click();
  await page.getByLabel('What the change is for').fill(evil);
  await page.getByRole('button', { name: 'Write and commit' }).click();
  await page.waitForURL('**/sources/odd/setup');
  const { snapshot, problems } = readConfigurationFiles(checkout.directory);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(snapshot.sources.odd?.name).toBe(evil);
  await page.goto(`http://127.0.0.1:${served.port}/development/sources/odd`);
  await page.locator('.facts', { hasText: 'alert(1)' }).waitFor();
  expect(await page.locator('main').innerText()).not.toContain('\u202e');
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a source with the key `new` has a page of its own beside the one that adds sources', async () => {
  const tab = await tabAt('/development/sources/~new?kind=segment&key=new');
  const { page } = tab;
  await addButton(page).click();
  await page.getByRole('button', { name: 'Write and commit' }).click();
  await page.waitForURL('**/sources/new/setup');
  await page.goto(`http://127.0.0.1:${served.port}/development/sources/new`);
  await page.locator('.facts', { hasText: 'Segment (new)' }).waitFor();
  await page.locator('nav').getByRole('link', { name: 'Sources' }).click();
  await page.getByRole('link', { name: 'Add a source' }).click();
  await page.locator('.cards li').first().waitFor();
  expect(await page.locator('nav [aria-current=page]').innerText()).toBe('Sources');
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('an event type without a mapping gets one in the file of its source, and a commit makes it live', async () => {
  const tab = await tabAt('/development/sources/stripe');
  const { page } = tab;
  await page.getByRole('button', { name: 'Send a sample…' }).click();
  await page.getByLabel('What', { exact: true }).selectOption('customer.subscription.updated');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('1 of 1 request accepted').waitFor();
  await page.getByRole('button', { name: 'Suggest a mapping for customer.subscription.updated' }).click();
  await page.getByText('id: customer-subscription-updated').waitFor();
  await picture(tab, 'suggested');
  await page.getByLabel('Its action').selectOption('users_identify');
  await page.locator('.yaml', { hasText: 'action: users_identify' }).waitFor();
  await page.getByRole('button', { name: 'Add it to the file' }).click();
  await page.getByText('is written, and not live yet').waitFor();
  await picture(tab, 'added');
  const text = readFileSync(join(checkout.directory, 'sources', 'stripe.yaml'), 'utf8');
  expect(text).toContain('- id: customer-subscription-updated');
  expect(text).toContain('# Events from Stripe. How to set that up');
  await page.getByRole('button', { name: 'Commit…' }).click();
  await page.getByRole('button', { name: 'Commit', exact: true }).click();
  await page.getByText('is written, and not live yet').waitFor({ state: 'detached' });
  await page.getByRole('region', { name: 'Mappings' }).getByText('customer-subscription-updated').waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('the URL and the secret of a source are replaced without a gap, and its settings change at once', async () => {
  const tab = await tabAt('/development/sources/stripe?show=access');
  const { page } = tab;
  await page.getByRole('button', { name: 'Replace the URL…' }).click();
  await page.getByRole('button', { name: 'Make a new URL' }).click();
  await page.getByText('The old URL is still valid.').waitFor();
  await picture(tab, 'rotated');
  await page.getByRole('button', { name: 'End the old URL…' }).click();
  const end = page.getByRole('button', { name: 'End it' });
  // It was replaced a moment ago, so the sender may still use it.
  expect(await end.isDisabled()).toBe(true);
  await page.getByLabel(/End it all the same/).check();
  await end.click();
  await page.getByText('The old URL is still valid.').waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Replace it…' }).click();
  await page.getByLabel(/^The secret, as Stripe shows it/).fill('whsec_another-secret-of-this-test');
  await page.getByRole('button', { name: 'Set it', exact: true }).click();
  await page.getByRole('button', { name: 'End the older one…' }).click();
  await page.getByRole('button', { name: 'End it' }).click();
  await page.getByRole('button', { name: 'Replace it…' }).waitFor();
  expect(await page.content()).not.toContain('of-this-test');

  await page.getByRole('button', { name: 'Make a link…' }).click();
  await page.getByRole('button', { name: 'Make the link' }).click();
  await page.locator('.made code').waitFor();
  await page.getByText('Works until').waitFor();

  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.waitForURL(/show=settings/);
  await page.getByRole('button', { name: 'Change settings…' }).click();
  await page.getByLabel('Copies count for, in hours').fill('48');
  await picture(tab, 'settings-change');
  await page.getByRole('button', { name: 'Change 1 setting' }).click();
  await page.getByRole('row', { name: /Copies count for 48 h/ }).waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a paused source holds its events, and releases them when it is resumed', async () => {
  const tab = await tabAt('/development/sources/rudderstack');
  const { page } = tab;
  await page.getByRole('button', { name: 'Pause…' }).click();
  await page.getByLabel(/^Why/).fill('wrong mapping');
  await page.getByRole('button', { name: 'Pause and hold its events' }).click();
  await page.getByText('It is paused').waitFor();
  await page.getByRole('button', { name: 'Send a sample…' }).click();
  await page.getByLabel('What', { exact: true }).selectOption('identify');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('1 of 1 request accepted').waitFor();
  await page.getByRole('link', { name: '1 event', exact: true }).waitFor();
  await picture(tab, 'paused');
  await page.getByRole('button', { name: 'Resume…' }).click();
  await page.getByRole('button', { name: 'Release 1 and resume' }).click();
  await page.getByText('It is paused').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Pause…' }).waitFor();
  await page.goto(`http://127.0.0.1:${served.port}/development/events?source=rudderstack&status=processed`);
  await page.locator('.rows tbody td').first().waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('files with errors are shown with their places, and the page goes on when they are right', async () => {
  const path = join(checkout.directory, 'workflows', 'broken.yaml');
  writeFileSync(path, 'name: Broken\ntarget: 7\n');
  const tab = await tabAt('/development/sources/~new');
  await tab.page.getByText('The configuration files have errors.').waitFor();
  await tab.page.getByText(/workflows\/broken\.yaml:2/).waitFor();
  await picture(tab, 'file-errors');
  rmSync(path);
  await tab.page.locator('.cards li').first().waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a console that only reads, or has no files, adds nothing and says how to go on', async () => {
  const reading = await startConsoleOf({ development: environment }, { checkout, readOnly: true });
  const bare = await startConsoleOf({ development: environment });
  const ofReading = await openAt({ browser, served: reading, cookie: await signIn(reading) }, '/development/sources');
  expect(await ofReading.page.getByRole('link', { name: 'Add a source' }).count()).toBe(0);
  await ofReading.page.goto(`http://127.0.0.1:${reading.port}/development/sources/~new?kind=stripe`);
  await ofReading.page.getByText('This console only reads').waitFor();
  await ofReading.page.goto(`http://127.0.0.1:${reading.port}/development/sources/rudderstack/setup`);
  await ofReading.page.locator('.setup-steps').waitFor();
  for (const name of [/sample/, /secret…/, /Replace/])
    expect(await ofReading.page.getByRole('button', { name }).count()).toBe(0);
  const ofBare = await openAt({ browser, served: bare, cookie: await signIn(bare) }, '/development/sources/~new');
  await ofBare.page.getByText('This console has no configuration files').waitFor();
  await Promise.all([ofReading.context.close(), ofBare.context.close()]);
  await Promise.all([reading.stop(), bare.stop()]);
});

test('on AWS the name of the environment is asked for', async () => {
  const aws = { ...environment, where: 'AWS eu-central-1', local: false };
  const remote = await startConsoleOf({ development: aws }, { checkout });
  const before = sourcesIn();
  const tab = await openAt(
    { browser, served: remote, cookie: await signIn(remote) },
    '/development/sources/~new?kind=segment',
  );
  const { page } = tab;
  await addButton(page).click();
  const write = page.getByRole('button', { name: 'Write and commit' });
  expect(await write.isDisabled()).toBe(true);
  await page.getByLabel(/Type its name/).fill('development');
  expect(await write.isDisabled()).toBe(false);
  await page.getByRole('button', { name: 'Cancel' }).click();
  expect(sourcesIn()).toEqual(before);
  await tab.context.close();
  await remote.stop();
});
