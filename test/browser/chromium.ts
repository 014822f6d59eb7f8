import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

const path = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Why no browser can be started; undefined: one can. */
export const noChromium = (): string | undefined =>
  existsSync(path) ? undefined : `there is no ${path}: apt-get install -y chromium, or name one by CHROMIUM`;

function launchOptions(moreArgs: string[]) {
  const missing = noChromium();
  if (missing !== undefined) throw new Error(missing);
  return {
    executablePath: path,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...moreArgs,
    ],
  };
}

/** Debian's Chromium, or another one that CHROMIUM names. Each launch has a folder of its own, which is removed. */
export async function startBrowser(moreArgs: string[] = []): Promise<Browser> {
  return chromium.launch(launchOptions(moreArgs));
}

/** The same with a profile that is kept in `folder`, as a person's is: it keeps compiled scripts, which a private window does not. */
export async function startProfile(
  folder: string,
  viewport: { width: number; height: number },
): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { ...launchOptions([]), viewport });
}

/** Signs a context in by the cookie of another browser. */
export async function addCookie(context: BrowserContext, port: number, cookie: string): Promise<void> {
  const [name = '', ...value] = cookie.split('=');
  await context.addCookies([
    { name, value: value.join('='), url: `http://127.0.0.1:${port}`, httpOnly: true, sameSite: 'Strict' },
  ]);
}
