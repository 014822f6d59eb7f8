import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { signIn } from '../console/console-for-tests.ts';
import { type Stage, startStage, synthesizeStage } from '../drills/stage.ts';
import { answersOf, emptyAccount } from '../support/aws-account.ts';
import { startAws } from '../support/aws-wire.ts';
import { startWarmCli, type WarmCli } from '../support/warm-cli.ts';
import { noTrouble, openAt, picture, type Serving, startBrowser, startServing, type Tab } from './browser-for-tests.ts';
import { expectJobsOfCli, expectOverviewOfCli, expectProblemsOfCli, jsonOf, type Typed } from './numbers-for-tests.ts';

/*
 * An incident in an environment that is reached as those on AWS are: by the outputs of its stack, and the services' own
 * endpoints. Commands and console are processes, as a person starts them.
 */

const orderCount = 40;
const directory = mkdtempSync(join(tmpdir(), 'signalbox-aws-'));

let outdir: string;
let stage: Stage;
let aws: Awaited<ReturnType<typeof startAws>>;
let cli: WarmCli;
let browser: Browser;
let served: Serving;
let reading: Serving;
const orders: string[] = [];
const cookies = new Map<Serving, string>();

const typed: Typed = (args) => cli.run([...args, '--environment', 'production']);

beforeAll(async () => {
  [outdir, browser] = await Promise.all([synthesizeStage('production'), startBrowser()]);
  stage = await startStage(outdir, { name: 'production' });
  const { region, credentials, endpoints, outputs } = stage.local;
  const account = emptyAccount();
  account.stacks['signalbox-production'] = { status: 'UPDATE_COMPLETE', outputs };
  aws = await startAws(answersOf(account, () => aws.url));
  const env = {
    AWS_ENDPOINT_URL: aws.url,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsmanager,
    AWS_ENDPOINT_URL_CLOUDWATCH: endpoints.cloudwatch,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    // No local runtime is known here.
    SIGNALBOX_RUNTIME_FILE: join(directory, 'runtime.json'),
  };
  cli = startWarmCli(env);
  await stage.identify('lena');
  stage.target.answers = 410;
  stage.target.says = 'this address is gone';
  const sent = Array.from({ length: orderCount }, () => stage.order());
  expect(await stage.post('shop', sent)).toBe(200);
  orders.push(...sent.map(({ properties }) => (properties as { order_id: string }).order_id));
  await stage.runtime.idle(120_000);
  const command = ['console', '--environment', 'production', '--port', '0', '--json'];
  [served, reading] = await Promise.all([
    startServing('infra/cli/main.ts', command, env),
    startServing('infra/cli/main.ts', [...command, '--read-only'], env),
  ]);
  for (const one of [served, reading]) cookies.set(one, await signIn(one));
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await Promise.all([served?.end('SIGINT'), reading?.end('SIGINT')]);
  cli?.stop();
  await stage?.stop();
  await aws?.stop();
  for (const folder of [outdir, directory]) rmSync(folder, { recursive: true, force: true });
});

const tabAt = (address: string, at = served): Promise<Tab> =>
  openAt({ browser, served: at, cookie: cookies.get(at) ?? '' }, address);

/** What the page itself is answered by the server, as its own script asks. */
const asked = ({ page }: Tab, path: string, headers: Record<string, string>, body: object) =>
  page.evaluate<{ status: number; code: string }>(
    `fetch(${JSON.stringify(`/api/environments/production${path}`)}, {
      method: 'POST',
      headers: ${JSON.stringify({ 'content-type': 'application/json', ...headers })},
      body: ${JSON.stringify(JSON.stringify(body))},
    }).then(async (answer) => ({ status: answer.status, code: (await answer.json()).code }))`,
  );

const matching = { matching: { of: 'actions', search: { status: 'failed', since: '1d' } } };

test('its colour and its place are above every page, and its numbers are those of the commands', async () => {
  const tab = await tabAt('/production');
  const { page } = tab;
  await page.locator('.bar', { hasText: 'AWS us-east-1' }).waitFor();
  const colour = await page.evaluate("getComputedStyle(document.querySelector('.shell')).borderTopColor");
  expect(colour).toBe('rgb(201, 42, 42)');
  const { findings } = await expectOverviewOfCli(page, typed);
  expect(findings).toContainEqual(expect.objectContaining({ id: 'actions_failed', count: orderCount }));
  await picture(tab, 'aws-overview');
  await page.locator('.findings li', { hasText: 'actions failed' }).getByRole('link', { name: 'Newest' }).click();
  await page.locator('.timeline').getByText('this address is gone').first().waitFor();
  await page.locator('nav').getByRole('link', { name: 'Problems' }).click();
  expect(await expectProblemsOfCli(page, typed)).toEqual({ target_refused: orderCount });
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a console that only reads has no button that changes something, and its server refuses', async () => {
  const tab = await tabAt('/production/problems', reading);
  const { page } = tab;
  await page.locator('.bar', { hasText: 'read-only' }).waitFor();
  await page.locator('.groups tbody td').first().waitFor();
  const buttons = page.getByRole('button', { name: /replay|discard|pause|resume|cancel/i });
  expect(await buttons.count()).toBe(0);
  const headers = { 'x-confirm-environment': 'production' };
  expect(await asked(tab, '/replay/matching', headers, matching)).toEqual({ status: 403, code: 'read_only' });
  expect(await asked(tab, '/workflows/confirm-order/pause', headers, {})).toEqual({ status: 403, code: 'read_only' });
  for (const path of ['/production/workflows/confirm-order', '/production/sources/shop', '/production/configuration']) {
    await page.goto(`http://127.0.0.1:${reading.port}${path}`);
    await page.locator('main h1').waitFor();
    await page.locator('body:not(:has(.loading))').waitFor();
    expect(await buttons.count()).toBe(0);
  }
  await tab.context.close();
});

test('each change asks for its name; another name is refused by the page and by the server', async () => {
  const tab = await tabAt('/production/problems');
  const { page } = tab;
  for (const named of [{}, { 'x-confirm-environment': 'staging' }, { 'x-confirm-environment': 'Production' }] as Record<
    string,
    string
  >[])
    expect(await asked(tab, '/replay/matching', named, matching)).toEqual({ status: 428, code: 'name_missing' });

  stage.target.answers = 200;
  await page.getByRole('button', { name: 'Replay…' }).click();
  await page.locator('dialog').getByText(`${orderCount} events match`).waitFor();
  const replay = page.locator('dialog').getByRole('button', { name: 'Replay', exact: true });
  const field = page.getByLabel('This changes production (AWS us-east-1). Type its name:');
  for (const name of ['', 'staging', 'Production', 'production ']) {
    await field.fill(name);
    expect([name, await replay.isDisabled()]).toEqual([name, true]);
  }
  await picture(tab, 'aws-replay');
  expect(stage.taken).toEqual([]);
  await field.fill('production');
  await replay.click();
  await page.locator('.jobs li', { hasText: `${orderCount} replayed` }).waitFor({ timeout: 60_000 });
  expect(await expectJobsOfCli(page, typed)).toMatchObject({ state: 'done', counts: { replayed: orderCount } });
  await stage.runtime.idle(120_000);
  expect([...stage.taken].sort()).toEqual([...orders].sort());

  // The next change asks again.
  await page.goto(`http://127.0.0.1:${served.port}/production/workflows/confirm-order`);
  await page.getByRole('button', { name: 'Pause…' }).click();
  const pause = page.getByRole('button', { name: 'Pause and hold its runs' });
  expect(await pause.isDisabled()).toBe(true);
  await field.fill('production');
  await pause.click();
  await page.locator('.page-head .status', { hasText: 'holding' }).waitFor();

  await page.locator('nav').getByRole('link', { name: 'Problems' }).click();
  await page.getByText('Nothing failed').waitFor();
  expect(await expectProblemsOfCli(page, typed)).toEqual({});
  // Until now, not until three minutes ago: here each count is written before its request is answered.
  const until = new Date(Date.now() + 60_000).toISOString();
  expect(await jsonOf(typed, ['verify', '--since', '1h', '--until', until])).toMatchObject({ balanced: true });
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});
