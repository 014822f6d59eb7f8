import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import { act, at, makeActionContext, object, user, visible } from '../../support/directory-world.ts';

async function world() {
  const made = makeActionContext();
  const run = (action: string, payload: JsonObject, seconds = 1) => act(made.context, action, payload, { seconds });
  await run('users_identify', { id: 'lena', properties: { plan: 'team' } });
  await run('objects_set', { collection: 'projects', id: 'p1', name: 'Apollo' });
  await run('objects_subscribe', {
    collection: 'projects',
    id: 'p1',
    recipients: ['lena', { collection: 'teams', id: 'a' }],
  });
  await run('objects_subscribe', {
    collection: 'teams',
    id: 'a',
    recipients: ['lena', { collection: 'projects', id: 'p1' }],
  });
  await run('audiences_add_member', {
    key: 'beta',
    members: ['lena', { user: 'lena', tenant: 't1' }],
    create_audience: true,
  });
  return { ...made, run };
}

describe('deleting a user', () => {
  test('removes it with its subscriptions and memberships; objects and audiences stay', async () => {
    const { run, context, directory, audiences } = await world();
    expect(await run('users_delete', { id: 'lena' }, 2)).toEqual({
      status: 'succeeded',
      result: { id: 'lena', deleted: true, subscriptions: 2, memberships: 2 },
    });
    expect(await visible(context, 'lena')).toEqual({ user: 'absent', subscriptions: [], audiences: [] });
    expect((await audiences.membersOf('beta', { limit: 9 })).entries).toEqual([]);
    expect((await directory.readEach([object('projects', 'p1')]))[0]?.attributes).toEqual({ name: 'Apollo' });
  });

  test('leaves a mark for ninety days, and nothing that was', async () => {
    const { run, directory } = await world();
    await run('users_delete', { id: 'lena' }, 2);
    const [stored] = await directory.readStoredEach([user('lena')]);
    expect(stored).toEqual({
      ref: user('lena'),
      deletedSourceTimeMs: at(2),
      wasThere: true,
      deletedAtMs: expect.any(Number),
      version: 2,
    });
  });

  test('that is unknown succeeds, and still leaves the mark', async () => {
    const { run, directory } = await world();
    expect(await run('users_delete', { id: 42 }, 2)).toEqual({
      status: 'succeeded',
      result: { id: '42', deleted: false },
    });
    expect(await run('users_identify', { id: '42' }, 1)).toMatchObject({
      status: 'succeeded',
      result: { created: false, changed: [] },
      warnings: [{ code: 'deleted_later' }],
    });
    expect(await directory.readEach([user('42')])).toEqual([undefined]);
  });

  test('again by the same event says the same and writes nothing more', async () => {
    const { run, directory } = await world();
    await run('users_delete', { id: 'lena' }, 2);
    const { writes } = directory;
    expect(await run('users_delete', { id: 'lena' }, 2)).toMatchObject({ result: { deleted: true } });
    expect(directory.writes).toBe(writes);
    expect(await run('users_delete', { id: 'lena' }, 3)).toMatchObject({ result: { deleted: false } });
  });

  test('an identify that happened later makes the user anew, and nothing is inherited', async () => {
    const { run, context } = await world();
    await run('users_delete', { id: 'lena' }, 2);
    expect(await run('users_identify', { id: 'lena', email: 'l@orchard.example' }, 3)).toMatchObject({
      result: { created: true, changed: ['email'] },
    });
    expect(await visible(context, 'lena')).toEqual({
      user: { email: 'l@orchard.example' },
      subscriptions: [],
      audiences: [],
    });
  });

  test('that arrives late takes only what was said before it', async () => {
    const { run, context } = await world();
    await run('users_identify', { id: 'lena', email: 'l@orchard.example' }, 3);
    await run('objects_subscribe', { collection: 'projects', id: 'p2', recipients: 'lena' }, 3);
    expect(await run('users_delete', { id: 'lena' }, 2)).toMatchObject({
      result: { deleted: false, subscriptions: 2, memberships: 2 },
    });
    expect(await visible(context, 'lena')).toEqual({
      user: { email: 'l@orchard.example' },
      subscriptions: [['projects', 'p2', {}]],
      audiences: [],
    });
  });

  test('with more than there is time for continues, and counts everything once', async () => {
    const { run, context, subscriptions } = await world();
    for (let i = 0; i < 450; i++)
      await run('objects_subscribe', { collection: 'many', id: `o${i}`, recipients: 'lena' });
    const { nowMs } = context;
    let pages = 0;
    const { eraseSubscriptionsOf } = subscriptions;
    subscriptions.eraseSubscriptionsOf = (...args) => {
      pages++;
      return eraseSubscriptionsOf(...args);
    };
    context.nowMs = () => nowMs() + pages * 24_000;
    const first = await run('users_delete', { id: 'lena' }, 2);
    expect(first).toMatchObject({
      status: 'pending',
      reason: 'continues',
      result: { deleted: true, subscriptions: 400 },
      progress: { subscriptions: 400, pages: 1 },
    });
    context.nowMs = nowMs;
    context.progress = (first as { progress: JsonObject }).progress;
    expect(await run('users_delete', { id: 'lena' }, 2)).toEqual({
      status: 'succeeded',
      result: { id: 'lena', deleted: true, subscriptions: 452, memberships: 2 },
    });
  });
});

describe('deleting an object', () => {
  test('removes its subscriptions in both directions', async () => {
    const { run, context, directory, subscriptions } = await world();
    expect(await run('objects_delete', { collection: 'projects', id: 'p1' }, 2)).toEqual({
      status: 'succeeded',
      result: { collection: 'projects', id: 'p1', deleted: true, subscriptions: 3 },
    });
    expect(await directory.readEach([object('projects', 'p1')])).toEqual([undefined]);
    expect((await visible(context, 'lena')).subscriptions).toEqual([['teams', 'a', {}]]);
    expect((await subscriptions.subscribersOf(object('teams', 'a'), { limit: 9 })).entries).toHaveLength(1);
  });

  test('that is not there succeeds', async () => {
    const { run } = await world();
    expect(await run('objects_delete', { collection: 'nowhere', id: 'x' })).toEqual({
      status: 'succeeded',
      result: { collection: 'nowhere', id: 'x', deleted: false },
    });
  });

  test('that is a tenant works by either action, and rows of audiences that carry its id stay', async () => {
    const { run, audiences } = await world();
    for (const [action, payload] of [
      ['objects_delete', { collection: '$tenants', id: 't1' }],
      ['tenants_delete', { id: 't1' }],
    ] as const) {
      await run('tenants_set', { id: 't1', name: 'Orchard' }, action === 'objects_delete' ? 1 : 3);
      expect(await run(action, payload, action === 'objects_delete' ? 2 : 4)).toMatchObject({
        result: { collection: '$tenants', id: 't1', deleted: true },
      });
    }
    expect((await audiences.membersOf('beta', { limit: 9 })).entries).toHaveLength(2);
  });
});

test.each<[string, JsonObject, string]>([
  ['users_delete', { id: 'a/b' }, 'id'],
  ['objects_delete', { collection: '$users', id: 'lena' }, 'collection'],
  ['tenants_delete', { id: 'a b' }, 'id'],
])('%s of %j fails with the field, and deletes nothing', async (action, payload, field) => {
  const { run, directory } = await world();
  const { writes } = directory;
  expect(await run(action, payload)).toMatchObject({ reason: 'invalid_params', errors: [{ field }] });
  expect(directory.writes).toBe(writes);
});

test.each<[string, JsonObject]>([
  ['users_delete', { id: '' }],
  ['objects_delete', { collection: 'c', id: null }],
  ['tenants_delete', {}],
])('%s of %j is skipped', async (action, payload) => {
  const { run } = await world();
  expect(await run(action, payload)).toMatchObject({ status: 'skipped', reason: 'required_field_missing' });
});
