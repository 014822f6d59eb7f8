import { describe, expect, test } from '@jest/globals';
import type { JsonObject, JsonValue } from '../../../shared/core/json/values.ts';
import { liveConfiguration } from '../../support/build.ts';
import { act, at, makeActionContext, user } from '../../support/directory-world.ts';

async function world() {
  const made = makeActionContext();
  for (const id of ['lena', 'ivo']) await act(made.context, 'users_identify', { id });
  await made.audiences.ensure('beta', true, 0);
  const run = (action: string, payload: JsonObject, seconds = 2, id?: string) =>
    act(made.context, action, { key: 'beta', ...payload }, { seconds, ...(id !== undefined && { id }) });
  const members = async (key = 'beta') => {
    const { entries } = await made.audiences.membersOf(key, { limit: 1000 });
    return entries.map(({ userId, tenant }) => [userId, tenant]);
  };
  return { ...made, run, members };
}

describe('adding members', () => {
  test.each<[string, JsonObject, [string, string | null][]]>([
    ['an id', { members: 'lena' }, [['lena', null]]],
    [
      'a list of ids',
      { members: ['lena', 'ivo', null] },
      [
        ['ivo', null],
        ['lena', null],
      ],
    ],
    ['user and tenant', { members: [{ user: { id: 'lena' }, tenant: 't1' }] }, [['lena', 't1']]],
    ['an id as user', { members: { user: 'lena', tenant: null } }, [['lena', null]]],
    ['one by parameters', { user: 'lena', tenant: 't1' }, [['lena', 't1']]],
    ['an inline user by parameters', { user: { id: 'new', plan: 'team' } }, [['new', null]]],
    [
      'cohort entries with user_id',
      { members: [{ user_id: 'lena' }, { user_id: 7 }] },
      [
        ['7', null],
        ['lena', null],
      ],
    ],
    ['cohort entries with id', { members: [{ id: 'lena' }] }, [['lena', null]]],
    [
      'a tenant for all that name none',
      { members: ['lena', { user: 'ivo', tenant: 't2' }], tenant: 't1' },
      [
        ['ivo', 't2'],
        ['lena', 't1'],
      ],
    ],
    [
      'one user without and with two tenants',
      { members: ['lena', { user: 'lena', tenant: 't1' }, { user: 'lena', tenant: 2 }] },
      [
        ['lena', null],
        ['lena', '2'],
        ['lena', 't1'],
      ],
    ],
    ['a user by $users', { user: { collection: '$users', id: 'lena' } }, [['lena', null]]],
    ['JSON text', { members: '[{"user_id":"lena"}]' }, [['lena', null]]],
  ])('%s is taken', async (_name, payload, expected) => {
    const { run, members } = await world();
    expect(await run('audiences_add_member', payload)).toMatchObject({
      status: 'succeeded',
      result: { key: 'beta', added: expected.length },
    });
    expect(await members()).toEqual(expected);
  });

  test('an inline user is described; one with only an id is kept as missing, not made', async () => {
    const { run, directory, members } = await world();
    const result = await run('audiences_add_member', {
      members: [
        { user: { id: 'new', plan: 'team' } },
        { user_id: 'cohort', city: 'Vigo' },
        { user: { id: 'ghost' } },
        'phantom',
      ],
    });
    expect(result).toMatchObject({
      result: { added: 4, missing_users: 2 },
      warnings: [{ code: 'user_missing', message: expect.stringContaining('ghost, phantom') }],
    });
    expect(await directory.readEach(['new', 'cohort', 'ghost', 'phantom'].map(user))).toMatchObject([
      { attributes: { plan: 'team' }, sourceTimeMs: at(2) },
      { attributes: { city: 'Vigo' } },
      undefined as never,
      undefined as never,
    ]);
    expect(await members()).toHaveLength(4);
  });

  test('who is in already stays as added, and is counted as no new member', async () => {
    const { run, audiences } = await world();
    await run('audiences_add_member', { members: 'lena' }, 2, 'one');
    const before = (await audiences.membersOf('beta', { limit: 9 })).entries[0]?.addedAtMs;
    expect(await run('audiences_add_member', { members: ['lena', 'ivo'] }, 3, 'two')).toMatchObject({
      result: { added: 1, members: 2 },
    });
    expect((await audiences.membersOf('beta', { limit: 9 })).entries.map(({ addedAtMs }) => addedAtMs)).toContain(
      before,
    );
  });

  test('an audience that is not there fails, and with create_audience is made', async () => {
    const { run, members, audiences, directory } = await world();
    const payload = { key: 'amplitude-42', members: [{ id: 'new', plan: 'team' }] };
    expect(await run('audiences_add_member', payload)).toMatchObject({
      status: 'failed',
      reason: 'audience_missing',
      errors: [{ field: 'key' }],
    });
    expect([audiences.keys.has('amplitude-42'), await directory.readEach([user('new')])]).toEqual([false, [undefined]]);
    expect((await run('audiences_add_member', { ...payload, create_audience: true })).status).toBe('succeeded');
    expect(await members('amplitude-42')).toEqual([['new', null]]);
  });

  test('an audience with a file is there without being made', async () => {
    const { run, context, audiences } = await world();
    const { snapshot } = liveConfiguration();
    context.configuration = {
      ...context.configuration,
      snapshot: { ...snapshot, audiences: { filed: { name: 'Filed' } } },
    };
    expect((await run('audiences_add_member', { key: 'filed', members: 'lena' })).status).toBe('succeeded');
    expect(audiences.keys.has('filed')).toBe(false);
    expect((await run('audiences_add_member', { key: 'constructor', members: 'lena' })).status).toBe('failed');
  });

  test('goes a thousand at a time', async () => {
    const { run, audiences } = await world();
    const sizes: number[] = [];
    const { add } = audiences;
    audiences.add = (key, members, wish) => {
      sizes.push(members.length);
      return add(key, members, wish);
    };
    const members = Array.from({ length: 2100 }, (_, i) => ({ user_id: `u${i}` }));
    expect(await run('audiences_add_member', { members })).toMatchObject({ result: { added: 2100 } });
    expect(sizes).toEqual([1000, 1000, 100]);
  });

  test('that arrives after a later removal, or after the user was deleted, adds no member, and says so', async () => {
    const { run, members } = await world();
    await run('audiences_remove_member', { members: 'lena' }, 9);
    await run('users_delete', { id: 'ivo' }, 9);
    const result = await run('audiences_add_member', { members: ['lena', 'ivo'] }, 8);
    expect(result).toMatchObject({ status: 'succeeded', result: { added: 0 } });
    expect(result.warnings?.map(({ code }) => code)).toEqual(['deleted_later', 'older_than_stored']);
    expect(await members()).toEqual([]);
  });

  test('after the user was deleted the id may be added again, and is missing', async () => {
    const { run, members } = await world();
    await run('users_delete', { id: 'ivo' }, 3);
    expect(await run('audiences_add_member', { members: 'ivo' }, 4)).toMatchObject({
      result: { added: 1, missing_users: 1 },
    });
    expect(await members()).toEqual([['ivo', null]]);
  });
});

test.each(['before', 'after'])('a user deleted just %s the row is written is in no audience', async (when) => {
  const { run, audiences, members } = await world();
  const remove = () => run('users_delete', { id: 'lena' }, 9);
  const { add } = audiences;
  audiences.add = async (...args) => {
    if (when === 'before') await remove();
    const changes = await add(...args);
    if (when === 'after') await remove();
    return changes;
  };
  expect(await run('audiences_add_member', { members: ['lena', 'ivo'] }, 8)).toMatchObject({
    result: { added: 1 },
    warnings: [{ code: 'deleted_later', message: expect.stringContaining('lena') }],
  });
  expect(await members()).toEqual([['ivo', null]]);
});

describe('a workflow that names the audience as its trigger', () => {
  async function greeting() {
    const made = await world();
    const { configuration } = made.context;
    const file = { name: 'Hello', audience: 'beta', target: { development: { type: 'log' as const } } };
    made.context.configuration = {
      ...configuration,
      snapshot: { ...configuration.snapshot, workflows: { hello: file } },
    };
    const greeted = () =>
      made.runsOf().map(({ key, tenant, workflow }) => [workflow, key.recipient.id, tenant ?? null]);
    return { ...made, greeted };
  }

  test('runs once for each new row, with its tenant, and never for who is in, is missing or leaves', async () => {
    const { run, greeted } = await greeting();
    const members = ['lena', { user: 'lena', tenant: 't1' }, 'ghost'];
    expect(await run('audiences_add_member', { members }, 2, 'one')).toMatchObject({
      status: 'succeeded',
      result: { added: 3, runs: 2 },
    });
    await run('audiences_add_member', { members: ['lena', 'ivo'] }, 3, 'two');
    await run('audiences_remove_member', { members: 'lena' }, 4, 'three');
    await run('users_identify', { id: 'ghost' }, 5, 'four');
    expect(greeted().sort()).toEqual([
      ['hello', 'ivo', null],
      ['hello', 'lena', null],
      ['hello', 'lena', 't1'],
    ]);
  });

  test('runs for a member whose action died between adding and starting, and only once', async () => {
    const { run, greeted, audiences } = await greeting();
    const wish = { by: 'one', sourceTimeMs: at(2), nowMs: at(2) };
    await audiences.add('beta', [{ userId: 'lena', tenant: null }], wish);
    await run('audiences_add_member', { members: 'lena' }, 2, 'one');
    await run('audiences_add_member', { members: 'lena' }, 2, 'one');
    expect(greeted()).toEqual([['hello', 'lena', null]]);
  });
});

describe('removing members', () => {
  test('without a tenant removes only the row without one', async () => {
    const { run, members } = await world();
    await run('audiences_add_member', { members: ['lena', { user: 'lena', tenant: 't1' }, 'ivo'] });
    expect(await run('audiences_remove_member', { members: [{ user_id: 'lena' }, 'ghost'] }, 3)).toEqual({
      status: 'succeeded',
      result: { key: 'beta', removed: 1 },
    });
    expect(await members()).toEqual([
      ['ivo', null],
      ['lena', 't1'],
    ]);
    await run('audiences_remove_member', { user: 'lena', tenant: 't1' }, 4);
    expect(await members()).toEqual([['ivo', null]]);
  });

  test('from a missing audience succeeds, and writes no user', async () => {
    const { run, directory } = await world();
    expect(
      await run('audiences_remove_member', { key: 'nowhere', members: [{ id: 'new', plan: 'team' }] }),
    ).toMatchObject({
      status: 'succeeded',
      result: { removed: 0 },
    });
    expect(await directory.readEach([user('new')])).toEqual([undefined]);
  });
});

describe('a tenant that cannot be read', () => {
  const odd: [string, JsonObject][] = [
    ['with whitespace', { members: [{ user: 'lena', tenant: 'a b' }] }],
    ['that is a list', { members: [{ user: 'lena', tenant: ['t'] }] }],
    ['for all members', { members: 'lena', tenant: false }],
  ];

  test.each(odd)('%s is left out where a member is added, with a warning', async (_name, payload) => {
    const { run, audiences } = await world();
    expect(await run('audiences_add_member', payload)).toMatchObject({
      status: 'succeeded',
      result: { added: 1 },
      warnings: expect.arrayContaining([expect.objectContaining({ code: 'property_ignored' })]),
    });
    expect(audiences.rows.size).toBe(1);
  });

  // Without its tenant another membership would be meant, and its removal undone by no warning.
  test.each(odd)('%s fails a removal', async (_name, payload) => {
    const { run } = await world();
    await run('audiences_add_member', { members: 'lena' });
    expect(await run('audiences_remove_member', payload)).toMatchObject({ status: 'failed', reason: 'invalid_params' });
  });
});

describe.each(['audiences_add_member', 'audiences_remove_member'])('%s', (action) => {
  test.each<[string, JsonObject]>([
    ['no members', {}],
    ['an empty list', { members: [] }],
    ['null', { members: null, user: null }],
    ['no key', { key: null, members: 'lena' }],
  ])('with %s is skipped', async (_name, payload) => {
    const { run } = await world();
    expect(await run(action, payload)).toMatchObject({ status: 'skipped', reason: 'required_field_missing' });
  });

  test.each<[string, JsonValue, string]>([
    ['an object', { collection: 'teams', id: 'a' }, 'members'],
    ['a bad id', ['lena', 'a/b'], 'members.1'],
    ['a map without an id', [{ plan: 'team' }], 'members.0'],
    ['"undefined"', ['lena', 'undefined'], 'members.1'],
  ])('fails on %s as a member, with the field', async (_name, members, field) => {
    const { run, audiences } = await world();
    expect(await run(action, { members })).toMatchObject({ reason: 'invalid_params', errors: [{ field }] });
    expect(audiences.rows.size).toBe(0);
  });

  test.each(['Beta', 'a b', '-a', 'x'.repeat(256)])('fails on key "%s"', async (key) => {
    const { run } = await world();
    expect(await run(action, { key, members: 'lena' })).toMatchObject({
      reason: 'invalid_params',
      errors: [{ field: 'key' }],
    });
  });
});
