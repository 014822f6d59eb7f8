import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { root } from '../../infra/build/build.js';
import { pushLocalConfiguration } from '../../infra/local/configuration.ts';
import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../infra/local/runtime.ts';
import { commitCheckout } from '../../shared/operations/configuration/checkout.ts';
import { commitTermsOf } from '../../shared/operations/configuration/commit-terms.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { fileBasesAt } from '../../shared/operations/configuration/files/file-bases.ts';
import { type Environment, openEnvironment, StackOutputs } from '../../shared/operations/environment.ts';
import { setSecret } from '../../shared/operations/secrets/change-secret.ts';
import { switchSource } from '../../shared/operations/settings/switches.ts';
import { addCookie, noChromium, startBrowser } from '../browser/chromium.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { refuse } from '../support/program-arguments.ts';
import { type Post, posts } from './posts.ts';

/*
 * npm run screenshots: the pictures of the console in docs/pictures/, of real pages over the whole
 * local pipeline. Events and their order are the same in each run; ids and times are of the run.
 */

const pictures = join(root, 'docs/pictures');
const largestBytes = 200_000;
const author = 'Ada <ada@example.com>';

type Shot = {
  name: string;
  address: string;
  /** Is there once the page is whole. */
  shows: string;
  schemes: readonly ('light' | 'dark')[];
  width?: number;
  height?: number;
  prepare?(page: Page): Promise<void>;
};

const missing = noChromium();
if (missing !== undefined) refuse(missing);
const folder = mkdtempSync(join(tmpdir(), 'signalbox-pictures-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const target = createServer((request, response) => {
  request.resume();
  response.writeHead(410).end('this address is gone');
});
await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
// As in a checkout, whose paths the editor shows.
const directory = join(folder, 'infra/config');
cpSync(join(root, 'test/screenshots/config'), directory, { recursive: true });
edit('workflows/payment-failed.yaml', 'url: TARGET', `url: http://127.0.0.1:${(target.address() as AddressInfo).port}`);

const say = (line: string) => console.error(`${line} …`);
say('starting the local runtime');
const runtime = await startRuntime({
  environments: ['development', 'staging'],
  port: 0,
  configure: (environment, running) => pushLocalConfiguration(environment, running, directory),
});
process.chdir(folder);
const checkout = { directory: 'infra/config', bases: fileBasesAt(join(folder, 'bases.json')) };
const environments = { development: opened(runtime, 'development'), staging: opened(runtime, 'staging') };
await setUp();
say('sending events');
await sendAll(posts());
await runtime.idle(120_000);
await changeConfiguration();

const served = await startConsoleOf(environments, { checkout, author });
const cookie = await signIn(served);
const failed = await idOf('/api/environments/development/actions?status=failed&limit=1', 'event_id');
const browser = await startBrowser();
mkdirSync(pictures, { recursive: true });
for (const name of readdirSync(pictures)) rmSync(join(pictures, name));
const both = ['light', 'dark'] as const;
const shots: Shot[] = [
  { name: 'events', address: '/development/events', shows: '.live.on', schemes: both },
  { name: 'event', address: `/development/events/${failed}`, shows: '.timeline li', schemes: both, height: 1_100 },
  {
    name: 'mapping',
    address: '/development/mappings/order-completed?source=rudderstack',
    shows: '.of-last:not([aria-busy="true"])',
    schemes: both,
    prepare: changeMapping,
  },
  { name: 'configuration', address: '/development/configuration?show=matrix', shows: '.matrix', schemes: ['light'] },
  { name: 'phone', address: '/development/events', shows: '.live.on', schemes: ['light'], width: 390, height: 700 },
];
for (const shot of shots) for (const scheme of shot.schemes) await take(browser, shot, scheme);
await browser.close();
await served.stop();
await runtime.stop();
target.close();
process.exit();

function edit(file: string, from: string, to: string): void {
  const path = join(directory, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} does not have ${from}`);
  writeFileSync(path, text.replace(from, to));
}

function opened({ environments }: Runtime, name: string): Environment {
  const { region, credentials, endpoints, outputs } = environments[name] as RuntimeEnvironment;
  return openEnvironment(name, 'local', StackOutputs.parse(outputs), { region, credentials }, endpoints);
}

/** The secret that calls of the target are signed with. */
async function setUp(): Promise<void> {
  const { development } = environments;
  const store = {
    client: await development.secrets(),
    prefix: development.outputs.SecretsPrefix,
    changes: development.configuration,
  };
  const value = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  await setSecret(store, { name: 'targets/payment-failed', value, also: false, author, nowMs: Date.now() });
}

/** One after the other, so that their order is the same in each run. */
async function sendAll(all: Post[]): Promise<void> {
  const { configuration } = runtime.environments.development as RuntimeEnvironment;
  for (const { source, headers, body } of all) {
    const url = configuration.sources.find(({ key }) => key === source)?.ingestUrl ?? '';
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${source} answered ${answer.status}: ${await answer.text()}`);
  }
}

/** So that the matrix has something to show: development is ahead, and a source is off in staging. */
async function changeConfiguration(): Promise<void> {
  const { development, staging } = environments;
  edit('sources/segment.yaml', 'name: Mobile app', 'name: Mobile apps');
  const about = {
    author,
    message: 'Both mobile apps send here',
    nowMs: Date.now(),
    terms: commitTermsOf(development, []),
  };
  const done = await commitCheckout(development, checkout, readConfigurationFiles(checkout.directory), about);
  if (done.kind !== 'committed') throw new Error(`not committed: ${JSON.stringify(done)}`);
  await switchSource(staging.configuration, {
    source: 'leads',
    enabled: false,
    author,
    message: 'not used yet',
    nowMs: Date.now(),
  });
}

async function idOf(path: string, field: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${served.port}${path}`, { headers: { cookie } });
  const { rows } = (await answer.json()) as { rows: Record<string, string>[] };
  const id = rows[0]?.[field];
  if (id === undefined) throw new Error(`${path} has no row`);
  return id;
}

/** Hands on three fields of the order instead of all, as a person would write it. */
async function changeMapping(page: Page): Promise<void> {
  await page.locator('.cm-line', { hasText: 'data: data' }).first().click();
  await page.keyboard.press('End');
  for (let i = 0; i < 'data'.length; i++) await page.keyboard.press('Backspace');
  await page.keyboard.insertText('{ order: data.order_id, total: data.total, currency: data.currency }');
  await page.keyboard.press('Escape');
  await page.locator('.of-result:not([aria-busy="true"])').getByText('parameters differ').waitFor();
  await page.locator('.of-last:not([aria-busy="true"])').getByText('events would change').waitFor();
}

async function take(browser: Browser, shot: Shot, scheme: 'light' | 'dark'): Promise<void> {
  const { name, address, shows, schemes, width = 1280, height = 800, prepare } = shot;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, timezoneId: 'UTC' });
  await addCookie(context, served.port, cookie);
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${served.port}${address}`);
  await page.locator(shows).first().waitFor();
  await page.locator('body:not(:has(.loading))').waitFor();
  await prepare?.(page);
  // No cursor that blinks, and no focus where the page was entered.
  const path = join(pictures, `${schemes.length === 1 ? name : `${name}-${scheme}`}.png`);
  await page.screenshot({ path, caret: 'hide', animations: 'disabled' });
  const { size } = statSync(path);
  console.log(`${path.slice(root.length)}: ${Math.round(size / 1_000)} KB`);
  if (size > largestBytes) throw new Error(`${path} is larger than ${largestBytes / 1_000} KB`);
  await context.close();
}
