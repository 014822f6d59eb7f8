import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pageParts } from '../../infra/build/build-page.js';
import type { Console } from '../../infra/console/server.ts';
import { addressAt, addresses } from '../../infra/console/web/addresses.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

let environment: TestEnvironment;
let served: Console;
let cookie: string;

beforeAll(async () => {
  environment = await startEnvironment();
  served = await startConsoleOf({ development: environment });
  cookie = await signIn(served);
});
afterAll(async () => {
  await served.stop();
  await environment.stop();
});

/** What the page at an address tells the browser to fetch. */
async function hintsAt(path: string, headers: Record<string, string> = { cookie }): Promise<string[]> {
  const { text } = await call(served.port, path, { headers });
  return [...text.matchAll(/<link rel="preload" as="fetch" crossorigin href="([^"]*)">/g)].map(([, href = '']) => href);
}
const base = '/api/environments/development';

describe('the page tells a browser what it will ask for', () => {
  test('session, environment and the rows of a list, with its filters', async () => {
    expect(await hintsAt('/development/events?status=failed&user_id=')).toEqual([
      '/api/session',
      base,
      `${base}/events?status=failed&amp;limit=60`,
      `${base}/sources/keys`,
    ]);
    // Counted by a property, a list reads no rows.
    expect(await hintsAt('/development/events?by=type')).toEqual(['/api/session', base, `${base}/sources/keys`]);
  });

  test('the story of the event that is opened', async () => {
    const id = '01JD3Q9F7K8M25RXK0Q4T9B7C0';
    expect(await hintsAt(`/development/events/${id}`)).toEqual([
      '/api/session',
      base,
      `${base}/why/${id}`,
      `${base}/events/${id}`,
    ]);
  });

  test('its own parts, whether or not the browser is signed in', async () => {
    const { pages } = await pageParts();
    const { text } = await call(served.port, '/development/events');
    const parts = pages.events ?? [];
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) expect(text).toContain(`href="/assets/${part}"`);
    for (const part of (pages.overview ?? []).filter((part) => !parts.includes(part))) expect(text).not.toContain(part);
  });

  test('nothing of an environment to a browser that is not signed in, nor of one that it does not have', async () => {
    expect(await hintsAt('/development/events', {})).toEqual([]);
    expect(await hintsAt('/development/events', { cookie: `${cookie}x` })).toEqual([]);
    expect(await hintsAt('/other/events')).toEqual([]);
    expect(await hintsAt('/development/nowhere/at/all')).toEqual([]);
  });

  test('what an address holds stays text', async () => {
    const evil = '"><script>alert(1)</script>';
    for (const path of [`/development/events?text=${evil}`, `/development/events/${evil}`, `/development/x/${evil}`]) {
      const { text } = await call(served.port, encodeURI(path).replaceAll('%22', '"').replaceAll('%3E', '>'));
      expect(text).not.toContain('alert(1)</script>');
      const signedIn = await call(served.port, encodeURI(path), { headers: { cookie } });
      expect(signedIn.text.match(/<script/g)).toHaveLength(1);
    }
  });
});

test('each address leads to its own page, and a name before what stands for any', () => {
  for (const { path, file } of addresses) {
    const asked = path.replaceAll(/\$(\w+)/g, 'the-$1');
    expect(addressAt(`/development/${asked}`)).toMatchObject({ environment: 'development', address: { file } });
  }
  expect(addressAt('/development/people/objects/orders/7')?.parts).toEqual(['orders', '7']);
  expect(addressAt('/development/')?.address.file).toBe('overview');
  expect(addressAt('/')?.environment).toBe('');
});
