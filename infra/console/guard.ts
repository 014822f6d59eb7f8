import type { Context, MiddlewareHandler } from 'hono';
import type { Access } from './access.ts';
import type { ConsoleEnv } from './context.ts';
import { Refused } from './problem.ts';

/*
 * What stands before every route. A web page that is open in the same browser can send requests to
 * this machine, and read the answers under a host name that points here (DNS rebinding). Each route
 * is behind all of it: no route file has a check of its own.
 */

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  // No text of an event can become a script or an element, even where a page forgot that.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Headers of every answer, and the host name that every request must have. */
export function guardHost(port: number): MiddlewareHandler {
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  return async (c, next) => {
    const host = c.req.header('host') ?? '';
    if (!hosts.has(host)) throw new Refused(403, 'foreign', `this address is 127.0.0.1:${port}, under no other name`);
    await next();
    const { headers } = c.res;
    headers.set('content-security-policy', policy);
    headers.set('x-content-type-options', 'nosniff');
    headers.set('referrer-policy', 'no-referrer');
    headers.set('cross-origin-opener-policy', 'same-origin');
    headers.set('cross-origin-resource-policy', 'same-origin');
    headers.set('permissions-policy', 'camera=(), geolocation=(), microphone=()');
  };
}

/** Only the console's own page may call. Browsers say which page does, and no page can change that. */
export const guardOrigin: MiddlewareHandler = async (c, next) => {
  const origin = c.req.header('origin');
  const site = c.req.header('sec-fetch-site');
  const isOwn = origin === undefined ? isRead(c.req.method) : origin === `http://${c.req.header('host')}`;
  // `none`: a person typed the address.
  if (!isOwn || !(site === undefined || site === 'same-origin' || site === 'none'))
    throw new Refused(403, 'foreign', 'only the page of the console may call it');
  await next();
};

export function guardSession(access: Access, urlCommand: string): MiddlewareHandler {
  return async (c, next) => {
    if (!access.isSession(c.req.header('cookie'), Date.now()))
      throw new Refused(401, 'no_session', 'this browser was not opened with the URL of the console', urlCommand);
    await next();
  };
}

const isRead = (method: string) => method === 'GET' || method === 'HEAD';

/** The header in which a request names the environment that it changes. */
export const confirmHeader = 'x-confirm-environment';

/** Every method but GET, unless the path ends in `dry-run`. */
const isChange = ({ req }: Pick<Context, 'req'>) => !isRead(req.method) && !req.path.endsWith('/dry-run');

/**
 * What changes an environment. `--read-only` refuses it, and where the environment is not on this machine the request has to
 * name it.
 */
export const guardChanges: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
  if (!isChange(c)) return next();
  const { environment, context } = c.var;
  if (context.readOnly)
    throw new Refused(403, 'read_only', 'this console only reads', 'start it without --read-only to change something');
  if (!environment.local && c.req.header(confirmHeader) !== environment.name)
    throw new Refused(
      428,
      'name_missing',
      `what changes ${environment.name} must name it`,
      `${confirmHeader}: ${environment.name}`,
    );
  return next();
};
