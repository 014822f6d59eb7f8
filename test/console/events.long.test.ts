import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Hono } from 'hono';
import { live } from '../../infra/console/live.ts';
import type { Console } from '../../infra/console/server.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { actionEntry, type EntryChange, eventEntry, outcome } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

let environment: TestEnvironment;
let served: Console;
let headers: { cookie: string };

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
  served = await startConsoleOf({ development: environment });
  headers = { cookie: await signIn(served) };
});
afterAll(async () => {
  await served.stop();
  await environment.stop();
});

async function log(secondsAgo: number, change: EntryChange = {}) {
  const id = makeEventId('rudderstack', 0, Date.now() - secondsAgo * 1000, randomBytes(12));
  const entry = eventEntry({ id, ...change });
  await environment.eventLog.writeEach([entry]);
  return entry;
}

const ask = async (path: string) => {
  const { status, json } = await call(served.port, `/api/environments/development${path}`, { headers });
  return { status, ...(json as Record<string, unknown>) } as {
    status: number;
    rows: { id: string }[];
    next: string | null;
  };
};

describe('events', () => {
  test('are listed newest first, page by page, without one that is missing or twice', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.unshift((await log(100 - i, { userId: 'pages' })).id);
    const first = await ask('/events?user_id=pages&limit=3');
    const second = await ask(`/events?user_id=pages&limit=3&after=${first.next}`);
    const third = await ask(`/events?user_id=pages&limit=3&after=${second.next}`);
    expect([first, second, third].flatMap(({ rows }) => rows.map(({ id }) => id))).toEqual(ids);
    expect(third.next).toBeNull();
  });

  test('are filtered and counted by text, as in the URL of the page', async () => {
    await log(50, { userId: 'filtered', status: 'failed', reason: 'retries_exhausted' });
    await log(50, { userId: 'filtered', status: 'rejected', reason: 'payload_invalid' });
    await log(50, { userId: 'filtered' });
    const { rows } = await ask('/events?user_id=filtered&status=failed,rejected&since=1h');
    expect(rows).toHaveLength(2);
    expect(await ask('/events/groups?user_id=filtered&by=status&since=1h')).toMatchObject({
      count: 3,
      groups: expect.arrayContaining([expect.objectContaining({ value: 'failed', count: 1 })]),
    });
  });

  test('have a story, and a detail with the payload', async () => {
    const entry = await log(40, { userId: 'told' });
    await environment.actionLog.writeEach([
      actionEntry(entry, [outcome(entry.id, { status: 'failed', reason: 'target_refused', detail: 'answered 500' })]),
    ]);
    expect(await ask(`/why/${entry.id}`)).toMatchObject({
      found_as: 'event',
      now: { state: 'failed' },
      actions: [{ status: 'failed', detail: 'answered 500' }],
    });
    expect(await ask(`/events/${entry.id}`)).toMatchObject({ id: entry.id, event: expect.stringContaining('{') });
    expect(await ask('/events/01JD3Q9F7K8M25RXK0Q4T9B7C0')).toMatchObject({ status: 404, code: 'not_found' });
  });

  test('are shown as they are logged', async () => {
    const path = '/api/environments/development/events/live?user_id=live';
    const reads: string[] = [];
    const own = { ...headers, host: `127.0.0.1:${served.port}` };
    const stream = get({ port: served.port, host: '127.0.0.1', path, headers: own }, (response) => {
      response.setEncoding('utf8').on('data', (text: string) => reads.push(text));
    });
    stream.on('error', () => undefined);
    const until = async (isSo: () => boolean) => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await until(() => reads.join('').includes('event: alive'));
    const { id } = await log(1, { userId: 'live', processedAtMs: Date.now() });
    await until(() => reads.join('').includes(id));
    stream.destroy();
  });
});

test('what a page follows ends when the page goes away, also while nothing comes', async () => {
  const ended = new Promise((resolve) => {
    const app = new Hono().get('/', (c) =>
      live(c, async function* (signal) {
        yield 'begun';
        await sleep(600_000, undefined, { signal }).catch(() => resolve('ended'));
      }),
    );
    void Promise.resolve(app.request('/')).then(async ({ body }) => {
      const reader = body?.getReader();
      let text = '';
      while (!text.includes('begun')) text += new TextDecoder().decode((await reader?.read())?.value);
      await reader?.cancel();
    });
  });
  expect(await ended).toBe('ended');
});
