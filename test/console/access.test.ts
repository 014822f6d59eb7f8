import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeAccess } from '../../infra/console/access.ts';
import { routes } from '../../infra/console/routes/index.ts';
import type { Console } from '../../infra/console/server.ts';
import { failure } from '../../shared/operations/refusal.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { call, signIn, startConsoleOf, tokenOf } from './console-for-tests.ts';

let environment: TestEnvironment;
let served: Console;
let cookie: string;
let isAway = true;
const development = '/api/environments/development';

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
  served = await startConsoleOf({
    development: environment,
    production: { ...environment, name: 'production', where: 'AWS eu-central-1', local: false },
    staging: async () => {
      if (isAway) throw failure('no local runtime is up', 'run it here: npm start');
      return environment;
    },
  });
  cookie = await signIn(served);
});
afterAll(async () => {
  await served.stop();
  await environment.stop();
});

const problem = (status: number, code: string) => ({ status, json: expect.objectContaining({ status, code }) });
const replay = { method: 'POST', body: { ids: ['01JD3Q9F7K8M25RXK0Q4T9B7C0'] } };

describe('a browser gets in', () => {
  test('with the printed URL, whose token no request carries before the page asks', async () => {
    expect(served.url).toBe(`http://127.0.0.1:${served.port}/#token=${tokenOf(served)}`);
    expect(tokenOf(served).length).toBeGreaterThanOrEqual(32);
  });

  test('once: a token that was used opens nothing', async () => {
    const again = { method: 'POST', body: { token: tokenOf(served) } };
    const answer = await call(served.port, '/api/session', again);
    expect(answer).toMatchObject(problem(403, 'token_spent'));
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.json).toMatchObject({ remedies: ['npx signalbox console --open'] });
  });

  test('not with another token, and that does not spend the right one', async () => {
    const other = await startConsoleOf({ development: environment });
    const wrong = { method: 'POST', body: { token: 'x'.repeat(32) } };
    expect(await call(other.port, '/api/session', wrong)).toMatchObject(problem(403, 'token_spent'));
    expect(await signIn(other)).toMatch(/^signalbox_console_\d+=./);
    await other.stop();
  });

  test('by a cookie that no script can read and no other site sends', async () => {
    const other = await startConsoleOf({ development: environment });
    const { headers } = await call(other.port, '/api/session', { method: 'POST', body: { token: tokenOf(other) } });
    expect(String(headers['set-cookie'])).toMatch(/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    await other.stop();
  });

  test.each([
    ['no cookie', undefined],
    ['an empty one', 'signalbox_console=;'],
    ['one that is not signed', 'SESSION.x'],
  ])('not with %s', async (_name, given) => {
    const value = given?.replace('SESSION', `signalbox_console_${served.port}=${Date.now() + 9e6}.abc`);
    const headers = value === undefined ? {} : { cookie: value };
    for (const path of [`${development}/events`, development, '/api/session'])
      expect(await call(served.port, path, { headers })).toMatchObject(problem(401, 'no_session'));
  });

  test('not after its session has ended, and not at another port', () => {
    const key = randomBytes(32);
    const access = makeAccess(3001, key);
    const [value = ''] = (access.exchange(access.token, 1_000) ?? '').split(';');
    expect(access.isSession(value, 2_000)).toBe(true);
    expect(access.isSession(value, 1_000 + 12 * 3_600_000 + 1)).toBe(false);
    // After a restart with the same key it is still signed in.
    expect(makeAccess(3001, key).isSession(value, 2_000)).toBe(true);
    expect(makeAccess(3001).isSession(value, 2_000)).toBe(false);
    expect(makeAccess(3002, key).isSession(value.replace('3001', '3002'), 2_000)).toBe(false);
  });
});

describe('other pages in the same browser', () => {
  test.each(['https://evil.example', 'http://127.0.0.1:1', 'null'])(
    'a page of %s is refused, even with the cookie',
    async (origin) => {
      for (const path of [`${development}/events`, '/api/session'])
        expect(await call(served.port, path, { headers: { cookie, origin } })).toMatchObject(problem(403, 'foreign'));
      expect(
        await call(served.port, `${development}/replay/chosen`, { ...replay, headers: { cookie, origin } }),
      ).toMatchObject(problem(403, 'foreign'));
    },
  );

  test.each(['cross-site', 'same-site'])('a request that the browser calls %s is refused', async (site) => {
    const headers = { cookie, 'sec-fetch-site': site };
    expect(await call(served.port, `${development}/events`, { headers })).toMatchObject(problem(403, 'foreign'));
  });

  test('a change that does not say which page makes it is refused', async () => {
    const { status } = await call(served.port, `${development}/replay/chosen`, {
      ...replay,
      headers: { cookie, origin: '' },
    });
    expect(status).toBe(403);
  });

  test('a host name that points to this machine reads nothing, not even the page', async () => {
    for (const host of ['evil.example', `evil.example:${served.port}`, `127.0.0.1:${served.port + 1}`])
      for (const path of ['/', `${development}/events`, '/api/session'])
        expect(await call(served.port, path, { headers: { cookie, host } })).toMatchObject(problem(403, 'foreign'));
  });

  test('none can frame it, run a script in it, or let it load from elsewhere', async () => {
    for (const path of ['/', `${development}/events`, '/nothing/here', '/api/nothing']) {
      const { headers } = await call(served.port, path, { headers: { cookie } });
      const policy = String(headers['content-security-policy']);
      for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"])
        expect(policy).toContain(part);
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
    }
  });

  test('the page itself has no script and no style of its own, only files', async () => {
    const { text } = await call(served.port, '/');
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/);
  });
});

test('only this machine can connect', async () => {
  // A server of all addresses would hold this one too.
  const other = createServer();
  const code = await new Promise((resolve) => {
    other.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
    other.listen(served.port, '127.0.0.2', () => other.close(() => resolve('free')));
  });
  // Some systems have no such address.
  expect(['free', 'EADDRNOTAVAIL']).toContain(code);
});

describe('changes', () => {
  test('of an environment on AWS need its name in the request', async () => {
    const path = '/api/environments/production/replay/chosen';
    for (const named of [{}, { 'x-confirm-environment': 'development' }])
      expect(await call(served.port, path, { ...replay, headers: { cookie, ...named } })).toMatchObject(
        problem(428, 'name_missing'),
      );
    const named = { cookie, 'x-confirm-environment': 'production' };
    expect(await call(served.port, path, { ...replay, headers: named })).toMatchObject({ status: 200 });
  });

  test('of one on this machine, and dry runs anywhere, need none', async () => {
    for (const path of [`${development}/replay/chosen`, '/api/environments/production/replay/chosen/dry-run'])
      expect(await call(served.port, path, { ...replay, headers: { cookie } })).toMatchObject({ status: 200 });
  });

  test('are refused by the server of a console that only reads; dry runs and lists are not', async () => {
    const reading = await startConsoleOf({ development: environment }, { readOnly: true });
    const headers = { cookie: await signIn(reading) };
    expect(await call(reading.port, `${development}/replay/chosen`, { ...replay, headers })).toMatchObject(
      problem(403, 'read_only'),
    );
    for (const method of ['PUT', 'PATCH', 'DELETE'])
      expect(await call(reading.port, `${development}/events/x`, { method, headers })).toMatchObject(
        problem(403, 'read_only'),
      );
    expect(await call(reading.port, `${development}/replay/chosen/dry-run`, { ...replay, headers })).toMatchObject({
      status: 200,
    });
    expect(await call(reading.port, `${development}/events`, { headers })).toMatchObject({ status: 200 });
    await reading.stop();
  });
});

describe('each route that changes something', () => {
  const changing = new Map(
    routes.routes
      .filter(({ method, path }) => !['GET', 'ALL'].includes(method) && !path.endsWith('/dry-run'))
      .map(({ method, path }) => [`${method} ${path}`, { method, path }]),
  );

  test('is told from a dry run by its own words, not by those of a request', () => {
    expect(changing.size).toBeGreaterThan(25);
    expect([...changing.values()].filter(({ path }) => /:\w+$/.test(path))).toEqual([]);
  });

  test('is refused by a console that only reads, and without the name of an environment on AWS', async () => {
    const reading = await startConsoleOf({ development: environment }, { readOnly: true });
    const headers = { cookie: await signIn(reading) };
    const answers: Record<string, unknown> = {};
    for (const [route, { method, path }] of changing) {
      const asked = path.replaceAll(/:\w+/g, 'dry-run');
      const refused = await call(reading.port, `${development}${asked}`, { method, headers, body: {} });
      const unnamed = await call(served.port, `/api/environments/production${asked}`, {
        method,
        headers: { cookie },
        body: {},
      });
      answers[route] = [refused, unnamed].map(({ status, json }) => [status, (json as { code: string }).code]);
    }
    await reading.stop();
    const guarded = [
      [403, 'read_only'],
      [428, 'name_missing'],
    ];
    expect(answers).toEqual(Object.fromEntries([...changing.keys()].map((route) => [route, guarded])));
  });
});

describe('what goes wrong', () => {
  test('is a problem in words, with what would be right', async () => {
    const { headers, json } = await call(served.port, `${development}/events?status=broken`, { headers: { cookie } });
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json).toMatchObject({ status: 400, code: 'invalid', title: expect.stringContaining('status') });
    expect(await call(served.port, `${development}/events?sort=up`, { headers: { cookie } })).toMatchObject(
      problem(400, 'invalid'),
    );
    expect(await call(served.port, `${development}/why/nothing-like-it`, { headers: { cookie } })).toMatchObject(
      problem(404, 'not_found'),
    );
    expect(await call(served.port, '/api/environments/moon/events', { headers: { cookie } })).toMatchObject(
      problem(404, 'not_found'),
    );
  });

  test('an environment that is away is said to be so, and is there again at the next request', async () => {
    const path = '/api/environments/staging/events';
    expect(await call(served.port, path, { headers: { cookie } })).toMatchObject({
      ...problem(503, 'away'),
      json: { title: 'no local runtime is up', remedies: ['run it here: npm start'] },
    });
    isAway = false;
    expect(await call(served.port, path, { headers: { cookie } })).toMatchObject({ status: 200 });
  });
});
