import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { printRunId } from '../../shared/core/ids/run-id.ts';
import { createKey } from '../../shared/operations/keys/keys.ts';
import { actionEntry, eventEntry, outcome, run } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { localCredentials } from '../support/dynalite.ts';
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

let browser: Browser;
let environment: TestEnvironment;
let empty: TestEnvironment;
let served: Console;
let cookie: string;
let ingest: Server;
let runId: string;
const eventId = makeEventId('rudderstack', 0, Date.now(), randomBytes(12));

const evil = '<img src=x onerror=alert(1)>\u202Egnp.exe\u0007';

function withSecrets(of: TestEnvironment, ingestUrl: string) {
  const client = new SecretsManagerClient({ endpoint: of.secretServer.endpoint, ...localCredentials });
  return { ...of, outputs: { ...of.outputs, IngestUrl: ingestUrl }, secrets: async () => client };
}

beforeAll(async () => {
  [browser, environment, empty] = await Promise.all([startBrowser(), startEnvironment(), startEnvironment()]);
  await environment.commit(liveConfiguration());
  const none = liveConfiguration({ workflows: {}, file: { mappings: [] } });
  await empty.commit({ ...none, snapshot: { ...none.snapshot, sources: {} } });
  environment.secretServer.secrets.set('signalbox/development/sources/rudderstack', JSON.stringify({ values: ['s'] }));
  const events = Array.from({ length: 12 }, (_, i) =>
    eventEntry({
      id: makeEventId('rudderstack', 0, Date.now() - (i + 5) * 60_000, randomBytes(12)),
      key: `message-${i}`,
      userId: 'usr_8841',
    }),
  );
  await environment.eventLog.writeEach(events);
  const payload = { key: 'order-completed', recipients: ['usr_8841'] };
  await environment.actionLog.writeEach(events.map((event) => actionEntry(event, [outcome(event.id, { payload })])));
  const runs = events.map((event, i) => run(event, i === 0 ? { status: 'pending' } : {}));
  await environment.runs.writeEach(runs);
  runId = printRunId((runs[0] as (typeof runs)[number]).key);
  const by = { author: evil, nowMs: Date.now() - 60_000, entropy: randomBytes(32) };
  await createKey(environment, { name: 'census', kind: 'secret' }, by);
  ingest = createServer((request, response) => {
    request.resume().on('end', () => {
      const isSigned = Object.values(request.headers).includes('s');
      response.writeHead(isSigned ? 202 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isSigned ? { ids: [eventId] } : { title: 'the proof is missing' }));
    });
  });
  await new Promise<void>((resolve) => ingest.listen(0, '127.0.0.1', resolve));
  const address = ingest.address();
  const ingestUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  served = await startConsoleOf({
    development: withSecrets(environment, ingestUrl),
    empty: { ...withSecrets(empty, ingestUrl), name: 'empty' },
  });
  cookie = await signIn(served);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  ingest.closeAllConnections();
  await new Promise((resolve) => ingest.close(resolve));
  await Promise.all([environment.stop(), empty.stop()]);
});

const tabAt = (address: string, look?: Look): Promise<Tab> => openAt({ browser, served, cookie }, address, look);

const pages: LookedAt[] = [
  ['sources', () => '/development/sources', '.rows tbody td'],
  ['source', () => '/development/sources/rudderstack', '.list td'],
  ['access of a source', () => '/development/sources/rudderstack?show=access', '.part .good'],
  ['settings of a source', () => '/development/sources/rudderstack?show=settings', '.list td'],
  ['set-up of a source', () => '/development/sources/rudderstack/setup', '.arrived li'],
  ['runs', () => '/development/runs', '.rows tbody td'],
  ['run', () => `/development/runs/${encodeURIComponent(runId)}`, '.facts'],
  ['keys', () => '/development/keys', '.list td'],
  ['links of none', () => '/development/keys?show=links', 'main .quiet'],
  ['sources of none', () => '/empty/sources', '.empty'],
  ['runs of none', () => '/empty/runs', '.empty'],
];

lookAtEach(pages, tabAt);

test('a source shows its URL when it is asked for, and gets a sample and a forged one', async () => {
  const tab = await tabAt('/development/sources/rudderstack');
  const { page } = tab;
  const url = page.locator('.facts code');
  expect(await url.count()).toBe(0);
  await page.getByRole('button', { name: 'Show the URL' }).click();
  await url.waitFor();
  await page.getByRole('button', { name: 'Hide' }).click();
  await page.getByRole('button', { name: 'Send a sample…' }).click();
  await page.getByLabel('What').selectOption('identify');
  await picture(tab, 'send');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('1 of 1 request accepted').waitFor();
  await page.getByRole('button', { name: 'Send a sample…' }).click();
  await page.getByLabel('What').selectOption('identify');
  await page.getByLabel(/^Without a signature/).check();
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('the proof is missing').waitFor();
  await picture(tab, 'sent');
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a run that waits is cancelled', async () => {
  const tab = await tabAt(`/development/runs/${encodeURIComponent(runId)}`);
  const { page } = tab;
  await page.getByRole('button', { name: 'Cancel…' }).click();
  // Of its two buttons one alone says cancel.
  await page.locator('dialog').getByRole('button', { name: 'Go back' }).waitFor();
  await page.getByRole('button', { name: 'Cancel the run' }).click();
  await page.locator('.page-head .status', { hasText: 'cancelled' }).waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a key is shown once, and revoked', async () => {
  const tab = await tabAt('/development/keys');
  const { page } = tab;
  await page.getByRole('button', { name: 'Make a key…' }).click();
  await page.getByLabel(/^What will use it/).fill('checkout');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.locator('.made code').waitFor();
  await picture(tab, 'key-made');
  const row = page.getByRole('row', { name: /checkout/ });
  await row.getByRole('button', { name: 'Revoke…' }).click();
  await page.getByRole('button', { name: 'Revoke the key' }).click();
  await row.getByText('revoked').waitFor();
  await page.reload();
  await row.waitFor();
  expect(await page.locator('.made').count()).toBe(0);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});
