import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { holdWorkflow } from '../../shared/operations/holds/hold-workflow.ts';
import { actionEntry, eventEntry, outcome } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
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

const evil = '<img src=x onerror=alert(1)>\u202Egnp.exe\u0007';

beforeAll(async () => {
  [browser, environment, empty] = await Promise.all([startBrowser(), startEnvironment(), startEnvironment()]);
  const target = { development: { type: 'log' }, production: { type: 'http', url: 'https://example.com/runs' } };
  const workflows = {
    'order-completed': { name: 'Order completed', target },
    'order-refunded': { name: evil, target },
    welcome: { name: 'Welcome', target: { production: { type: 'log' } } },
  };
  await environment.commit(liveConfiguration({ workflows }));
  await empty.commit(liveConfiguration({ workflows: {}, file: { mappings: [] } }));
  const asked = { author: evil, nowMs: Date.now() - 3_600_000, message: evil };
  await holdWorkflow(environment, { workflow: 'order-refunded', ...asked });
  const entries = Array.from({ length: 60 }, (_, i) => {
    const id = makeEventId('rudderstack', 0, Date.now() - (i + 5) * 600_000, randomBytes(12));
    return eventEntry({ id, key: `message-${i}`, userId: `user_${i % 7}` });
  });
  await environment.eventLog.writeEach(entries);
  await environment.actionLog.writeEach(entries.map((entry) => actionEntry(entry, [outcome(entry.id)])));
  served = await startConsoleOf({
    development: environment,
    empty: { ...empty, name: 'empty' },
    production: { ...environment, name: 'production', where: 'AWS eu-central-1', local: false },
  });
  cookie = await signIn(served);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  await Promise.all([environment.stop(), empty.stop()]);
});

const tabAt = (address: string, look?: Look): Promise<Tab> => openAt({ browser, served, cookie }, address, look);

const pages: LookedAt[] = [
  ['workflows', () => '/development/workflows', '.rows tbody td'],
  ['workflow', () => '/development/workflows/order-completed?since=1d', '.outcomes td'],
  ['held workflow', () => '/development/workflows/order-refunded', '.now'],
  ['workflows of none', () => '/empty/workflows', '.empty'],
  ['no such workflow', () => '/development/workflows/order-complete', '.problem'],
];

lookAtEach(pages, tabAt);

test('a workflow is paused for a reason, and resumed at a rate', async () => {
  const tab = await tabAt('/development/workflows/order-completed');
  const { page } = tab;
  await page.getByRole('button', { name: 'Pause…' }).click();
  await page.getByLabel(/^Why/).fill('target is down');
  await picture(tab, 'pause');
  await page.getByRole('button', { name: 'Pause and hold its runs' }).click();
  await page.getByText('target is down').waitFor();
  await page.getByRole('button', { name: 'Resume…' }).click();
  await page.getByLabel(/^Runs per second/).fill('5');
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await page.locator('.page-head .status', { hasText: 'active' }).waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a workflow on AWS is paused only after its environment was named', async () => {
  const tab = await tabAt('/production/workflows/order-completed');
  const { page } = tab;
  await page.getByRole('button', { name: 'Pause…' }).click();
  const pause = page.getByRole('button', { name: 'Pause and hold its runs' });
  expect(await pause.isDisabled()).toBe(true);
  await page.getByLabel(/Type its name/).fill('production');
  await pause.click();
  await page.locator('.page-head .status', { hasText: 'holding' }).waitFor();
  await tab.context.close();
});
