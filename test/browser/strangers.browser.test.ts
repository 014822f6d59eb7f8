import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Frame } from 'playwright-core';
import type { Console } from '../../infra/console/server.ts';
import { addresses as pages } from '../../infra/console/web/addresses.ts';
import { listen, stopServer } from '../../infra/local/http-server.ts';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { Snapshot } from '../../shared/core/configuration/schema.ts';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { packEventText } from '../../shared/core/events/raw-event.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { linkEntropyBytes } from '../../shared/core/ids/link-token.ts';
import { printRunId, runKey } from '../../shared/core/ids/run-id.ts';
import { holdWorkflow } from '../../shared/operations/holds/hold-workflow.ts';
import { listJobs } from '../../shared/operations/jobs/jobs.ts';
import { createKey } from '../../shared/operations/keys/keys.ts';
import { createLink } from '../../shared/operations/links/links.ts';
import { startReplay } from '../../shared/operations/replay/bulk-replay.ts';
import { actionEntry, eventEntry, outcome, run } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { signIn, startConsoleOf } from '../console/console-for-tests.ts';
import { liveConfiguration, trackEvent } from '../support/build.ts';
import { object, user } from '../support/directory-world.ts';
import { localCredentials } from '../support/dynalite.ts';
import { expectFits, looks, noTrouble, openTab, picture, startBrowser, type Tab } from './browser-for-tests.ts';

/*
 * What strangers can do: put any text into any field, and have any page open in the same browser. The console is asked as
 * Chromium asks it.
 */

/** What strangers write: markup, addresses, escape sequences, marks of direction, and much of it. */
const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>\u202Egnp.exe\u0007\u001b[2Jjavascript:alert(3)${'x'.repeat(300)}`;
/** Ids have neither a slash nor controls. */
const evilId = `'"><img src=x onerror=alert(1)>\u202Egnp.exe`;
const stranger = 'evil.example';

let browser: Browser;
let environment: TestEnvironment;
let secrets: SecretsManagerClient;
let served: Console;
let cookie: string;
const eventId = makeEventId('rudderstack', 0, Date.now() - 40_000, randomBytes(12));
const runId = runKey({ kind: 'user', id: evilId }, eventId, evil);

beforeAll(async () => {
  [browser, environment] = await Promise.all([
    startBrowser([`--host-resolver-rules=MAP ${stranger} 127.0.0.1`]),
    startEnvironment(),
  ]);
  secrets = new SecretsManagerClient({ endpoint: environment.secretServer.endpoint, ...localCredentials });
  await configureEvil();
  await logEvil();
  await describeEvil();
  served = await startConsoleOf({ development: { ...environment, secrets: async () => secrets } }, { author: evil });
  cookie = await signIn(served);
});
afterAll(async () => {
  await browser?.close();
  await served?.stop();
  secrets?.destroy();
  await environment?.stop();
});

async function configureEvil(): Promise<void> {
  const { snapshot, state, version } = liveConfiguration();
  const content = structuredClone(snapshot) as typeof snapshot;
  for (const source of Object.values(content.sources)) source.name = evil;
  for (const workflow of Object.values(content.workflows)) workflow.name = evil;
  content.audiences = { 'beta-testers': { name: evil, description: evil } };
  await environment.commit({ version, state, snapshot: Snapshot.parse(content) });
  const by = { author: evil, nowMs: Date.now() };
  await holdWorkflow(environment, { workflow: 'order-completed', message: evil, ...by });
  await createKey(environment, { name: evilId, kind: 'secret' }, { ...by, entropy: randomBytes(32) });
  const link = { source: 'rudderstack', days: 7, payloads: true, showsUrl: true };
  await createLink({ ...environment, secrets: async () => secrets }, link, {
    ...by,
    entropy: randomBytes(linkEntropyBytes),
  });
}

async function logEvil(): Promise<void> {
  const body = JSON.stringify(
    trackEvent({ userId: evil, properties: { [evil]: evil, nested: [evil, { [evil]: 1 }] } }),
  );
  const text = { userId: evil, eventType: evil, key: evil, detail: evil };
  const entry = eventEntry({
    ...text,
    id: eventId,
    status: 'failed',
    reason: 'retries_exhausted',
    payload: packEventText({ headers: { 'content-type': 'application/json', 'user-agent': evil }, body }),
  });
  await environment.eventLog.writeEach([entry]);
  await makeSeenRegistry(environment.configuration).note(
    [{ source: entry.source, eventId, eventType: evil }],
    Date.now(),
  );
  const failed = { status: 'failed', reason: 'target_refused', detail: evil, mapping: evil } as const;
  const payload = { key: evil, recipients: evil, [evil]: evil };
  await environment.actionLog.writeEach([
    actionEntry(entry, [outcome(eventId, { ...failed, payload, result: { [evil]: evil } })]),
  ]);
  const started = run(entry, {
    status: 'pending',
    reason: 'target_unavailable',
    detail: evil,
    data: { [evil]: evil },
  } as never);
  await environment.runs.writeEach([{ ...started, key: runId, mapping: evil }]);
  await startReplay(environment, { force: false, again: false }, [eventId], {
    author: evil,
    reason: evil,
    nowMs: Date.now(),
  });
}

async function describeEvil(): Promise<void> {
  const nowMs = Date.now();
  const attributes = { name: evil, email: evil, [evil]: { [evil]: evil } };
  const refs = [user(evilId), object('projects', evilId), object('$tenants', evilId)];
  for (const ref of refs)
    await upsertEntities([{ ref, attributes, sourceTimeMs: nowMs }], environment.directory, nowMs);
  const { documents, outputs } = environment;
  const wish = { sourceTimeMs: nowMs, nowMs };
  await makeSubscriptions(documents, outputs.DirectoryTable).subscribe(
    object('projects', evilId),
    [user(evilId), object('$tenants', evilId)],
    wish,
  );
  const audiences = makeAudiences(documents, outputs.DirectoryTable);
  await audiences.add('beta-testers', [{ userId: evilId, tenant: evilId }], { ...wish, by: evil });
}

const part = encodeURIComponent;
const addresses = () => [
  '',
  'sources',
  `sources/~new?kind=http&key=odd&name=${part(evil)}`,
  'sources/rudderstack',
  'sources/rudderstack?show=access',
  'sources/rudderstack?show=settings',
  'sources/rudderstack/setup',
  `mappings/order-completed?source=rudderstack&event=${eventId}`,
  'events',
  `events?user_id=${part(evil)}&text=${part(evil)}`,
  'events?by=type',
  `events/${eventId}`,
  `events/${eventId}?show=payload`,
  `events/${eventId}?show=headers`,
  'actions',
  'actions?by=detail',
  'problems?reason=target_refused',
  'jobs',
  'runs',
  `runs/${part(printRunId(runId))}`,
  'people',
  'people?kind=objects',
  'people?kind=tenants',
  'people?kind=audiences',
  `people/${part(evilId)}`,
  `people/objects/projects/${part(evilId)}`,
  `people/tenants/${part(evilId)}`,
  'people/audiences/beta-testers',
  'workflows',
  'workflows/order-completed',
  'configuration',
  'configuration?show=log',
  'keys',
  'keys?show=links',
];
/** What was asked stands in the words of the answer. */
const refused = () => [
  `events/${part(evil)}`,
  `events?status=${part(evil)}`,
  `events?since=${part(evil)}`,
  `actions?reason=${part(evil)}`,
  `runs/${part(evil)}`,
  `runs?status=${part(evil)}`,
  `sources/${part(evil)}`,
  `workflows/${part(evil)}`,
  `people/${part(evil)}`,
  `people/objects/${part(evil)}/${part(evil)}`,
  `people/audiences/${part(evil)}`,
  `mappings/${part(evil)}?source=${part(evil)}`,
  part(evil),
];

async function expectHarmless(tab: Tab, address: string): Promise<void> {
  const { page } = tab;
  await page.goto(`http://127.0.0.1:${served.port}/development/${address}`);
  await page.locator('main h1, .problem, .empty').first().waitFor();
  await page.locator('body:not(:has(.loading))').waitFor();
  const alive = page.locator('img, iframe, object, embed, script:not([src]), a[href^="javascript" i], [onerror]');
  expect([address, await alive.count()]).toEqual([address, 0]);
  const shown = await page.locator('body').innerText();
  const unseen = ['\u202e', '\u001b', '\u0007'].filter((control) => shown.includes(control));
  expect([address, unseen]).toEqual([address, []]);
  await expectFits(tab);
  expect([address, tab.trouble]).toEqual([address, noTrouble]);
}

describe.each([looks[0], looks[2]] as (typeof looks)[number][])('text of strangers, at $width px', (look) => {
  test('is text in every field of every page: no element, dialog or request, and its controls are symbols', async () => {
    const tab = await openTab(browser, served, cookie, look);
    for (const address of addresses()) {
      await expectHarmless(tab, address);
      await picture(tab, `evil-${address.replaceAll(/[^a-z]+/g, '-').slice(0, 40)}-${look.width}`);
    }
    await tab.context.close();
  });

  test('is text in what an answer says of it', async () => {
    const tab = await openTab(browser, served, cookie, look);
    for (const address of refused()) await expectHarmless(tab, address);
    await tab.context.close();
  });
});

test('every page of the console is among those that were looked at', () => {
  const patterns = pages.map(({ path }) => new RegExp(`^${path.replaceAll(/\$\w+/g, '[^/?]+')}(\\?.*)?$`));
  const seen = addresses();
  expect(patterns.filter((pattern) => !seen.some((address) => pattern.test(address)))).toEqual([]);
});

/** What a page tries against an address, by its own scripts; each outcome in a word. */
const attack = (target: string) => `(async () => {
  const api = '${target}/api/environments/development';
  const body = JSON.stringify({ matching: { of: 'events', search: { status: 'failed' } } });
  const word = (promise) => promise.then(async (answer) => answer.type + ' ' + answer.status, () => 'failed');
  const loaded = (tag, set) => new Promise((done) => {
    const one = document.createElement(tag);
    one.onload = () => done('loaded');
    one.onerror = () => done('failed');
    set(one);
    document.body.append(one);
  });
  return {
    read: await word(fetch(api + '/events', { credentials: 'include' })),
    blind: await word(fetch(api + '/events', { credentials: 'include', mode: 'no-cors' })),
    change: await word(fetch(api + '/replay/matching', {
      method: 'POST', credentials: 'include', mode: 'cors', body, headers: { 'content-type': 'application/json' } })),
    form: await word(fetch(api + '/replay/matching', {
      method: 'POST', credentials: 'include', mode: 'no-cors', body, headers: { 'content-type': 'text/plain' } })),
    script: await loaded('script', (one) => { one.src = api + '/events' }),
    live: await new Promise((done) => {
      const source = new EventSource(api + '/events/live', { withCredentials: true });
      source.onopen = () => done('open');
      source.onerror = () => { source.close(); done('failed') };
    }),
    cookie: document.cookie,
  };
})()`;

type Outcome = Record<'read' | 'blind' | 'change' | 'form' | 'script' | 'live' | 'cookie', string>;

describe('another page in the same browser, which holds the cookie', () => {
  const page = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>x</title><body>a page</body>'),
  );
  let port: number;
  beforeAll(async () => {
    port = await listen(page, 0);
  });
  afterAll(() => stopServer(page));

  // Of another site, and of this machine: to a browser, ports are one site, and so the cookie goes along.
  test.each([stranger, '127.0.0.1'])('of %s reads nothing and changes nothing', async (host) => {
    const tab = await openTab(browser, served, cookie);
    const target = `http://127.0.0.1:${served.port}`;
    const jobs = await listJobs(environment.configuration);
    await tab.page.goto(`http://${host}:${port}/`);
    const outcome = await tab.page.evaluate<Outcome>(attack(target));
    expect(outcome).toEqual({ ...everyFailure, cookie: '' });
    // In a frame it shows nothing either.
    await tab.page.evaluate(
      `new Promise((done) => { const frame = document.createElement('iframe'); frame.onload = done; frame.src = '${target}/development'; document.body.append(frame); })`,
    );
    const frame = tab.page.frames()[1] as Frame;
    // The page hears of it before this process does.
    while (frame.url() === '') await frame.waitForTimeout(20);
    expect(frame.url()).toMatch(/^chrome-error:/);
    expect(await listJobs(environment.configuration)).toEqual(jobs);
    await tab.context.close();
  });

  const everyFailure = {
    read: 'failed',
    blind: 'failed',
    change: 'failed',
    form: 'failed',
    script: 'failed',
    live: 'failed',
  };
});

test('a host name that points to this machine gets words and no page, whatever cookie it has', async () => {
  const tab = await openTab(browser, served, '');
  const [name = '', ...value] = cookie.split('=');
  await tab.context.addCookies([{ name, value: value.join('='), url: `http://${stranger}:${served.port}` }]);
  const answer = await tab.page.goto(`http://${stranger}:${served.port}/development`);
  expect(answer?.status()).toBe(403);
  expect(await tab.page.locator('body').innerText()).toContain(`this address is 127.0.0.1:${served.port}`);
  expect(await tab.page.locator('script, #app').count()).toBe(0);
  await tab.context.close();
});

test('the page of the console may do all that: the tests above fail for the right reason', async () => {
  const tab = await openTab(browser, served, cookie);
  await tab.page.goto(`http://127.0.0.1:${served.port}/development/events`);
  await tab.page.locator('main h1').waitFor();
  const asked = (path: string, init: string) =>
    tab.page.evaluate<number>(`fetch('/api/environments/development${path}', ${init}).then(({ status }) => status)`);
  expect(await asked('/events', '{}')).toBe(200);
  const body = JSON.stringify(JSON.stringify({ matching: { of: 'events', search: { status: 'failed' } } }));
  const init = `{ method: 'POST', headers: { 'content-type': 'application/json' }, body: ${body} }`;
  expect(await asked('/replay/matching/dry-run', init)).toBe(200);
  expect(await tab.page.evaluate('document.cookie')).toBe('');
  await tab.context.close();
});

test('a browser whose session a new console does not know is told how to go on, and goes on by itself then', async () => {
  const first = await startConsoleOf({ development: environment });
  const tab = await openTab(browser, first, await signIn(first));
  await tab.page.goto(`http://127.0.0.1:${first.port}/development/keys`);
  await tab.page.locator('.list td').first().waitFor();
  await first.stop();
  // Another run, which has no key of the one before.
  const second = await startConsoleOf({ development: environment }, { port: first.port });
  await tab.page.locator('.gate', { hasText: 'npx signalbox console --open' }).waitFor();
  const opened = await tab.context.newPage();
  await opened.goto(second.url);
  await opened.locator('main h1', { hasText: 'Overview' }).waitFor();
  await tab.page.bringToFront();
  await tab.page.locator('.list td').first().waitFor();
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
  await second.stop();
});
