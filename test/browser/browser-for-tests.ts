import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import AxeBuilder from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { builtFile } from '../../infra/build/build.js';
import type { Console } from '../../infra/console/server.ts';
import { tokenOf } from '../console/console-for-tests.ts';
import { addCookie } from './chromium.ts';

export { startBrowser } from './chromium.ts';

export type Look = { width: 1280 | 390; scheme: 'light' | 'dark' };
export const looks: Look[] = [
  { width: 1280, scheme: 'light' },
  { width: 1280, scheme: 'dark' },
  { width: 390, scheme: 'light' },
  { width: 390, scheme: 'dark' },
];

/** What must not happen on any page. */
export type Trouble = { errors: string[]; foreign: string[]; dialogs: string[] };

export type Tab = { page: Page; context: BrowserContext; trouble: Trouble };

/** A browser of its own that is signed in by the cookie of another one. */
export async function openTab(
  browser: Browser,
  served: Pick<Console, 'port'>,
  cookie: string,
  look: Look = looks[0] as Look,
): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: look.width, height: 800 }, colorScheme: look.scheme });
  // Half a minute, the default, is little on a machine that is busy with other things.
  context.setDefaultTimeout(90_000);
  if (cookie !== '') await addCookie(context, served.port, cookie);
  const page = await context.newPage();
  const trouble: Trouble = { errors: [], foreign: [], dialogs: [] };
  page.on('pageerror', (error) => trouble.errors.push(error.message));
  page.on('console', (message) => {
    // A refusal that the page shows is logged by the browser too.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
      trouble.errors.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`http://127.0.0.1:${served.port}/`) && !request.url().startsWith('data:'))
      trouble.foreign.push(request.url());
  });
  page.on('dialog', (dialog) => {
    trouble.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  return { page, context, trouble };
}

export const noTrouble: Trouble = { errors: [], foreign: [], dialogs: [] };

/** Opens the printed URL, as a person does. */
export async function openPrinted(tab: Tab, served: Console): Promise<void> {
  await tab.page.goto(`http://127.0.0.1:${served.port}/#token=${tokenOf(served)}`);
}

/** Serious findings of axe-core, in words. The script runs beside the page, which allows none of its own. */
export async function accessibilityOf({ page, context }: Tab): Promise<string[]> {
  const session = await context.newCDPSession(page);
  const { executionContextId } = await session.send('Page.createIsolatedWorld', {
    frameId: (await session.send('Page.getFrameTree')).frameTree.frame.id,
    worldName: 'axe',
  });
  const evaluate = async (expression: string) => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression,
      contextId: executionContextId,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value as unknown;
  };
  await evaluate(`${AxeBuilder.source}; undefined`);
  const found = (await evaluate('axe.run().then(({ violations }) => violations)')) as {
    id: string;
    impact: string;
    nodes: { target: string[]; failureSummary: string }[];
  }[];
  await session.detach();
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.slice(0, 3).map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
}

/** Nothing reaches beyond the window, and so nothing is out of sight. */
export async function expectFits({ page }: Tab): Promise<void> {
  const [scroll, client] = await page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );
  expect(scroll).toBeLessThanOrEqual(client);
}

/** A picture, for the person who changes a page: SIGNALBOX_PICTURES names the folder. */
export async function picture({ page }: Tab, name: string): Promise<void> {
  const folder = process.env.SIGNALBOX_PICTURES;
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}

/** A page of the console, opened at an address of its own and read to the end of its loading. */
export async function openAt(
  { browser, served, cookie }: { browser: Browser; served: Pick<Console, 'port'>; cookie: string },
  address: string,
  look?: Look,
): Promise<Tab> {
  const tab = await openTab(browser, served, cookie, look);
  await tab.page.goto(`http://127.0.0.1:${served.port}${address}`);
  await tab.page.locator('main h1').waitFor();
  await tab.page.locator('body:not(:has(.loading))').waitFor();
  return tab;
}

/** Tries until `check` holds, and fails as it did last. For what a page reads again by itself. */
export async function eventually<Result>(check: () => Promise<Result>, forMs = 45_000): Promise<Result> {
  const untilMs = Date.now() + forMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > untilMs) throw error;
      await setTimeout(250);
    }
  }
}

/** A process that serves a console. */
export type Serving = Pick<Console, 'port' | 'url'> & { end(signal: NodeJS.Signals): Promise<void> };

/** Starts `npm start` or `npx signalbox console --json` as a process of its own. @returns once it is up */
export async function startServing(
  entry: 'infra/local/main.ts' | 'infra/cli/main.ts',
  args: string[],
  env: Record<string, string>,
): Promise<Serving> {
  const child = spawn(process.execPath, [builtFile(entry), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const url = await eventually(async () => {
    if (hasEnded()) return undefined;
    // `npm start` prints it before it is ready; the command prints it when it is, as JSON.
    const isReady = entry === 'infra/cli/main.ts' || /^ready$/m.test(printed);
    const [, found] = /^(?:console |\{"url":")(http:[^\s"]+)/m.exec(printed) ?? [];
    if (!isReady || found === undefined) throw new Error(`${entry} is not up yet:\n${printed}`);
    return found;
  }, 120_000).catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  if (url === undefined) throw new Error(`${entry} ended with ${child.exitCode}:\n${printed}`);
  return {
    url,
    port: Number(new URL(url).port),
    async end(signal) {
      if (hasEnded()) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
}

/** The name of a page, its address, and what is there once it is shown. */
export type LookedAt = [name: string, address: () => string, shows: string];

/** Looks at each page at both widths and in both colour schemes. */
export function lookAtEach(pages: LookedAt[], tabAt: (address: string, look: Look) => Promise<Tab>): void {
  describe.each(looks)('at $width px, $scheme', (look) => {
    test.each(pages)(
      '%s: shown without a serious finding, an error, or anything beyond the window',
      async (name, address, shows) => {
        const tab = await tabAt(address(), look);
        await tab.page.locator(shows).first().waitFor();
        await picture(tab, `${name.replaceAll(' ', '-')}-${look.width}-${look.scheme}`);
        await expectFits(tab);
        expect(await accessibilityOf(tab)).toEqual([]);
        expect(tab.trouble).toEqual(noTrouble);
        await tab.context.close();
      },
    );
  });
}
