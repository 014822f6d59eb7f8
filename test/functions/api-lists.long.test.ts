import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Knock from '@knocklabs/node';
import { startApi, type TestApi } from './api-for-tests.ts';

/* Lists: pages in both directions, as the official client walks them. */

let api: TestApi;
const userIds = ['a b', 'a+b', 'ana', 'bo', 'cy', 'dee', 'ü', '\uffee', '\u{1f600}'];
beforeAll(async () => {
  api = await startApi();
  for (const id of userIds) await api.client.users.update(id, { name: id, preferences: { default: {} } });
});
afterAll(() => api.stop());

async function all<Entry>(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

type List = {
  entries: { id: string }[];
  page_info: { after: string | null; before: string | null; page_size: number };
};
const page = async (path: string) => (await api.call('GET', path)).body as List;

describe('a list of users', () => {
  test.each([1, 2, 5, 50])("the client's iterator gets each once, in order, in pages of %i", async (page_size) => {
    expect((await all(api.client.users.list({ page_size }))).map(({ id }) => id)).toEqual(userIds);
  });

  test('has the published form; 50 is the size of a page, and the only page has no cursors', async () => {
    const { entries, page_info } = await page('/v1/users');
    expect(entries[0]).toMatchObject({ __typename: 'User', id: 'a b', name: 'a b' });
    expect(entries[0]).not.toHaveProperty('preferences');
    expect(page_info).toEqual({ __typename: 'PageInfo', after: null, before: null, page_size: 50 });
  });

  test('leads forward to the last page and back to the first', async () => {
    const pages = [await page('/v1/users?page_size=4')];
    for (let next = pages[0]?.page_info.after; next; next = pages.at(-1)?.page_info.after)
      pages.push(await page(`/v1/users?page_size=4&after=${next}`));
    expect(pages.map(({ entries }) => entries.length)).toEqual([4, 4, 1]);
    expect(pages[0]?.page_info.before).toBeNull();
    expect(pages[2]?.page_info.after).toBeNull();

    const middle = await page(`/v1/users?page_size=4&before=${pages[2]?.page_info.before}`);
    expect(middle.entries).toEqual(pages[1]?.entries);
    expect(middle.page_info).toEqual(pages[1]?.page_info);
    const first = await page(`/v1/users?page_size=4&before=${middle.page_info.before}`);
    expect(first).toEqual(pages[0]);
  });

  test('a page that ends exactly at the last entry has no next one', async () => {
    expect((await page(`/v1/users?page_size=${userIds.length}`)).page_info.after).toBeNull();
  });

  test('preferences are shown when they are asked for', async () => {
    const [first] = (await api.client.users.list({ include: ['preferences'], page_size: 1 })).entries;
    expect(first).toMatchObject({ id: 'a b', preferences: { default: {} } });
  });

  test.each([
    ['page_size=0', 'page_size', 'must be at least 1'],
    ['page_size=51', 'page_size', 'must be at most 50'],
    ['page_size=ten', 'page_size', 'must be a number'],
    ['page_size=1.5', 'page_size', 'must be a whole number'],
    ['after=u1', 'after', 'is not a cursor'],
    ['before=', 'before', 'is not a cursor'],
    ['include[]=messages', 'include.0', 'must be "preferences"'],
  ])('?%s is 422', async (query, field, words) => {
    const { status, body } = await api.call('GET', `/v1/users?${query}`);
    expect(status).toBe(422);
    expect((body as { errors: unknown[] }).errors).toEqual([
      { field, message: expect.stringContaining(words), type: null },
    ]);
  });

  test('a cursor of one list is 422 in every other, of another owner too', async () => {
    await api.client.objects.addSubscriptions('parks', 'p1', { recipients: ['ana', 'bo'] });
    await api.client.objects.addSubscriptions('parks', 'p2', { recipients: ['ana', 'bo'] });
    for (const [collection, id] of [
      ['parks', 'p1'],
      ['parks', 'p2'],
      ['teams', 't1'],
      ['$tenants', 'acme'],
      ['$tenants', 'borg'],
    ] as const)
      await api.client.objects.set(collection, id, {});
    await api.client.objects.set('teams', 't2', {});
    const members = { members: [{ user: { id: 'ana' } }, { user: { id: 'bo' } }], create_audience: true };
    await api.client.audiences.addMembers('vips', members);
    const lists = [
      '/v1/users',
      '/v1/tenants',
      '/v1/objects/parks',
      '/v1/objects/teams',
      '/v1/users/ana/subscriptions',
      '/v1/users/bo/subscriptions',
      '/v1/objects/parks/p1/subscriptions',
      '/v1/objects/parks/p2/subscriptions',
      '/v1/audiences/vips/members',
    ];
    for (const list of lists) {
      const { after } = (await page(`${list}?page_size=1`)).page_info;
      for (const other of lists) {
        const { status, body } = await api.call('GET', `${other}?page_size=1&after=${after}`);
        expect({ list, other, status }).toEqual({ list, other, status: other === list ? 200 : 422 });
        if (other !== list)
          expect(body).toMatchObject({
            code: 'invalid_params',
            message: 'after: is not a cursor of this list; take it from page_info of another page of it',
            errors: [{ field: 'after' }],
          });
      }
    }
    for (const other of ['recipient=ana', 'recipient=bo', '']) {
      const { after } = (await page('/v1/users?page_size=1')).page_info;
      const answer = await api.call('GET', `/v1/workflow_recipient_runs?${other}&after=${after}`);
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'after' }] } });
    }
  });

  // The client takes an empty page for the end, so a page must not be empty because of the deleted.
  test('users that were deleted since the index was read are passed over, not shown as an empty page', async () => {
    const { list } = api.deps;
    const gone = Array.from({ length: 120 }, (_, i) => `A${String(i).padStart(3, '0')}`);
    const names = [...gone, ...userIds];
    api.deps.list = {
      async page(_listing, { limit, after }) {
        const from = names.filter((name) => after === undefined || names.indexOf(name) > names.indexOf(after));
        const entries = from.slice(0, limit);
        return { entries, ...(from.length > limit && { next: entries.at(-1) as string }) };
      },
    };
    expect((await all(api.client.users.list({ page_size: 3 }))).map(({ id }) => id)).toEqual(userIds);
    api.deps.list = list;
  });

  test('a list that finds nothing in time is 503, not an empty page', async () => {
    const { list, nowMs } = api.deps;
    let now = Date.now();
    api.deps.nowMs = () => now;
    api.deps.list = {
      async page() {
        now += 30_000;
        return { entries: ['gone'], next: 'gone' };
      },
    };
    const error = await api.client.users.list().then(undefined, (thrown: unknown) => thrown);
    api.deps.list = list;
    api.deps.nowMs = nowMs;
    expect(error).toBeInstanceOf(Knock.InternalServerError);
  });
});
