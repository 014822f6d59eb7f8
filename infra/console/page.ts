import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { MiddlewareHandler } from 'hono';

const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/**
 * The page and its parts. They hold nothing of an environment, so they need no session: a link that
 * was sent by mail opens, and only then does the page ask for data.
 */
export function servePage(folder: string): MiddlewareHandler {
  return async (c) => {
    const [, asset, ending] = /^\/assets\/([\w.-]+\.(css|js|svg))$/.exec(c.req.path) ?? [];
    // Every other address is one of the page's own.
    const file = asset ?? 'index.html';
    const content = await readFile(join(folder, file)).catch(() => undefined);
    if (content === undefined) return c.notFound();
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
