import { describe, expect, test } from '@jest/globals';
import type { JsonObject, JsonValue } from '../../../shared/core/json/values.ts';
import { act, at, makeActionContext, object, user } from '../../support/directory-world.ts';
import { identify } from '../../support/fakes-workflow-trigger.ts';

const project = { collection: 'projects', id: 'p1' };

async function world() {
  const made = makeActionContext();
  await identify(made.directory, { id: 'lena' }, { id: 'ivo' });
  await act(made.context, 'objects_set', project);
  const run = (action: string, payload: JsonObject, seconds = 2) =>
    act(made.context, action, { ...project, ...payload }, { seconds });
  const subscribers = async () => {
    const { entries } = await made.subscriptions.subscribersOf(object('projects', 'p1'), { limit: 1000 });
    return entries.map(({ recipient, properties }) => [
      recipient.kind === 'user' ? recipient.id : `${recipient.collection}/${recipient.id}`,
      properties,
    ]);
  };
  return { ...made, run, subscribers };
}

describe('subscribing', () => {
  test.each<[string, JsonValue, string[]]>([
    ['an id', 'lena', ['lena']],
    ['a list of ids', ['lena', 'ivo', null, '', 'lena'], ['ivo', 'lena']],
    ['a number', 42, ['42']],
    ['an inline user', { id: 'new', plan: 'team' }, ['new']],
    ['a user by $users', { collection: '$users', id: 'lena' }, ['lena']],
    ['an object', { collection: 'teams', id: 'a' }, ['teams/a']],
    ['a tenant', { collection: '$tenants', id: 't1' }, ['$tenants/t1']],
    ['JSON text of a list', '["lena",{"id":"new"}]', ['lena', 'new']],
    ['JSON text of a map', '{"id":"new"}', ['new']],
  ])('%s is taken', async (_name, recipients, ids) => {
    const { run, subscribers, directory } = await world();
    await identify(directory, { id: '42' });
    expect(await run('objects_subscribe', { recipients })).toEqual({
      status: 'succeeded',
      result: { ...project, subscribed: ids.length, created: ids.length },
    });
    expect(await subscribers()).toEqual(ids.map((id) => [id, {}]));
  });

  test('describes inline recipients first, as of the event', async () => {
    const { run, directory } = await world();
    await run('objects_subscribe', {
      recipients: [
        { id: 'new', plan: 'team' },
        { collection: 'teams', id: 'a', size: 3 },
      ],
    });
    expect(await directory.readEach([user('new'), object('teams', 'a')])).toMatchObject([
      { attributes: { plan: 'team' }, sourceTimeMs: at(2) },
      { attributes: { size: 3 } },
    ]);
  });

  test('an id that nobody has identified is rejected by name, and the others go through', async () => {
    const { run, subscribers } = await world();
    const result = await run('objects_subscribe', {
      recipients: ['ghost', 'lena', { collection: '$users', id: 'phantom' }],
    });
    expect(result).toMatchObject({
      status: 'succeeded',
      result: { subscribed: 1, created: 1, rejected: ['ghost', 'phantom'] },
      warnings: [{ code: 'recipient_missing', message: expect.stringContaining('ghost, phantom') }],
    });
    expect(await subscribers()).toEqual([['lena', {}]]);
  });

  test('an id that is not identified yet is waited for; the others are subscribed at once, and counted once', async () => {
    const made = await world();
    const begin = { ...made.context, firstAttemptAtMs: made.context.nowMs() };
    const payload = { ...project, recipients: ['newcomer', 'lena'] };
    const first = await act(begin, 'objects_subscribe', payload, { seconds: 2 });
    expect(first).toMatchObject({
      status: 'pending',
      reason: 'recipient_unknown',
      retryAfterSeconds: 1,
      result: { subscribed: 1, created: 1 },
    });
    expect(await made.subscribers()).toEqual([['lena', {}]]);
    await identify(made.directory, { id: 'newcomer' });
    const { progress } = first as { progress: JsonObject };
    const again = { ...begin, again: true, progress };
    expect(await act(again, 'objects_subscribe', payload, { seconds: 2 })).toEqual({
      status: 'succeeded',
      result: { ...project, subscribed: 2, created: 2 },
    });
    expect(await made.subscribers()).toEqual([
      ['lena', {}],
      ['newcomer', {}],
    ]);
  });

  test('an id that stays unknown is waited for in vain for ten seconds, then rejected by name', async () => {
    const made = await world();
    const firstAttemptAtMs = made.context.nowMs();
    const waited = (ms: number) =>
      act(
        { ...made.context, firstAttemptAtMs, nowMs: () => firstAttemptAtMs + ms },
        'objects_subscribe',
        { ...project, recipients: ['ghost', 'lena'] },
        { seconds: 2 },
      );
    expect(await waited(9_999)).toMatchObject({ status: 'pending', retryAfterSeconds: 0.001 });
    expect(await waited(10_000)).toMatchObject({ status: 'succeeded', result: { rejected: ['ghost'] } });
  });

  test('an object that is not there is made with nothing in it, and the log says so', async () => {
    const { run, directory } = await world();
    const result = await run('objects_subscribe', { id: 'p2', recipients: 'lena' });
    expect(result).toMatchObject({ result: { subscribed: 1 }, warnings: [{ code: 'object_missing' }] });
    expect(await directory.readEach([object('projects', 'p2')])).toMatchObject([{ attributes: {} }]);
  });

  test('properties replace when given, stay when not', async () => {
    const { run, subscribers } = await world();
    await run('objects_subscribe', { recipients: 'lena', properties: { role: 'owner', since: 1 } });
    await run('objects_subscribe', { recipients: 'lena' }, 3);
    expect(await subscribers()).toEqual([['lena', { role: 'owner', since: 1 }]]);
    const result = await run('objects_subscribe', { recipients: 'lena', properties: '{"role":"viewer"}' }, 4);
    expect(result).toMatchObject({ result: { subscribed: 1, created: 0 } });
    expect(await subscribers()).toEqual([['lena', { role: 'viewer' }]]);
  });

  test('goes a hundred at a time, and any number in all', async () => {
    const { run, context } = await world();
    const sizes: number[] = [];
    const { subscribe } = context.subscriptions;
    context.subscriptions.subscribe = (of, recipients, wish) => {
      sizes.push(recipients.length);
      return subscribe(of, recipients, wish);
    };
    const recipients = Array.from({ length: 250 }, (_, i) => ({ id: `u${i}` }));
    expect(await run('objects_subscribe', { recipients })).toMatchObject({ result: { subscribed: 250, created: 250 } });
    expect(sizes).toEqual([100, 100, 50]);
  });

  test('goes on where it stopped when time ran short, and counts everything once', async () => {
    const { run, context, subscribers } = await world();
    const recipients = Array.from({ length: 250 }, (_, i) => ({ id: `u${i}` }));
    const { nowMs, subscriptions } = context;
    let chunks = 0;
    const { subscribe } = subscriptions;
    subscriptions.subscribe = (...args) => {
      chunks++;
      return subscribe(...args);
    };
    context.nowMs = () => nowMs() + chunks * 46_000;
    const first = await run('objects_subscribe', { recipients });
    expect(first).toMatchObject({ status: 'pending', reason: 'continues', progress: { done: 100, created: 100 } });
    context.nowMs = nowMs;
    context.progress = (first as { progress: JsonObject }).progress;
    expect(await run('objects_subscribe', { recipients })).toMatchObject({
      status: 'succeeded',
      result: { subscribed: 250, created: 250 },
    });
    expect([(await subscribers()).length, chunks]).toEqual([250, 3]);
  });

  test('that arrives after a later unsubscribe changes nothing, and says so', async () => {
    const { run, subscribers } = await world();
    await run('objects_unsubscribe', { recipients: 'lena' }, 9);
    const result = await run('objects_subscribe', { recipients: 'lena' }, 8);
    expect(result).toMatchObject({ result: { subscribed: 0 }, warnings: [{ code: 'older_than_stored' }] });
    expect(await subscribers()).toEqual([]);
  });

  test.each(['objects_delete', 'users_delete'])(
    'that arrives after a later %s subscribes nobody, and says so',
    async (action) => {
      const { run, subscribers } = await world();
      await run(action, action === 'users_delete' ? { id: 'lena' } : {}, 9);
      const result = await run('objects_subscribe', { recipients: [{ id: 'lena' }] }, 8);
      expect(result).toMatchObject({
        result: { subscribed: 0, rejected: ['lena'] },
        warnings: expect.arrayContaining([expect.objectContaining({ code: 'deleted_later' })]),
      });
      expect(await subscribers()).toEqual([]);
    },
  );

  test('properties that are no map are left out with a warning, and the subscription stays', async () => {
    const { run, subscribers } = await world();
    const result = await run('objects_subscribe', { recipients: ['lena', ' '], properties: 'role' });
    expect(result).toMatchObject({
      status: 'succeeded',
      result: { subscribed: 1 },
      warnings: [
        { code: 'property_ignored', message: expect.stringContaining('properties was left out: must be a map') },
      ],
    });
    expect(await subscribers()).toHaveLength(1);
  });

  test.each<[string, JsonObject, string]>([
    ['$users as collection', { collection: '$users', recipients: 'lena' }, 'collection'],
    ["whitespace in a tenant's id", { collection: '$tenants', id: 'a b', recipients: 'lena' }, 'id'],
    ['a recipient with a bad id', { recipients: ['lena', 'a/b'] }, 'recipients.1'],
    ['a boolean recipient', { recipients: true }, 'recipients'],
    ['"null" for a recipient', { recipients: ['lena', 'null'] }, 'recipients.1'],
    ['properties over 256 kB', { recipients: 'lena', properties: { a: 'x'.repeat(257 * 1024) } }, 'properties'],
    [
      'properties nested too deep',
      { recipients: 'lena', properties: JSON.parse(`{"a":${'['.repeat(40)}${']'.repeat(40)}}`) },
      'properties',
    ],
  ])('%s: fails with the field, and subscribes no recipient', async (_name, payload, field) => {
    const { run, subscribers } = await world();
    expect(await run('objects_subscribe', payload)).toMatchObject({ reason: 'invalid_params', errors: [{ field }] });
    expect(await subscribers()).toEqual([]);
  });
});

describe('a delete that happens while others subscribe', () => {
  test.each([
    ['the user, just before the subscription is written', 'users_delete', 'before'],
    ['the user, just after', 'users_delete', 'after'],
    ['the object, just before the subscription is written', 'objects_delete', 'before'],
    ['the object, just after', 'objects_delete', 'after'],
  ])('of %s, leaves nothing hanging, and nothing to inherit', async (_name, action, when) => {
    const { run, context, subscribers, subscriptions } = await world();
    await run('users_identify', { id: 'zoe' }, 1);
    const remove = () => run(action, action === 'users_delete' ? { id: 'zoe' } : {}, 9);
    const { subscribe } = subscriptions;
    subscriptions.subscribe = async (...args) => {
      if (when === 'before') await remove();
      const changes = await subscribe(...args);
      if (when === 'after') await remove();
      return changes;
    };
    const result = await run('objects_subscribe', { recipients: ['zoe'] }, 8);
    expect(result).toMatchObject({ status: 'succeeded', result: { subscribed: 0 } });
    subscriptions.subscribe = subscribe;
    await run('users_identify', { id: 'zoe' }, 10);
    await run('objects_set', {}, 10);
    expect(await subscribers()).toEqual([]);
    expect((await context.subscriptions.subscriptionsOf(user('zoe'), { limit: 9 })).entries).toEqual([]);
  });

  test('of the user, before an attempt that died is made again, too', async () => {
    const { run, context, subscribers, subscriptions } = await world();
    await run('users_identify', { id: 'zoe' }, 1);
    await run('users_delete', { id: 'zoe' }, 9);
    // What the attempt that died wrote, having looked before the delete.
    await subscriptions.subscribe(object('projects', 'p1'), [user('zoe')], { sourceTimeMs: at(8), nowMs: at(9) });
    context.again = true;
    await run('objects_subscribe', { recipients: ['zoe'] }, 8);
    expect(await subscribers()).toEqual([]);
  });
});

describe('unsubscribing', () => {
  test('removes who is subscribed, passes over who is not, and says who it was', async () => {
    const { run, subscribers, directory } = await world();
    await run('objects_subscribe', { recipients: ['lena', 'ivo', { collection: 'teams', id: 'a' }] });
    const recipients = ['lena', 'ghost', { collection: 'teams', id: 'a', size: 3 }];
    expect(await run('objects_unsubscribe', { recipients }, 3)).toEqual({
      status: 'succeeded',
      result: { ...project, removed: 2, recipients: ['lena', { collection: 'teams', id: 'a' }] },
    });
    expect(await subscribers()).toEqual([['ivo', {}]]);
    // References only: neither made nor described, and nobody is removed from the directory.
    expect(await directory.readEach([user('lena'), user('ghost'), object('teams', 'a')])).toMatchObject([
      { ref: { id: 'lena' } },
      undefined as never,
      { attributes: {} },
    ]);
  });

  test('from an object that is not there succeeds', async () => {
    const { run } = await world();
    expect(await run('objects_unsubscribe', { id: 'nowhere', recipients: 'lena' })).toMatchObject({
      status: 'succeeded',
      result: { removed: 0, recipients: [] },
    });
  });
});

test.each(['objects_subscribe', 'objects_unsubscribe'])('%s without a recipient is skipped', async (action) => {
  const { run, subscriptions } = await world();
  for (const recipients of [null, '', [], [null, '']]) {
    expect(await run(action, { recipients })).toMatchObject({
      status: 'skipped',
      reason: 'required_field_missing',
      errors: [{ field: 'recipients' }],
    });
  }
  expect(subscriptions.rows.size).toBe(0);
});
