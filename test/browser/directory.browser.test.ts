import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { actionEntry, eventEntry, outcome, run } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { object, user } from '../support/directory-world.ts';
import {
  type Look,
  type LookedAt,
  lookAtEach,
  noTrouble,
  openAt,
  startBrowser,
  type Tab,
} from './browser-for-tests.ts';

/* Users, objects, tenants and audiences: listed, found by id, and shown one by one. */

let browser: Browser;
let environment: TestEnvironment;
let empty: TestEnvironment;
let served: Console;
let cookie: string;

const evil = '<img src=x onerror=alert(1)>\u202Egnp.exe\u0007';
const dayMs = 86_400_000;
/** Each is something else in an address. */
const oddIds = ['..', '.', '~..', 'usr?limit=1', 'usr%5F1', '100%', '%25', 'index', '$id', '%2e%2e', ':id'];

beforeAll(async () => {
  [browser, environment, empty] = await Promise.all([startBrowser(), startEnvironment(), startEnvironment()]);
  const live = liveConfiguration();
  live.snapshot.audiences = { 'beta-testers': { name: 'Beta testers', description: 'see the next version first' } };
  await environment.commit(live);
  const none = liveConfiguration({ workflows: {}, file: { mappings: [] } });
  await empty.commit({ ...none, snapshot: { ...none.snapshot, sources: {} } });
  await describe();
  await relate();
  await logEvents();
  served = await startConsoleOf({ development: environment, empty: { ...empty, name: 'empty' } });
  cookie = await signIn(served);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  await Promise.all([environment.stop(), empty.stop()]);
});

async function describe(): Promise<void> {
  const nowMs = Date.now();
  const write = (ref: ReturnType<typeof user> | ReturnType<typeof object>, attributes: object, sourceTimeMs: number) =>
    upsertEntities([{ ref, attributes: attributes as never, sourceTimeMs }], environment.directory, nowMs);
  const ada = {
    name: 'Ada Park',
    email: 'ada@example.com',
    timezone: 'Europe/Berlin',
    company: { plan: 'free', seats: 3 },
  };
  await write(user('usr_8841'), ada, nowMs - 9 * dayMs);
  await write(user('usr_8841'), { company: { plan: 'pro' }, orders: 12 }, nowMs - dayMs);
  await write(user('usr_8842'), { name: evil, [evil]: evil, nested: { [evil]: evil } }, nowMs);
  await write(
    object('projects', 'apollo'),
    { name: 'Apollo', owner: 'usr_8841', stars: 4, budget: null },
    nowMs - dayMs,
  );
  await write(object('projects', 'evil'), { name: evil, [evil]: { [evil]: 'x'.repeat(2_000) } }, nowMs);
  await write(object('accounts', 'northwind'), { name: 'Northwind' }, nowMs - 2 * dayMs);
  for (const id of oddIds) await write(user(id), { name: `the user ${id}` }, nowMs);
  const branding = { primary_color: '#3451c7', logo_url: 'https://example.com/logo.png' };
  await write(object('$tenants', 'acme'), { name: 'Acme', settings: { branding }, region: 'eu' }, nowMs - dayMs);
}

async function relate(): Promise<void> {
  const { documents, outputs } = environment;
  const wish = { sourceTimeMs: Date.now() - dayMs, nowMs: Date.now() };
  const subscriptions = makeSubscriptions(documents, outputs.DirectoryTable);
  const many = Array.from({ length: 230 }, (_, i) => user(`follower-${String(i).padStart(3, '0')}`));
  await subscriptions.subscribe(
    object('projects', 'apollo'),
    [user('usr_8841'), object('accounts', 'northwind')],
    wish,
  );
  for (let i = 0; i < many.length; i += 100)
    await subscriptions.subscribe(object('projects', 'apollo'), many.slice(i, i + 100), wish);
  const audiences = makeAudiences(documents, outputs.DirectoryTable);
  await audiences.ensure('vips', true, Date.now());
  const members = [
    { userId: 'usr_8841', tenant: null },
    { userId: 'usr_8841', tenant: 'acme' },
    { userId: 'ghost', tenant: null },
  ];
  await audiences.add('beta-testers', members, { ...wish, by: 'test' });
}

async function logEvents(): Promise<void> {
  const events = Array.from({ length: 4 }, (_, i) =>
    eventEntry({
      id: makeEventId('rudderstack', 0, Date.now() - (i + 5) * 60_000, randomBytes(12)),
      key: `message-${i}`,
    }),
  );
  await environment.eventLog.writeEach(events);
  await environment.actionLog.writeEach(events.map((event) => actionEntry(event, [outcome(event.id)])));
  await environment.runs.writeEach(events.map((event) => run(event)));
}

const tabAt = (address: string, look?: Look): Promise<Tab> => openAt({ browser, served, cookie }, address, look);

const pages: LookedAt[] = [
  ['users', () => '/development/people', '.rows tbody td'],
  ['user', () => '/development/people/usr_8841', '.properties td'],
  ['hostile user', () => '/development/people/usr_8842', '.properties td'],
  ['objects', () => '/development/people?kind=objects', '.rows tbody td'],
  ['object', () => '/development/people/objects/projects/apollo', '.plain-list li'],
  ['hostile object', () => '/development/people/objects/projects/evil', '.properties td'],
  ['tenants', () => '/development/people?kind=tenants', '.rows tbody td'],
  ['tenant', () => '/development/people/tenants/acme', '.properties td'],
  ['audiences', () => '/development/people?kind=audiences', '.rows tbody td'],
  ['audience', () => '/development/people/audiences/beta-testers', '.plain-list li'],
  ['users of none', () => '/empty/people', '.empty'],
  ['objects of none', () => '/empty/people?kind=objects', '.empty'],
  ['tenants of none', () => '/empty/people?kind=tenants', '.empty'],
  ['audiences of none', () => '/empty/people?kind=audiences', '.empty'],
  ['no such user', () => '/development/people/absent', '.problem'],
  ['no such object', () => '/development/people/objects/projects/absent', '.problem'],
];

lookAtEach(pages, tabAt);

test('a user leads to the project that they follow, and the project to all who follow it', async () => {
  const tab = await tabAt('/development/people');
  const { page } = tab;
  await page.getByRole('link', { name: 'usr_8841' }).click();
  const time = page.getByRole('row', { name: /^orders/ }).locator('time');
  const older = page.getByRole('row', { name: /^email/ }).locator('time');
  // Each value has the time of its own event.
  expect(await time.getAttribute('datetime')).not.toBe(await older.getAttribute('datetime'));
  await page.locator('section[aria-label="Audiences"] li', { hasText: 'beta-testers in acme' }).waitFor();
  await page.getByRole('link', { name: 'projects/apollo' }).click();
  await page.waitForURL('**/people/objects/projects/apollo');
  const subscribers = page.locator('section[aria-label="Subscribers"]');
  await subscribers.getByRole('link', { name: 'accounts/northwind' }).waitFor();
  expect(await subscribers.locator('li').count()).toBe(60);
  await subscribers.getByRole('button', { name: 'Show more' }).click();
  await subscribers.getByRole('link', { name: 'usr_8841' }).waitFor();
  expect(await subscribers.locator('li').count()).toBe(232);
  expect(await page.locator('.page-foot code').innerText()).toBe('npx signalbox objects get projects apollo');
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('objects of one collection are listed, and one is opened by its id', async () => {
  const tab = await tabAt('/development/people?kind=objects');
  const { page } = tab;
  await page.getByRole('link', { name: 'northwind' }).waitFor();
  await page.getByLabel('Collection', { exact: true }).fill('projects');
  await page.keyboard.press('Enter');
  await page.waitForURL(/collection=projects/);
  await page.getByRole('link', { name: 'northwind' }).waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'apollo' }).waitFor();
  await page.getByLabel('Object id').fill('apollo');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.waitForURL('**/people/objects/projects/apollo');
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test.each([
  ['acme', 'people/tenants/acme'],
  ['vips', 'people/audiences/vips'],
  ['projects/apollo', 'people/objects/projects/apollo'],
])('the search box finds %s', async (id, path) => {
  const tab = await tabAt('/development');
  const { page } = tab;
  await page.keyboard.press('Control+k');
  await page.locator('dialog input').fill(id);
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/development/${path}`);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('the search box finds a source and a workflow by a part of its name, and still looks for that id', async () => {
  const tab = await tabAt('/development');
  const { page } = tab;
  for (const [typed, path] of [
    ['udderst', 'sources/rudderstack'],
    ['order-comp', 'workflows/order-completed'],
  ] as const) {
    await page.keyboard.press('Control+k');
    await page.locator('dialog input').fill(typed);
    await page.locator('.choices li', { hasText: 'look for the id' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/development/${path}`);
  }
  await page.keyboard.press('Control+k');
  await page.locator('dialog input').fill('order-comp');
  await page.locator('.choices li', { hasText: 'look for the id' }).click();
  await page.locator('dialog .problem').waitFor();
  await page.locator('.choices li', { hasText: 'order-completed' }).waitFor();
  await tab.context.close();
});

test('the search box offers a user, and the events of the user', async () => {
  const tab = await tabAt('/development');
  const { page } = tab;
  await page.keyboard.press('Control+k');
  await page.locator('dialog input').fill('usr_8841');
  await page.keyboard.press('Enter');
  await page.locator('.choices li', { hasText: 'events of user' }).waitFor();
  await page.locator('.choices li').first().click();
  await page.waitForURL('**/development/people/usr_8841');
  await tab.context.close();
});

test('an id of any characters opens its own page, from the list and by its address', async () => {
  const tab = await tabAt('/development/people');
  const { page } = tab;
  const at = new Map<string, string>();
  for (const id of oddIds) {
    await page.getByRole('link', { name: id, exact: true }).click();
    await page.getByText(`the user ${id}`, { exact: true }).first().waitFor();
    at.set(id, page.url());
    await page.goBack();
    await page.getByRole('link', { name: id, exact: true }).waitFor();
  }
  for (const [id, url] of at) {
    await page.goto(url);
    await page.getByText(`the user ${id}`, { exact: true }).first().waitFor();
  }
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a link of a stranger asks no other route than that of its page', async () => {
  const tab = await tabAt('/development/people');
  const { page } = tab;
  const asked: string[] = [];
  page.on('request', (request) => void asked.push(new URL(request.url()).pathname));
  await page.goto(`http://127.0.0.1:${served.port}/development/people/x%2F..%2F..%2Fkeys%3F`);
  await page.getByText('no user x/../../keys?').waitFor();
  expect(asked.filter((path) => path.startsWith('/api/') && path.includes('keys'))).toEqual([
    '/api/environments/development/people/x%2F..%2F..%2Fkeys%3F',
  ]);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});
