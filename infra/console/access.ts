import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/*
 * Who may use the console: a browser that was opened with the printed URL. The URL's token is
 * taken once, for a cookie. docs/console.md, "Safety".
 */

const sessionMs = 12 * 3_600_000;

export type Access = {
  /** For the printed URL. */
  readonly token: string;
  /**
   * Takes the token, which then is spent.
   * @returns the cookie, as a `Set-Cookie` header; undefined when the token is another, or spent
   */
  exchange(token: string, nowMs: number): string | undefined;
  /** Whether a `Cookie` header holds a session that has not ended. */
  isSession(cookies: string | undefined, nowMs: number): boolean;
};

/**
 * @param port browsers send cookies to every port of a host, so the cookie is named and signed for
 * this one
 * @param key signs sessions; the same one after a restart keeps browsers signed in
 */
export function makeAccess(port: number, key: Buffer = randomBytes(32)): Access {
  const token = randomBytes(24).toString('base64url');
  const name = `signalbox_console_${port}`;
  const signature = (session: string) => createHmac('sha256', key).update(`${port}.${session}`).digest('base64url');
  let isSpent = false;
  return {
    token,
    exchange(given, nowMs) {
      if (isSpent || !isEqual(given, token)) return undefined;
      isSpent = true;
      const session = `${nowMs + sessionMs}.${randomBytes(12).toString('base64url')}`;
      const age = Math.floor(sessionMs / 1000);
      return `${name}=${session}.${signature(session)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${age}`;
    },
    isSession(cookies = '', nowMs) {
      const values = cookies
        .split(/;\s*/)
        .flatMap((one) => (one.startsWith(`${name}=`) ? [one.slice(name.length + 1)] : []));
      return values.some((value) => {
        const [, session = '', ends = '', signed = ''] = /^((\d{1,15})\.[\w-]+)\.([\w-]+)$/.exec(value) ?? [];
        return isEqual(signed, signature(session)) && Number(ends) > nowMs;
      });
    },
  };
}

/** Takes the same time wherever texts differ. */
function isEqual(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
