import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context, MiddlewareHandler } from 'hono';
import { html } from 'hono/html';
import type { PageParts } from '../build/build-page.js';
import { addressAt } from './web/addresses.ts';

const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

export type ServedPage = {
  /** Where the page was built. */
  folder: string;
  parts: PageParts;
  /** Whether this browser may read the environment. */
  mayRead(c: Context, environment: string): boolean;
};

/**
 * The page and its parts. They hold nothing of an environment, so they need no session: a link that
 * was sent by mail opens, and only then does the page ask for data.
 */
export function servePage(page: ServedPage): MiddlewareHandler {
  return async (c) => {
    const [, asset, ending] = /^\/assets\/([\w.-]+\.(css|js|svg))$/.exec(c.req.path) ?? [];
    // Every other address is one of the page's own.
    const read = await readFile(join(page.folder, asset ?? 'index.html')).catch(() => undefined);
    if (read === undefined) return c.notFound();
    const content = asset === undefined ? Buffer.from(withHints(read.toString(), hintsFor(page, c))) : read;
    const headers: Record<string, string> = {
      'content-type': types[ending ?? 'html'] ?? 'application/octet-stream',
      // The name of a part changes with its content.
      'cache-control': asset === undefined ? 'no-store' : 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    };
    if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(new Uint8Array(content), 200, headers);
    // On threads of their own: a browser asks for all parts at once.
    return c.body(new Uint8Array(await promisify(gzip)(content)), 200, { ...headers, 'content-encoding': 'gzip' });
  };
}

/** Where hints stand in the built page. */
const place = '<!-- hints -->';

const withHints = (page: string, hints: readonly string[]) => page.replace(place, () => hints.join('\n    '));

/**
 * What a browser will ask for at this address, told before the page's script has even begun: the page's own parts, and, where
 * the browser is signed in, the answers that it shows. The page takes what was fetched when it asks for the same.
 */
function hintsFor({ parts, mayRead }: ServedPage, c: Context): string[] {
  const { pathname, searchParams } = new URL(c.req.url);
  const found = addressAt(pathname);
  if (found === undefined) return [];
  const { environment, address, parts: inPath } = found;
  const hints = (parts.pages[address.file] ?? []).map((name) =>
    name.endsWith('.css')
      ? `<link rel="preload" as="style" href="/assets/${name}">`
      : `<link rel="modulepreload" href="/assets/${name}">`,
  );
  if (!mayRead(c, environment)) return hints;
  const base = `/api/environments/${environment}`;
  const reads = (address.reads?.(searchParams, inPath) ?? []).map((route) => `${base}${route}`);
  for (const read of ['/api/session', base, ...reads])
    hints.push(String(html`<link rel="preload" as="fetch" crossorigin href="${read}">`));
  return hints;
}
