import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Console } from '../../infra/console/server.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { takeJob } from '../../shared/operations/jobs/jobs.ts';
import { startReplay } from '../../shared/operations/replay/bulk-replay.ts';
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
const search = { status: 'failed', text: 'answered 410', since: '1h' };

describe('problems', () => {
  test('are counted by what targets answered', async () => {
    const { json } = await ask('/actions/groups?status=failed&since=1h&by=detail');
    expect(json).toMatchObject({
      count: 5,
      groups: [
        { value: 'the target answered 410', count: 3 },
        { value: 'the target answered 404', count: 2 },
      ],
    });
    expect(await ask('/doctor?since=1h')).toMatchObject({
      status: 200,
      json: { findings: expect.arrayContaining([expect.objectContaining({ id: 'actions_failed', count: 5 })]) },
    });
  });

  test('further back than the doctor looks are refused, and counts over time are not', async () => {
    expect(await ask('/doctor?since=7d')).toMatchObject({ status: 400 });
    const { json } = await ask('/doctor/flow?since=7d');
    expect(json).toMatchObject({ step_seconds: 3_600 });
    expect((json.times as string[]).length).toBe((json.accepted as number[]).length);
  });
});

describe('a replay of all that match', () => {
  test('is shown before it is done, and sends nothing then', async () => {
    const { json } = await ask('/replay/matching/dry-run', { matching: { of: 'actions', search } });
    expect(json).toMatchObject({ matching: 3, looked_at: 3, would_replay: 3 });
    expect((await ask('/jobs')).json).toEqual([]);
  });

  test('does what its preview showed, as a job under the name of the person', async () => {
    const { json: preview } = await ask('/replay/matching/dry-run', { matching: { of: 'actions', search } });
    const { since, until } = preview as { since: string; until: string };
    const matching = { of: 'actions', search: { ...search, since, until } };
    const request = { matching, reason: 'mended' };
    const { json: job } = await ask('/replay/matching', request);
    expect(job).toMatchObject({ total: 3, author: 'Ada <ada@example.com>', reason: 'mended' });
    let now = job;
    while (now.state === 'running') now = (await ask(`/jobs/${job.id}`)).json;
    expect(now).toMatchObject({ state: 'done', counts: { replayed: 3, skipped: 0, failed: 0 } });
    expect(await ask(`/jobs/${job.id}/cancel`, {})).toMatchObject({ status: 409, json: { code: 'failed' } });
  });

  test('of a search that matches nothing is refused', async () => {
    const nothing = { of: 'events', search: { user_id: 'no-such-user' } };
    expect(await ask('/replay/matching', { matching: nothing })).toMatchObject({ status: 409 });
    expect(await ask('/replay/matching', { matching: { of: 'events', search: { colour: 'red' } } })).toMatchObject({
      status: 400,
    });
  });
});

describe('a job that another process had', () => {
  const begin = () =>
    startReplay(environment, { force: false, again: false }, [], { author: 'ada', nowMs: Date.now() });

  test('goes on here once it is sure that the process is dead', async () => {
    const { id } = await begin();
    // It would have it for a second more.
    await takeJob(environment.configuration, id, 'killed', Date.now() - 29_000);
    expect(await ask(`/jobs/${id}/resume`, {})).toMatchObject({
      status: 200,
      json: { runs_here: true, problem: null },
    });
    let now = (await ask(`/jobs/${id}`)).json;
    while (now.state === 'running') {
      await sleep(50);
      now = (await ask(`/jobs/${id}`)).json;
    }
    expect(now).toMatchObject({ state: 'done', problem: null });
  });

  test('is left to a process that lives, and the page is told why', async () => {
    const { id } = await begin();
    const keep = () => takeJob(environment.configuration, id, 'alive', Date.now());
    await keep();
    await ask(`/jobs/${id}/resume`, {});
    let told = (await ask(`/jobs/${id}`)).json;
    while (told.problem === null) {
      await keep();
      told = (await ask(`/jobs/${id}`)).json;
    }
    expect(told).toMatchObject({
      state: 'running',
      runs_here: false,
      problem: expect.stringContaining('another process'),
    });
  });
});
