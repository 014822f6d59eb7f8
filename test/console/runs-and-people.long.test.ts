import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Console } from '../../infra/console/server.ts';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { printRunId } from '../../shared/core/ids/run-id.ts';
import { actionEntry, eventEntry, outcome, run } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { object, user } from '../support/directory-world.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

let environment: TestEnvironment;
let served: Console;
let reading: Console;
let headers: { cookie: string };

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
  served = await startConsoleOf({ development: environment });
  reading = await startConsoleOf({ development: environment }, { readOnly: true });
  headers = { cookie: await signIn(served) };
});
afterAll(async () => {
  await Promise.all([served.stop(), reading.stop()]);
  await environment.stop();
});

async function ask(path: string, method = 'GET', body?: unknown) {
  return call(served.port, `/api/environments/development${path}`, { method, headers, body });
}

/** A run, with the event and the action that started it. */
async function started(secondsAgo: number, change: Parameters<typeof run>[1] = {}): Promise<string> {
  const id = makeEventId('rudderstack', 0, Date.now() - secondsAgo * 1_000, randomBytes(12));
  const event = eventEntry({ id });
  const one = run(event, change);
  await environment.eventLog.writeEach([event]);
  const payload = { key: 'order-completed', recipients: ['usr_8841'] };
  await environment.actionLog.writeEach([actionEntry(event, [outcome(event.id, { payload })])]);
  await environment.runs.writeEach([one]);
  return printRunId(one.key);
}

const ids = (answer: { json: unknown }) => (answer.json as { rows: { id: string }[] }).rows.map(({ id }) => id);

describe('runs', () => {
  test('are listed newest first, by recipient, workflow and status', async () => {
    const [older, newer] = [await started(200), await started(100, { status: 'pending' })];
    expect(ids(await ask('/runs?recipient=usr_8841'))).toEqual([newer, older]);
    expect(ids(await ask('/runs?workflow=order-completed&since=1h'))).toEqual([newer, older]);
    expect(ids(await ask('/runs?recipient=usr_8841&status=pending'))).toEqual([newer]);
    expect(ids(await ask('/runs?workflow=another'))).toEqual([]);
    const first = await ask('/runs?recipient=usr_8841&limit=1');
    const { next } = first.json as { next: string };
    expect(ids(await ask(`/runs?recipient=usr_8841&limit=1&after=${encodeURIComponent(next)}`))).toEqual([older]);
    expect(await ask('/runs?status=absent')).toMatchObject({ status: 400 });
  });

  test('that wait are cancelled, and not by a console that only reads', async () => {
    const id = await started(50, { status: 'pending' });
    const path = `/api/environments/development/runs/${encodeURIComponent(id)}/cancel`;
    const cookie = await signIn(reading);
    expect(await call(reading.port, path, { method: 'POST', headers: { cookie } })).toMatchObject({ status: 403 });
    expect((await ask(`/runs/${encodeURIComponent(id)}`)).json).toMatchObject({ id, status: 'pending' });
    expect((await ask(`/runs/${encodeURIComponent(id)}/cancel`, 'POST')).json).toMatchObject({
      run: { id, status: 'cancelled', cancel_reason: 'operator' },
    });
    expect(await ask('/runs/nonsense')).toMatchObject({ status: 400 });
  });
});

describe('people', () => {
  test('are listed by id, page by page, and shown one by one', async () => {
    for (const id of ['ada', 'grace', 'lena of="Köln"'])
      await environment.directory.writeIfUnchanged(
        {
          ref: { kind: 'user', id },
          attributes: { name: `Name of ${id}`, plan: 'pro', channel_data: { token: 'a-token' } },
          sourceTimeMs: 1,
          propertyTimesMs: {},
          insertedAtMs: 1,
          updatedAtMs: 2,
          version: 1,
        },
        0,
      );
    const first = await ask('/people?limit=2');
    expect(ids(first)).toEqual(['ada', 'grace']);
    const { next } = first.json as { next: string };
    const second = await ask(`/people?limit=2&after=${encodeURIComponent(next)}`);
    expect(second.json).toMatchObject({ rows: [{ id: 'lena of="Köln"' }], next: null });
    const one = await ask(`/people/${encodeURIComponent('lena of="Köln"')}`);
    expect(one.json).toMatchObject({ id: 'lena of="Köln"', properties: { plan: 'pro' } });
    expect(one.text).not.toContain('a-token');
    // The time of its source, for each value.
    expect(one.json).toMatchObject({ source_times: { name: '1970-01-01T00:00:00.001Z', plan: expect.any(String) } });
    expect((await ask('/people/ada/subscriptions')).json).toEqual({ rows: [], next: null });
    expect((await ask('/people/ada/memberships')).json).toEqual({ rows: [], next: null });
  });

  test('that are not there are told apart from an error', async () => {
    expect(await ask('/people/absent')).toMatchObject({ status: 404, json: { code: 'not_found' } });
  });
});

describe('an id that nothing can have', () => {
  const long = 'a'.repeat(2_048);
  test.each([
    `/people/${long}`,
    `/people?after=${long}`,
    `/people/usr_8841/subscriptions?after=${long}`,
    `/objects/${long}/${long}`,
    `/tenants/${long}`,
    `/audiences/${long}`,
    `/jobs/${long}`,
    `/runs/${long}`,
    `/events/${long}`,
  ])('is not there, and no bug of the console (%#)', async (path) => {
    const { status, json } = await ask(path);
    expect([400, 404]).toContain(status);
    expect(json).not.toMatchObject({ code: 'bug' });
  });
});

describe('an id that leads up in a path', () => {
  test('is asked for with a sign before it, and found', async () => {
    for (const id of ['..', '.', '~..'])
      await upsertEntities([{ ref: user(id), attributes: { name: id }, sourceTimeMs: 1 }], environment.directory, 1);
    expect((await ask('/people/~..')).json).toMatchObject({ id: '..' });
    expect((await ask('/people/~.')).json).toMatchObject({ id: '.' });
    expect((await ask('/people/~~..')).json).toMatchObject({ id: '~..' });
  });
});

describe('objects, tenants and audiences', () => {
  beforeAll(async () => {
    const { documents, outputs, directory } = environment;
    const refs = [
      object('projects', 'p1'),
      object('projects', 'p2'),
      object('accounts', 'a'),
      object('$tenants', 'acme'),
    ];
    await upsertEntities(
      refs.map((ref) => ({ ref, attributes: { name: ref.id, channel_data: { token: 'a-token' } }, sourceTimeMs: 1 })),
      directory,
      1,
    );
    const wish = { sourceTimeMs: 1, nowMs: 1 };
    await makeSubscriptions(documents, outputs.DirectoryTable).subscribe(object('projects', 'p1'), [user('ada')], wish);
    const audiences = makeAudiences(documents, outputs.DirectoryTable);
    await audiences.ensure('vips', true, 1);
    const members = ['ada', 'ghost'].map((userId) => ({ userId, tenant: 'acme' }));
    await audiences.add('vips', members, { ...wish, by: 'test' });
  });

  test('are listed page by page, tenants apart', async () => {
    expect(ids(await ask('/objects'))).toEqual(['a', 'p1', 'p2']);
    const first = await ask('/objects?limit=2');
    expect(first.json).toMatchObject({ next: 'projects/p1' });
    expect(ids(await ask('/objects?limit=2&after=projects%2Fp1'))).toEqual(['p2']);
    expect(ids(await ask('/objects?collection=projects'))).toEqual(['p1', 'p2']);
    expect(ids(await ask('/tenants'))).toEqual(['acme']);
    expect((await ask('/audiences')).json).toMatchObject({ rows: [{ key: 'vips', origin: 'action' }] });
  });

  test('are shown one by one, with who belongs to them and without tokens', async () => {
    const one = await ask('/objects/projects/p1');
    expect(one.json).toMatchObject({ id: 'p1', source_times: { name: '1970-01-01T00:00:00.001Z' } });
    expect(one.text).not.toContain('a-token');
    expect((await ask('/objects/projects/p1/subscribers')).json).toMatchObject({ rows: [{ recipient: 'ada' }] });
    expect((await ask('/tenants/acme')).json).toMatchObject({ id: 'acme', settings: {} });
    const members = await ask('/audiences/vips/members?limit=1');
    expect(members.json).toMatchObject({ rows: [{ user_id: 'ada', tenant: 'acme' }], next: 'ada#acme' });
    const rest = await ask(`/audiences/vips/members?after=${encodeURIComponent('ada#acme')}`);
    expect(rest.json).toMatchObject({ rows: [{ user_id: 'ghost', user: null }], next: null });
    expect((await ask('/people/ada/memberships')).json).toMatchObject({ rows: [{ audience: 'vips', tenant: 'acme' }] });
  });

  test.each(['/objects/projects/absent', '/tenants/absent', '/audiences/absent', '/audiences/absent/members'])(
    '%s is told apart from an error',
    async (path) => {
      expect(await ask(path)).toMatchObject({ status: 404, json: { code: 'not_found' } });
    },
  );

  test('are found by id', async () => {
    const find = async (id: string) => (await ask(`/find?id=${encodeURIComponent(id)}`)).json;
    expect(await find('acme')).toEqual([{ kind: 'tenant', id: 'acme' }]);
    expect(await find('projects/p2')).toEqual([{ kind: 'object', collection: 'projects', id: 'p2' }]);
    expect(await find('nothing')).toEqual([]);
  });
});
