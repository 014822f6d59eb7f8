import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../infra/local/runtime.ts';
import { WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { Mapping } from '../../shared/core/mappings/schema.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { type Environment, openEnvironment, StackOutputs } from '../../shared/operations/environment.ts';
import { setSecret } from '../../shared/operations/secrets/change-secret.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { configFolder, configure } from '../support/config.ts';
import { noTrouble, openTab, picture, startBrowser } from './browser-for-tests.ts';

/* A target is gone, events fail; a person looks, finds out why, and replays them once it is mended. The whole pipeline runs here. */

jest.setTimeout(120_000);
const failures = 120;

let runtime: Runtime;
let environment: Environment;
let target: Server;
let browser: Browser;
let served: Console;
let cookie: string;
let isBroken = true;
let runs = 0;

beforeAll(async () => {
  target = createServer(async (request, response) => {
    const { data } = JSON.parse(await new Response(request as never).text());
    if (isBroken) return response.writeHead(410).end('this address is gone');
    runs += Array.isArray(data) ? data.length : 1;
    return response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  runtime = await startRuntime({ environments: ['development'], port: 0, configure });
  const { region, credentials, endpoints, outputs } = runtime.environments.development as RuntimeEnvironment;
  environment = openEnvironment(
    'development',
    'local',
    StackOutputs.parse(outputs),
    { region, credentials },
    endpoints,
  );
  const { snapshot, environments } = readConfigurationFiles(configFolder);
  const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/receipt`;
  snapshot.workflows.receipt = WorkflowFile.parse({ name: 'Receipt', target: { development: { type: 'http', url } } });
  snapshot.sources.rudderstack?.mappings.push(
    Mapping.parse({
      id: 'receipt',
      event: 'track/paid',
      action: 'workflows_trigger',
      parameters: { key: 'receipt', recipients: { id: 'user_id' }, data: { order: 'data.order' } },
    }),
  );
  const commit = { snapshot, seed: environments.development, author: 'test', message: 'test', nowMs: Date.now() };
  await pushAndCommit(environment.configuration, commit);
  const value = `whsec_${Buffer.from('incident-secret-0123456789abcdef').toString('base64')}`;
  const store = {
    client: await environment.secrets(),
    prefix: environment.outputs.SecretsPrefix,
    changes: environment.configuration,
  };
  await setSecret(store, { name: 'targets/receipt', value, also: false, author: 'test', nowMs: Date.now() });
  browser = await startBrowser();
  served = await startConsoleOf({ development: environment });
  cookie = await signIn(served);
});
afterAll(async () => {
  await browser?.close();
  await served?.stop();
  environment?.documents.destroy();
  await runtime?.stop();
  target?.close();
});

async function send(events: object[]): Promise<void> {
  const { configuration } = runtime.environments.development as RuntimeEnvironment;
  const source = configuration.sources.find(({ key }) => key === 'rudderstack');
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(source?.ingestUrl ?? '', { method: 'POST', headers, body: JSON.stringify(events) });
  expect(answer.status).toBe(200);
}

const paid = (order: string) => ({
  type: 'track',
  event: 'paid',
  userId: `user of ${order}`,
  messageId: order,
  properties: { order },
});

test('the overview leads to the cause in two clicks, and one action replays what is missing', async () => {
  await send(Array.from({ length: failures }, (_, i) => paid(`order-${i}`)));
  await runtime.idle(60_000);

  const tab = await openTab(browser, served, cookie);
  const { page } = tab;
  await page.goto(`http://127.0.0.1:${served.port}/development`);
  const finding = page.locator('.findings li', { hasText: 'actions failed' });
  await finding.getByText('410').waitFor();
  await picture(tab, 'incident-overview');

  // One click to the newest of them: the target's own answer is there.
  await finding.getByRole('link', { name: 'Newest' }).click();
  await page.locator('.timeline').getByText('this address is gone').first().waitFor();
  await picture(tab, 'incident-event');

  isBroken = false;
  await page.locator('nav').getByRole('link', { name: 'Problems' }).click();
  await page.getByText(`${failures} actions failed or skipped`).waitFor();
  await page.getByRole('button', { name: 'Replay…' }).click();
  await page.locator('dialog').getByText(`${failures} events match`).waitFor();
  await picture(tab, 'incident-preview');
  await page.getByLabel(/^Why/).fill('the target is back');
  await page.locator('dialog').getByRole('button', { name: 'Replay', exact: true }).click();
  await page.locator('.jobs li', { hasText: `${failures} replayed` }).waitFor();
  await page.locator('.jobs li', { hasText: 'the target is back' }).waitFor();
  await picture(tab, 'incident-job');
  await runtime.idle(60_000);
  expect(runs).toBe(failures);

  await page.locator('nav').getByRole('link', { name: 'Problems' }).click();
  await page.getByText('Nothing failed').waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('an event is shown as it comes in, without a reload', async () => {
  const tab = await openTab(browser, served, cookie);
  await tab.page.goto(`http://127.0.0.1:${served.port}/development/events`);
  await tab.page.locator('.live.on').waitFor();
  const sentMs = performance.now();
  await send([paid('live-order')]);
  await tab.page.locator('tbody tr', { hasText: 'user of live-order' }).waitFor();
  console.log(`shown ${Math.round(performance.now() - sentMs)} ms after it was sent`);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});
