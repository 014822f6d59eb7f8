import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Console } from '../../infra/console/server.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { actionEntry, eventEntry, outcome } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

let environment: TestEnvironment;
let served: Console;
let headers: { cookie: string };
const ids: string[] = [];

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
  served = await startConsoleOf({ development: environment });
  headers = { cookie: await signIn(served) };
  for (let i = 0; i < 5; i++) {
    const id = makeEventId('rudderstack', 0, Date.now() - (100 - i) * 1_000, randomBytes(12));
    const entry = eventEntry({ id, key: `key-${i}`, userId: `user-${i}` });
    ids.push(id);
    await environment.eventLog.writeEach([entry]);
    const detail = i < 3 ? 'the target answered 410' : 'the target answered 404';
    const failed = outcome(id, { status: 'failed', reason: 'target_refused', detail });
    await environment.actionLog.writeEach([actionEntry(entry, [failed])]);
  }
});
afterAll(async () => {
  await served.stop();
  await environment.stop();
});

async function ask(path: string, body?: unknown) {
  const method = body === undefined ? 'GET' : 'POST';
  const { status, json } = await call(served.port, `/api/environments/development${path}`, { method, headers, body });
  return { status, json: json as Record<string, unknown> };
}
const gone = { of: 'actions', search: { status: 'failed', text: 'answered 410', since: '1h' } };
const failures = async () => (await ask('/actions/groups?status=failed&since=1h&by=detail')).json.count;

test('a discard needs a reason, and a search that finds an open failure', async () => {
  expect(await ask('/discard/matching', { matching: gone })).toMatchObject({ status: 400 });
  expect(await ask('/discard/matching', { matching: gone, reason: '   ' })).toMatchObject({
    status: 400,
    json: { title: 'reason: is needed: the next person asks why it is closed' },
  });
  const nothing = { of: 'events', search: { user_id: 'no-such-user' } };
  expect(await ask('/discard/matching', { matching: nothing, reason: 'gone' })).toMatchObject({ status: 409 });
  expect(await ask('/discard/chosen', { chosen: [], reason: 'gone' })).toMatchObject({ status: 400 });
  expect((await ask('/jobs')).json).toEqual([]);
});

test('what it would close is shown first, and nothing is closed by that', async () => {
  const { json } = await ask('/discard/matching/dry-run', { matching: gone });
  expect(json).toMatchObject({ matching: 3, looked_at: 3, would_discard: 3, skipped: [] });
  const chosen = await ask('/discard/chosen/dry-run', { chosen: [{ event: ids[4] }] });
  expect(chosen.json).toMatchObject([{ event_id: ids[4], outcome: 'would_discard' }]);
  expect(await failures()).toBe(5);
});

test('all that match are closed by a job under the name of the person, and a replay takes it back', async () => {
  const { json: job } = await ask('/discard/matching', { matching: gone, reason: 'the shop is closed' });
  expect(job).toMatchObject({ kind: 'discard', total: 3, author: 'Ada <ada@example.com>' });
  let now = job;
  while (now.state === 'running') now = (await ask(`/jobs/${job.id}`)).json;
  expect(now).toMatchObject({ state: 'done', counts: { discarded: 3, skipped: 0 }, reason: 'the shop is closed' });
  expect(await failures()).toBe(2);

  const mark = { was: 'failed', by: 'Ada <ada@example.com>', reason: 'the shop is closed' };
  const { json } = await ask('/actions?status=discarded&since=1h');
  expect(json.rows).toMatchObject([{ discarded: mark }, { discarded: mark }, { discarded: mark }]);
  await ask('/replay/chosen', { ids: [ids[0]] });
  expect(await failures()).toBe(3);
});

test('one action of a chosen event is closed, and a foreign one is not', async () => {
  const [event] = ids.slice(3);
  const row = await ask(`/actions?event_id=${event}`);
  const [{ id: action }] = row.json.rows as { id: string }[] as [{ id: string }];
  const other = { event: ids[4], action };
  const { json } = await ask('/discard/chosen', { chosen: [{ event, action }, other], reason: 'a test' });
  expect(json).toMatchObject([{ outcome: 'discarded' }, { outcome: 'skipped', event_id: ids[4] }]);
});
