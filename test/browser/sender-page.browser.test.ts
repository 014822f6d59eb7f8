import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Browser } from 'playwright-core';
import { answerPage, type PageDeps, rememberedCounts } from '../../functions/sender-page/answer-page.ts';
import { makeRateLimit } from '../../functions/sender-page/rate-limit.ts';
import { listen, readBody, stopServer } from '../../infra/local/http-server.ts';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeSourceLinks } from '../../shared/adapters/dynamodb-source-links.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { type EntryChange, eventEntry } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { writeRuntimeFile } from '../cli/runtime-file.ts';
import { liveConfiguration, trackEvent } from '../support/build.ts';
import { makeCountedMetrics } from '../support/fakes.ts';
import { makeKeptLog } from '../support/function-log.ts';
import { startWarmCli, type WarmCli } from '../support/warm-cli.ts';
import {
  accessibilityOf,
  expectFits,
  looks,
  noTrouble,
  openTab,
  picture,
  startBrowser,
  type Tab,
} from './browser-for-tests.ts';

/* The page of a source, which a person at the sender opens by a link that a command printed. */

const directory = mkdtempSync(join(tmpdir(), 'signalbox-sender-'));
const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>\u202Egnp.exe\u0007\u200b`;

let environment: TestEnvironment;
let cli: WarmCli;
let browser: Browser;
let port: number;
/** What the page's clock is ahead. */
let laterMs = 0;
const requests: { method: string; url: string; headers: IncomingHttpHeaders }[] = [];

/** The function's own code, behind a listener as the gateway is. */
const server = createServer(async (request, response) => {
  const { method = 'GET', url = '/', headers } = request;
  requests.push({ method, url, headers });
  const { pathname, searchParams } = new URL(url, 'http://page');
  const event = {
    pathParameters: { token: pathname.replace(/^\/v1\/links\//, '') },
    queryStringParameters: Object.fromEntries(searchParams),
    body: (await readBody(request, 1_000_000))?.toString('base64'),
    isBase64Encoded: true,
    headers,
    requestContext: { requestId: 'request-1', http: { method } },
  } as unknown as APIGatewayProxyEventV2;
  const answer = await answerPage(event, deps);
  response.writeHead(Number(answer.statusCode), answer.headers as Record<string, string>).end(answer.body);
});
let deps: PageDeps;

async function keep(change: EntryChange): Promise<string> {
  const id = makeEventId('rudderstack', 0, Date.now(), randomBytes(12));
  const entry = eventEntry({ id, key: `message-${id}`, ...change });
  await environment.eventLog.writeEach([entry]);
  const { source, eventType } = entry;
  const seen = makeSeenRegistry(environment.configuration);
  await seen.note([{ source, eventId: id, ...(eventType !== undefined && { eventType }) }], Date.now());
  return id;
}

function count(name: string, value: number, minutesAgo: number, reason?: string): void {
  const of = { name, unit: 'Count', timeMs: Date.now() - minutesAgo * 60_000, values: [value] };
  const dimensions = { environment: 'development', source: 'rudderstack' };
  environment.history.add([
    { ...of, dimensions },
    ...(reason === undefined ? [] : [{ ...of, dimensions: { ...dimensions, reason } }]),
  ]);
}

beforeAll(async () => {
  [environment, browser, port] = await Promise.all([startEnvironment(), startBrowser(), listen(server, 0)]);
  environment.outputs.IngestUrl = `http://127.0.0.1:${port}`;
  await environment.commit(liveConfiguration());
  const file = join(directory, 'runtime.json');
  writeRuntimeFile(file, environment);
  cli = startWarmCli({ SIGNALBOX_RUNTIME_FILE: file });
  const nowMs = () => Date.now() + laterMs;
  deps = {
    environment,
    configuration: makeConfigurationSource(environment.configuration, { nowMs }),
    links: makeSourceLinks(environment.configuration),
    rateLimit: makeRateLimit(),
    counts: rememberedCounts(environment, nowMs),
    metrics: makeCountedMetrics(),
    log: { ...makeKeptLog(), info: () => undefined },
    nowMs,
  };
  await keep({ body: trackEvent({ properties: { order_id: 'A-77', note: evil } }) });
  await keep({ status: 'no_mapping', reason: 'no_mapping_for_type', eventType: 'track/never mapped' });
  await keep({ status: 'no_mapping', reason: 'no_mapping_for_type', eventType: evil });
  count('EventsAccepted', 41, 3);
  count('EventsAccepted', 12, 7);
  count('RequestsRefused', 7, 2, 'body_not_json');
});
afterAll(async () => {
  await browser?.close();
  cli?.stop();
  await stopServer(server);
  await environment?.stop();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  requests.length = 0;
  laterMs = 0;
});

/** As the person types who gives it to a sender. */
async function made(...options: string[]): Promise<{ id: string; link: string }> {
  const { stdout } = await cli.run(['sources', 'link', 'rudderstack', ...options, '--json']);
  return JSON.parse(stdout);
}

async function open(link: string, look = looks[0]): Promise<Tab> {
  const tab = await openTab(browser, { port }, '', look);
  await tab.page.goto(link);
  await tab.page.locator('h1').waitFor();
  return tab;
}

test('opens without a cookie, and shows arrivals, last events, refusals, and types that nothing is made of', async () => {
  const { link } = await made();
  const tab = await open(link);
  const { page } = tab;
  await page.locator('#state', { hasText: 'Events come in.' }).waitFor();
  const chart = page.getByRole('img', {
    name: /^Per minute, in the last hour: 53 events accepted, 7 requests refused/,
  });
  expect(await chart.locator('rect').count()).toBe(3);
  expect(await page.locator('#events tbody tr').count()).toBe(3);
  await page.locator('#events tr', { hasText: 'track/order_completed' }).getByText('processed').waitFor();
  await page.locator('#refusals').getByText('The body is not JSON.').waitFor();
  await page.locator('#types tr', { hasText: 'track/never mapped' }).getByText('not mapped', { exact: true }).waitFor();
  // The link was made without payloads.
  expect(await page.getByRole('link', { name: /^Open/ }).count()).toBe(0);

  // A new one is there without a reload.
  await keep({ eventType: 'track/just now' });
  await page.locator('#events tr', { hasText: 'track/just now' }).waitFor();
  expect(await page.locator('#fresh').innerText()).toMatch(/^Up to date at .* It updates itself\.$/);
  expect(await tab.context.cookies()).toEqual([]);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a pasted payload is told what would become of it, and leaves nothing behind', async () => {
  const tab = await open((await made()).link);
  const { page } = tab;
  const tried = async (payload: string, words: RegExp) => {
    await page.getByLabel('Payload, as JSON').fill(payload);
    await page.getByRole('button', { name: 'Say what would become of it' }).click();
    await page.locator('#tried').getByText(words).first().waitFor();
    return page.locator('#tried').innerText();
  };
  const runs = await tried(JSON.stringify(trackEvent()), /Mapping order-completed/);
  expect(runs).toMatch(/processed.*Type: track\/order_completed.*\(workflows_trigger\): runs/s);
  expect(await tried('{"type": "track",}', /The body is not JSON/)).toContain('line 1, column 18');
  await tried(JSON.stringify(trackEvent({ event: 'never heard' })), /No mapping is made for events of this type/);
  const hostile = await tried(JSON.stringify(trackEvent({ event: evil, userId: evil })), /<script>/);
  expect(hostile).toContain('⟨U+202E⟩');
  // What was typed stays for the next try.
  expect(await page.getByLabel('Payload, as JSON').inputValue()).toContain('onerror');
  expect(await page.locator('#events').innerText()).not.toContain('never heard');
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('the ingest URL and what an event holds are shown when they are asked for, and hostile text is text', async () => {
  const tab = await open((await made('--payloads')).link);
  const { page } = tab;
  await page.getByText('Where to send, and how').click();
  expect(await page.locator('#url').innerText()).toContain('••••');
  await page.getByRole('button', { name: 'Show the whole URL' }).click();
  await page.locator('#url-text', { hasText: '/v1/sources/rudderstack/' }).waitFor();
  await page.locator('#events tr', { hasText: 'track/order_completed' }).getByRole('link', { name: /^Open/ }).click();
  await page.locator('#event pre', { hasText: 'A-77' }).waitFor();
  const shown = await page.locator('body').innerText();
  expect(shown).toContain('<img src=x onerror=alert(1)>');
  for (const unseen of ['\u202e', '\u0007', '\u200b']) expect(shown).not.toContain(unseen);
  expect(await page.locator('img, iframe, script').count()).toBe(1);
  await expectFits(tab);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('works without scripts', async () => {
  const { link } = await made();
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(link);
  await page.getByText('Where to send, and how').click();
  await page.getByRole('button', { name: 'Show the whole URL' }).click();
  await page.locator('#url-text', { hasText: '/v1/sources/rudderstack/' }).waitFor();
  await page.getByLabel('Payload, as JSON').fill(JSON.stringify(trackEvent()));
  await page.getByRole('button', { name: 'Say what would become of it' }).click();
  await page.locator('#tried').getByText('Mapping order-completed').waitFor();
  await page.getByRole('link', { name: 'Look again' }).click();
  await page.locator('#state').waitFor();
  await context.close();
});

test('its token goes nowhere else: no cookie, no referrer, no other address, and no link that leads away', async () => {
  const { link } = await made('--payloads');
  const tab = await open(link);
  const { page } = tab;
  await page.getByRole('button', { name: 'Say what would become of it' }).click();
  await page.locator('#tried').getByText('Paste a payload first').waitFor();
  await page.getByRole('link', { name: /^Open/ }).first().click();
  await page.locator('#event pre').waitFor();
  const hrefs = await page.evaluate<string[]>(
    '[...document.querySelectorAll("a[href], link[href]")].map((a) => a.href)',
  );
  expect(hrefs.filter((href) => !href.startsWith(`${link.replace(/\?.*$/, '')}`) && href !== 'data:,')).toEqual([]);
  // What another address would be told, if there were a way to it.
  await page.goto(`http://127.0.0.1:${port}/v1/links/nothing`);
  expect(await page.evaluate('document.referrer')).toBe('');
  expect(requests.length).toBeGreaterThan(3);
  for (const { headers } of requests) expect([headers.referer, headers.cookie]).toEqual([undefined, undefined]);
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
});

test('a link that was revoked or has ended says what to do, also on a page that is open', async () => {
  const [revoked, expired] = [await made(), await made('--days', '1')];
  const tab = await open(revoked.link);
  await tab.page.locator('#state').waitFor();
  expect(await cli.run(['sources', 'unlink', revoked.id])).toMatchObject({ code: 0 });
  const notice = tab.page.getByText('Ask the person who gave it to you for a new one.');
  await notice.waitFor();
  expect(await tab.page.locator('#state, form').count()).toBe(0);
  await picture(tab, 'sender-page-revoked');
  expect(tab.trouble).toEqual(noTrouble);
  await tab.context.close();
  laterMs = 86_400_000;
  const late = await open(expired.link);
  await late.page.getByRole('heading', { name: 'This link opens nothing' }).waitFor();
  expect(await accessibilityOf(late)).toEqual([]);
  await late.context.close();
});

describe.each(looks)('at $width px, $scheme', (look) => {
  test('shown without a serious finding, an error, or anything beyond the window', async () => {
    const tab = await open((await made('--payloads')).link, look);
    const { page } = tab;
    await page.getByText('Where to send, and how').click();
    await page.locator('#events tr', { hasText: 'track/order_completed' }).getByRole('link', { name: /^Open/ }).click();
    await page.locator('#event pre').waitFor();
    await page.getByLabel('Payload, as JSON').fill(JSON.stringify(trackEvent({ userId: evil })));
    await page.getByRole('button', { name: 'Say what would become of it' }).click();
    await page.locator('.tried').waitFor();
    await picture(tab, `sender-page-${look.width}-${look.scheme}`);
    await expectFits(tab);
    expect(await accessibilityOf(tab)).toEqual([]);
    expect(tab.trouble).toEqual(noTrouble);
    await tab.context.close();
  });
});
