import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { root } from '../../../infra/build/build.js';
import { addCookie, noChromium, startBrowser, startProfile } from '../../browser/chromium.ts';
import { writeRuntimeFile } from '../../cli/runtime-file.ts';
import { signIn } from '../../console/console-for-tests.ts';
import { temporaryFolder } from '../assembly.ts';
import type { Figure, Section, Settings } from '../figure.ts';
import { type FilledEnvironment, openFilled, tellable } from '../filled-environment.ts';
import { startLocalRuntime } from '../local-runtime.ts';
import { percentile } from '../measure.ts';
import { orderCompleted, requestHeaders } from '../sample-events.ts';

const repetitions = 20;
const starts = 5;
const liveRows = 20;
const scrolledRows = 10_000;
/** A row of a list; tables of the overview count none. */
const listed = '.rows[aria-rowcount] tbody td';

/** Pages of the console in a real Chromium, over tables that hold a million events. */
export const pages: Section = {
  name: 'console',
  about: "the console's pages in Chromium, over the events of three days in local tables",
  measure: (say, settings) =>
    withConsole(say, settings, async ({ filled, browser, start, open }) => {
      const ids = (await tellable(filled, repetitions + 1)).map(({ id }) => id);
      say('starts');
      const startsMs: number[] = [];
      for (let i = 0; i < starts; i++) startsMs.push(await firstPaintMs(browser, start));
      const { context, port } = await open();
      return [
        { name: 'events in the tables', measured: settings.events, unit: '' },
        ...spread('start of the command to first paint', startsMs, 1_000),
        ...(await pageFigures(context, port, ids, say)),
      ];
    }),
};

/** Rows of its lists, scrolled over the same tables, and as they come in. */
export const rows: Section = {
  name: 'rows',
  about: "rows of the console's list of events in Chromium, scrolled and live",
  measure: (say, settings) =>
    withConsole(say, settings, async ({ browser, open }) => {
      say(`${scrolledRows} rows`);
      const { context, port } = await open();
      const scrolled = await scrollFigures(context, port);
      say('live rows, through the whole local runtime');
      return [...scrolled, ...spread('live row after the answer to its request', await liveRowsMs(browser), 2_000)];
    }),
};

type Opened = {
  filled: FilledEnvironment;
  browser: Browser;
  start(): Promise<Served>;
  /** A console, and a browser with a profile that is signed in there. */
  open(): Promise<{ context: BrowserContext; port: number }>;
};

async function withConsole(
  say: (line: string) => void,
  settings: Settings,
  measure: (opened: Opened) => Promise<Figure[]>,
): Promise<Figure[]> {
  const missing = noChromium();
  if (missing !== undefined) throw new Error(missing);
  const filled = await openFilled(settings, say);
  const browser = await startBrowser();
  const folder = temporaryFolder();
  const file = join(folder, 'runtime.json');
  writeRuntimeFile(file, filled.environment);
  const served: Served[] = [];
  const profiles: BrowserContext[] = [];
  const start = () => startConsole(file, folder);
  try {
    return await measure({
      filled,
      browser,
      start,
      async open() {
        const one = await start();
        served.push(one);
        const context = await startProfile(join(folder, 'profile'), viewport);
        profiles.push(context);
        await addCookie(context, one.port, await signIn(one));
        return { context, port: one.port };
      },
    });
  } finally {
    for (const profile of profiles) await profile.close();
    for (const one of served) one.stop();
    await browser.close();
    await filled.environment.stop();
  }
}

const viewport = { width: 1280, height: 800 };

async function signedIn(browser: Browser, served: Served): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport });
  await addCookie(context, served.port, await signIn(served));
  return context;
}

function spread(name: string, times: number[], atMost: number): Figure[] {
  const note = `of ${times.length}`;
  return [
    { name: `${name}, median`, measured: percentile(times, 50), unit: 'ms', note },
    { name: `${name}, p95`, measured: percentile(times, 95), unit: 'ms', bound: { atMost }, note },
  ];
}

type Served = { port: number; url: string; stop(): void };

/** The command, as a process of its own, as a person starts it. */
async function startConsole(runtimeFile: string, home: string): Promise<Served> {
  const command = [join(root, 'infra/cli/bin/signalbox.js'), 'console', '--port', '0', '--json'];
  const env = { PATH: process.env.PATH, HOME: home, SIGNALBOX_RUNTIME_FILE: runtimeFile };
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = stopAtExit(child);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  return { port: Number(new URL(url).port), url, stop };
}

function stopAtExit(child: ChildProcess): () => void {
  const stop = () => void child.kill('SIGKILL');
  process.once('exit', stop);
  return () => {
    process.off('exit', stop);
    stop();
  };
}

/** Told by the page itself, so that no message between browser and test counts. */
const watcher = `globalThis.shown = (selector) => new Promise((resolve) => {
  const look = () => {
    if (document.querySelector(selector) === null) return false;
    // The frame that holds it, and its painting.
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    return true;
  };
  if (look()) return;
  const observer = new MutationObserver(() => look() && observer.disconnect());
  observer.observe(document, { childList: true, subtree: true, attributes: true });
})`;

/** From the start of the process to the first thing that is drawn. Chromium itself runs already. */
async function firstPaintMs(browser: Browser, start: () => Promise<Served>): Promise<number> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const startedMs = Date.now();
  const served = await start();
  await page.goto(served.url);
  const paintedMs = await page.evaluate<number>(
    `new Promise((resolve) => new PerformanceObserver((list) => {
      const painted = list.getEntriesByName('first-contentful-paint')[0];
      if (painted !== undefined) resolve(performance.timeOrigin + painted.startTime);
    }).observe({ type: 'paint', buffered: true }))`,
  );
  await context.close();
  served.stop();
  return paintedMs - startedMs;
}

async function pageFigures(
  context: BrowserContext,
  port: number,
  ids: string[],
  say: (line: string) => void,
): Promise<Figure[]> {
  const at = (address: string) => `http://127.0.0.1:${port}/development${address}`;
  const story = '.timeline li';
  say('pages by their address');
  // The first of each fills the cache of the browser, and is not counted.
  const eventsMs = await openedMs(context, Array(repetitions + 1).fill(at('/events')), listed);
  const eventMs = await openedMs(
    context,
    ids.map((id) => at(`/events/${id}`)),
    story,
  );
  say('pages by clicks');
  return [
    ...spread('first page of events, opened by its address', eventsMs, 500),
    ...spread('first page of events, from the overview', await clickedMs(context, at('')), 500),
    ...spread("an event's page, opened by its address", eventMs, 400),
    ...spread("an event's page, from its row", await rowsClickedMs(context, at('/events')), 400),
  ];
}

/** From the request of the address until it is drawn, each in a tab of its own; the first is not counted. */
async function openedMs(context: BrowserContext, addresses: string[], selector: string): Promise<number[]> {
  const times: number[] = [];
  for (const address of addresses) {
    const page = await watched(context);
    await page.goto(address, { waitUntil: 'commit' });
    times.push(await page.evaluate<number>(`shown('${selector}')`));
    await page.close();
  }
  return times.slice(1);
}

async function watched(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.addInitScript(watcher);
  return page;
}

/** From the click until it is drawn, in one tab. */
async function clickedMs(context: BrowserContext, overview: string): Promise<number[]> {
  const page = await watched(context);
  await page.goto(overview);
  await page.locator('.pipeline').first().waitFor();
  const times: number[] = [];
  for (let i = 0; i <= repetitions; i++) {
    times.push(await clickMs(page, '.nav a[href$="/events"]', listed));
    // What was read is thrown away with the page.
    await page.goto(overview);
    await page.locator('.pipeline').first().waitFor();
  }
  await page.close();
  return times.slice(1);
}

async function rowsClickedMs(context: BrowserContext, events: string): Promise<number[]> {
  const page = await watched(context);
  await page.goto(events);
  await page.locator(listed).first().waitFor();
  const times: number[] = [];
  for (let i = 0; i <= repetitions; i++) {
    times.push(await clickMs(page, `.rows tbody tr:nth-child(${1 + (i % 15)}) td:last-child`, '.timeline li'));
    await page.goBack();
    await page.locator(listed).first().waitFor();
  }
  await page.close();
  return times.slice(1);
}

const clickMs = (page: Page, link: string, selector: string) =>
  page.evaluate<number>(
    `(async () => {
      const startedMs = performance.now();
      document.querySelector('${link}').click();
      return (await shown('${selector}')) - startedMs;
    })()`,
  );

/** Scrolls a screen's part per frame, as a wheel does, until so many rows have passed. */
async function scrollFigures(context: BrowserContext, port: number): Promise<Figure[]> {
  const page = await watched(context);
  await page.goto(`http://127.0.0.1:${port}/development/events`);
  await page.locator(listed).first().waitFor();
  const cpuMs = await taskTimes(await context.newCDPSession(page));
  const { tasks, frames, rows } = await page.evaluate<{ tasks: number[]; frames: number[]; rows: number }>(
    `new Promise((resolve) => {
      const tasks = [];
      const frames = [];
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        entryTypes: ['longtask'],
      });
      const scroller = document.querySelector('.table-scroll');
      let beforeMs = performance.now();
      const step = (nowMs) => {
        frames.push(nowMs - beforeMs);
        beforeMs = nowMs;
        const seen = Math.max(...[...document.querySelectorAll('[aria-rowindex]')].map((row) => Number(row.getAttribute('aria-rowindex'))));
        const isEnd = !/more/.test(document.querySelector('.table-end').textContent);
        if (seen > ${scrolledRows} || isEnd) return setTimeout(() => resolve({ tasks, frames, rows: seen - 1 }), 200);
        scroller.scrollTop += 400;
        requestAnimationFrame(step);
      };
      requestAnimationFrame(step);
    })`,
  );
  const ownMs = await cpuMs();
  await page.close();
  return [
    { name: 'rows scrolled', measured: rows, unit: '' },
    {
      name: "tasks of the page over 50 ms of its thread's processor time",
      measured: ownMs.filter((ms) => ms > longTaskMs).length,
      unit: '',
      bound: { atMost: 0 },
      note: `of ${ownMs.length}`,
    },
    { name: 'the longest of them', measured: Math.max(0, ...ownMs), unit: 'ms' },
    {
      name: 'tasks over 50 ms of elapsed time',
      measured: tasks.length,
      unit: '',
      note: `the longest ${Math.round(Math.max(0, ...tasks))} ms; what else the machine does counts`,
    },
    { name: 'time from frame to frame, p95', measured: percentile(frames, 95), unit: 'ms' },
  ];
}

const longTaskMs = 50;

/**
 * How long each task of the page holds a processor, from now until the returned function is called. Unlike elapsed time it
 * leaves out when the thread waits for a processor that draws the page, serves it, or does something else.
 */
async function taskTimes(session: CDPSession): Promise<() => Promise<number[]>> {
  type TraceEvent = { name: string; ph: string; pid: number; tid: number; tdur?: number; args: { name?: string } };
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel'] },
  });
  return async () => {
    const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
    await session.send('Tracing.end');
    await complete;
    const tasksOf = ({ pid, tid }: TraceEvent) =>
      events.filter((event) => event.pid === pid && event.tid === tid && /RunTask$/.test(event.name));
    const mains = events
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(tasksOf);
    // Of the browser's pages, the one that scrolled is the busy one.
    const busiest = mains.reduce((most, tasks) => (tasks.length > most.length ? tasks : most), []);
    if (busiest.length === 0) throw new Error('Chromium traced no task of the page');
    return busiest.map(({ tdur = 0 }) => tdur / 1_000);
  };
}

/** An event that is posted to the whole local runtime, until its row is drawn. */
async function liveRowsMs(browser: Browser): Promise<number[]> {
  const runtime = await startLocalRuntime();
  try {
    const served = await startConsole(runtime.file, temporaryFolder());
    const context = await signedIn(browser, served);
    const page = await watched(context);
    await post(runtime.url);
    await page.goto(`http://127.0.0.1:${served.port}/development/events`);
    await page.locator('.live.on').waitFor();
    await page.locator(listed).first().waitFor();
    const times: number[] = [];
    for (let i = 0; i <= liveRows; i++) {
      const rows = await page.locator('.rows tbody tr').count();
      const shown = page.evaluate<number>(
        `shown('.rows tbody tr:nth-child(${rows + 1})').then((at) => performance.timeOrigin + at)`,
      );
      await post(runtime.url);
      const answeredMs = Date.now();
      times.push((await shown) - answeredMs);
    }
    served.stop();
    await context.close();
    return times.slice(1);
  } finally {
    runtime.child.kill('SIGKILL');
  }
}

async function post(url: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: requestHeaders,
    body: JSON.stringify(orderCompleted()),
  });
  if (!response.ok) throw new Error(`an event was answered ${response.status}`);
}
