import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Knock from '@knocklabs/node';
import { startApi, type TestApi } from './api-for-tests.ts';

/* Objects, their subscriptions, and tenants, through the official client and the gateway's code. */

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
beforeEach(() => {
  api.messages.length = 0;
});

async function all<Entry>(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

/** What a call that must fail threw. */
const thrownBy = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const object = (id: string, collection = 'projects') => ({ kind: 'object', collection, id }) as const;
const user = (id: string) => ({ kind: 'user', id }) as const;

describe('objects', () => {
  test('are set, read, changed, with their properties in a map of their own', async () => {
    const set = await api.client.objects.set('projects', 'p1', {
      ...{ name: 'Rex', status: 'open', size: { w: 1, h: 2 } },
      preferences: { default: {} },
      channel_data: { push: { tokens: ['secret-token'] } },
    });
    expect(set).toEqual({
      ...{ __typename: 'Object', id: 'p1', collection: 'projects', created_at: null },
      updated_at: expect.stringMatching(/^\d{4}-.*Z$/),
      properties: { name: 'Rex', status: 'open', size: { w: 1, h: 2 } },
    });
    expect(await api.client.objects.get('projects', 'p1')).toEqual(set);
    const changed = await api.client.objects.set('projects', 'p1', { status: null, size: { w: 3 } });
    expect(changed.properties).toEqual({ name: 'Rex', status: null, size: { w: 3, h: 2 } });
  });

  test('are deleted at once; what hangs on them is handed to workflow-trigger', async () => {
    await api.client.objects.set('projects', 'gone', {});
    expect(await api.client.objects.delete('projects', 'gone')).toBeNull();
    expect(await thrownBy(api.client.objects.get('projects', 'gone'))).toBeInstanceOf(Knock.NotFoundError);
    expect(api.messages).toMatchObject([
      { invocations: [{ action: 'objects_delete', payload: { collection: 'projects', id: 'gone' } }] },
    ]);
    expect(await api.client.objects.delete('projects', 'never')).toBeNull();
  });

  test('are listed by collection, which is not mixed up with one whose name begins alike', async () => {
    for (const id of ['c', 'a', 'b']) await api.client.objects.set('pets', id, { name: id });
    await api.client.objects.set('pets2', 'z', {});
    const pets = await all(api.client.objects.list('pets', { page_size: 2 }));
    expect(pets.map(({ id, collection }) => [collection, id])).toEqual([
      ['pets', 'a'],
      ['pets', 'b'],
      ['pets', 'c'],
    ]);
    expect(await all(api.client.objects.list('nothing'))).toEqual([]);
    const { page_info } = await api.client.objects.list('pets', { page_size: 1 });
    const other = `/v1/objects/pets2?after=${(page_info as { after: string }).after}`;
    expect(await api.call('GET', other)).toMatchObject({ status: 422, body: { errors: [{ field: 'after' }] } });
    expect((await all(api.client.objects.list('pets2'))).map(({ id }) => id)).toEqual(['z']);
  });

  test.each(['bulk', 'a+b', 'a b', "it's"])('take the id %j as it is', async (id) => {
    expect(await api.client.objects.set('odd', id, {})).toMatchObject({ id });
    expect(await api.client.objects.get('odd', id)).toMatchObject({ id });
  });

  test('$tenants is the collection of tenants; $users and other reserved names are none', async () => {
    await api.client.tenants.set('as-object', { name: 'T', plan: 'pro' });
    expect(await api.client.objects.get('$tenants', 'as-object')).toMatchObject({
      ...{ collection: '$tenants', properties: { name: 'T', plan: 'pro' } },
    });
    await api.client.objects.set('$tenants', 'from-object', { name: 'O' });
    expect(await api.client.tenants.get('from-object')).toMatchObject({ __typename: 'Tenant', name: 'O' });
    for (const [collection, words] of [
      ['$users', 'call /v1/users'],
      ['$mine', 'is reserved'],
    ] as const) {
      const answer = await api.call('PUT', `/v1/objects/${collection}/x`, { body: {} });
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'collection' }] } });
      expect((answer.body as { message: string }).message).toContain(words);
    }
    expect(await api.call('PUT', '/v1/objects/$tenants/a%20b', { body: {} })).toMatchObject({ status: 422 });
  });
});

describe('tenants', () => {
  test('are set, read and changed, with custom properties beside their fields', async () => {
    const settings = { branding: { primary_color: '#ff0000' }, preference_set: { workflows: { welcome: false } } };
    const set = await api.client.tenants.set('t1', {
      ...{ name: 'Acme', plan: 'pro' },
      settings,
      channel_data: { push: { tokens: ['secret-token'] } },
    } as Knock.TenantSetParams);
    expect(set).toEqual({ __typename: 'Tenant', id: 't1', name: 'Acme', plan: 'pro', settings });
    expect(await api.client.tenants.get('t1', { resolve_full_preference_settings: true })).toEqual(set);
    const changed = await api.client.tenants.set('t1', {
      resolve_full_preference_settings: true,
      settings: { branding: { logo_url: 'https://example.com/l.png' } },
    });
    expect(changed.settings).toEqual({
      branding: { primary_color: '#ff0000', logo_url: 'https://example.com/l.png' },
      preference_set: { workflows: { welcome: false } },
    });
  });

  test('a preference set is replaced when the request says so', async () => {
    const set = (preference_set: object) =>
      api.client.tenants.set('t2', { settings: { preference_set } } as Knock.TenantSetParams);
    await set({ workflows: { a: true } });
    expect((await set({ workflows: { b: true }, __persistence_strategy__: 'replace' })).settings).toEqual({
      preference_set: { workflows: { b: true } },
    });
  });

  test('one that has no settings has null', async () => {
    expect(await api.client.tenants.set('t3', {})).toEqual({
      __typename: 'Tenant',
      id: 't3',
      name: null,
      settings: null,
    });
  });

  test('are deleted; an unknown one is 404', async () => {
    await api.client.tenants.set('t4', {});
    expect(await api.client.tenants.delete('t4')).toBeNull();
    expect(await thrownBy(api.client.tenants.get('t4'))).toBeInstanceOf(Knock.NotFoundError);
    expect(api.messages).toMatchObject([{ invocations: [{ action: 'tenants_delete', payload: { id: 't4' } }] }]);
  });

  test('are listed, by id or name if that is asked', async () => {
    for (const [id, name] of Object.entries({ l1: 'One', l2: 'Two', l3: 'One' }))
      await api.client.tenants.set(id, { name });
    const ids = async (query: Knock.TenantListParams) =>
      (await all(api.client.tenants.list({ page_size: 1, ...query }))).map(({ id }) => id);
    expect(await ids({})).toEqual(expect.arrayContaining(['l1', 'l2', 'l3', 't1']));
    expect(await ids({ name: 'One' })).toEqual(['l1', 'l3']);
    expect(await ids({ tenant_id: 'l2' })).toEqual(['l2']);
    expect(await ids({ tenant_id: 'l2', name: 'One' })).toEqual([]);
    expect(await ids({ tenant_id: 'no such id' })).toEqual([]);
  });

  test('an id with a blank is 422, and so are settings that are no map', async () => {
    expect(await api.call('PUT', '/v1/tenants/a%20b', { body: {} })).toMatchObject({ status: 422 });
    expect(await api.call('PUT', '/v1/tenants/t5', { body: { settings: 'dark' } })).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'settings', message: 'must be a map, not text' }] },
    });
  });
});

describe('subscriptions of an object', () => {
  const add = (id: string, recipients: Knock.Recipients.RecipientRequest[], properties?: Record<string, unknown>) =>
    api.client.objects.addSubscriptions('projects', id, { recipients, ...(properties && { properties }) });
  const list = async (id: string, query: Knock.ObjectListSubscriptionsParams = {}) =>
    all(api.client.objects.listSubscriptions('projects', id, query));

  beforeAll(async () => {
    await api.client.users.update('ana', { name: 'Ana' });
    await api.client.users.update('bo', { name: 'Bo' });
  });

  test('are made for users that exist and for recipients that are described, which are set first', async () => {
    await api.client.objects.set('projects', 's1', { name: 'S' });
    const recipients = ['ana', { id: 'new', name: 'New' }, { collection: 'teams', id: 'red', size: 5 }];
    const made = await add('s1', recipients, { role: 'guest' });
    expect(made.map(({ recipient, object, properties }) => [recipient.id, object.id, properties])).toEqual([
      ['ana', 's1', { role: 'guest' }],
      ['new', 's1', { role: 'guest' }],
      ['red', 's1', { role: 'guest' }],
    ]);
    expect(made[0]).toEqual({
      __typename: 'Subscription',
      recipient: expect.objectContaining({ __typename: 'User', id: 'ana', name: 'Ana' }),
      object: expect.objectContaining({ __typename: 'Object', id: 's1', properties: { name: 'S' } }),
      properties: { role: 'guest' },
      inserted_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
    });
    expect(await api.client.users.get('new')).toMatchObject({ name: 'New' });
    expect(await list('s1', { page_size: 1 })).toHaveLength(3);
    const ofUser = await all(api.client.users.listSubscriptions('ana'));
    expect(ofUser.map(({ object }) => object.id)).toEqual(['s1']);
  });

  test('that exist are changed: properties replace, left out they stay, and so does the beginning', async () => {
    const [made] = await add('s2', ['ana'], { a: 1, b: 1 });
    const [kept] = await add('s2', ['ana']);
    expect(kept).toMatchObject({ properties: { a: 1, b: 1 }, inserted_at: made?.inserted_at });
    const [replaced] = await add('s2', [{ id: 'ana' }, 'ana'], { c: 1 });
    expect(replaced?.properties).toEqual({ c: 1 });
    expect(await list('s2')).toHaveLength(1);
  });

  test('an object that was not set is made', async () => {
    await add('made', ['ana']);
    expect(await api.client.objects.get('projects', 'made')).toMatchObject({ properties: {} });
  });

  test('an id that is no user is 422, names it, and subscribes no one', async () => {
    const answer = await api.call('POST', '/v1/objects/projects/s3/subscriptions', {
      body: { recipients: ['ana', 'nobody', { id: 'other' }] },
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'recipients.1', message: expect.stringContaining('there is no user nobody') }] },
    });
    expect((await api.deps.subscriptions.subscribersOf(object('s3'), { limit: 9 })).entries).toEqual([]);
    expect(await thrownBy(api.client.users.get('other'))).toBeInstanceOf(Knock.NotFoundError);
  });

  test.each([
    ['none', { recipients: [] }, 'recipients'],
    ['101', { recipients: Array.from({ length: 101 }, (_, i) => ({ id: `u${i}` })) }, 'recipients'],
    ['no list', { recipients: 'ana' }, 'recipients'],
    ['a number', { recipients: [5] }, 'recipients.0'],
    ['an id with a slash', { recipients: ['ana', 'a/b'] }, 'recipients.1'],
    ['properties that are a list', { recipients: ['ana'], properties: [] }, 'properties'],
    ['nothing', {}, 'recipients'],
  ])('%s instead of recipients is 422', async (_name, body, field) => {
    const answer = await api.call('POST', '/v1/objects/projects/s4/subscriptions', { body });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field }] } });
  });

  test('are ended, and those that were there are returned', async () => {
    await add('s5', ['ana', 'bo'], { role: 'x' });
    const remove = (recipients: Knock.Recipients.RecipientReference[]) =>
      api.client.objects.deleteSubscriptions('projects', 's5', { recipients });
    const removed = await remove(['bo', 'nobody', { collection: 'teams', id: 'none' }]);
    expect(removed).toMatchObject([{ recipient: { id: 'bo', name: 'Bo' }, properties: { role: 'x' } }]);
    expect((await list('s5')).map(({ recipient }) => recipient.id)).toEqual(['ana']);
    expect(await remove(['bo'])).toEqual([]);
    expect(await add('s5', ['bo'])).toHaveLength(1);
    expect(await list('s5')).toHaveLength(2);
  });

  test('what is asked now wins over an event from a clock that is ahead', async () => {
    const { subscriptions } = api.deps;
    const ahead = { sourceTimeMs: Date.now() + 60_000, nowMs: Date.now() };
    await add('s6', ['ana']);
    await subscriptions.unsubscribe(object('s6'), [user('ana')], ahead);
    expect(await add('s6', ['ana'])).toHaveLength(1);
    expect(await list('s6')).toHaveLength(1);
    await subscriptions.subscribe(object('s6'), [user('ana')], { ...ahead, sourceTimeMs: ahead.sourceTimeMs * 2 });
    expect(await api.client.objects.deleteSubscriptions('projects', 's6', { recipients: ['ana'] })).toHaveLength(1);
    expect(await list('s6')).toEqual([]);
  });

  test('are listed from both sides, all or those to given ends, with preferences on demand', async () => {
    await api.client.users.update('pref', { preferences: { default: {} } } as Knock.IdentifyUserRequest);
    await add('s7', ['ana', 'pref', { collection: 'projects', id: 'child' }]);
    await add('s8', [{ collection: 'projects', id: 'child' }]);
    const named = await list('s7', { recipients: ['pref', { collection: 'projects', id: 'child' }, 'bo'] });
    expect(named.map(({ recipient }) => recipient.id)).toEqual(['pref', 'child']);
    const ofChild = await list('child', { mode: 'recipient', page_size: 1 });
    expect(ofChild.map(({ object: followed }) => followed.id)).toEqual(['s7', 's8']);
    const one = await list('child', { mode: 'recipient', objects: [{ collection: 'projects', id: 's8' }] });
    expect(one.map(({ object: followed }) => followed.id)).toEqual(['s8']);
    const [shown] = await list('s7', { recipients: ['pref'], include: ['preferences'] });
    expect(shown?.recipient).toMatchObject({ preferences: { default: {} } });
    expect(await api.call('GET', '/v1/objects/projects/s7/subscriptions?mode=both')).toMatchObject({ status: 422 });
    expect(await thrownBy(list('unknown'))).toBeInstanceOf(Knock.NotFoundError);
  });

  test('fill a page over those that ended', async () => {
    const recipients = Array.from({ length: 9 }, (_, i) => ({ id: `f${i}` }));
    await add('s9', recipients);
    await api.client.objects.deleteSubscriptions('projects', 's9', {
      recipients: recipients.slice(0, 7).map(({ id }) => id),
    });
    const page = await api.client.objects.listSubscriptions('projects', 's9', { page_size: 2 });
    expect(page.entries.map(({ recipient }) => recipient.id)).toEqual(['f7', 'f8']);
    expect(page.hasNextPage()).toBe(false);
  });
});
