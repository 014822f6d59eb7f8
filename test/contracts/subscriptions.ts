import { expect, test } from '@jest/globals';
import type { EntityRef, ObjectRef } from '../../shared/core/ids/entity-ref.ts';
import type { Page, PageRequest, Subscriptions } from '../../shared/ports/subscriptions.ts';

const nowMs = Date.parse('2026-11-21T03:00:00.123Z');

export async function everyPage<Entry>(
  read: (page: PageRequest) => Promise<Page<Entry>>,
  limit: number,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let after: string | undefined;
  do {
    const page = await read({ limit, ...(after !== undefined && { after }) });
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    entries.push(...page.entries);
    after = page.next;
  } while (after !== undefined);
  return entries;
}

/** All entries in front of `before`, read from the last to the first. */
export async function everyPageBack<Entry>(
  read: (page: PageRequest) => Promise<Page<Entry>>,
  limit: number,
  before: string,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let edge: string | undefined = before; edge !== undefined; ) {
    const page: Page<Entry> = await read({ limit, before: edge });
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    entries.unshift(...page.entries);
    edge = page.next;
  }
  return entries;
}

/** What every store of subscriptions promises: run by the fake, the embedded emulator and, where Java is found, DynamoDB Local. */
export function subscriptionsContract(subscriptionsOf: () => Subscriptions): void {
  let names = 0;
  const newObject = (collection = 'projects'): ObjectRef => ({ kind: 'object', collection, id: `p ${++names}` });
  const newUser = (): EntityRef => ({ kind: 'user', id: `u@${++names}` });
  const at = (sourceTimeMs: number) => ({ sourceTimeMs, nowMs });

  test('a subscription is found from both sides, with what was said of it', async () => {
    const subscriptions = subscriptionsOf();
    const [object, user, follower] = [newObject(), newUser(), newObject('$tenants')];
    const properties = { role: 'owner', constructor: { name: 'Set' }, nested: { list: [1, null, 'x'] } };
    expect(await subscriptions.subscribe(object, [user, follower], { properties, ...at(5) })).toEqual([
      'created',
      'created',
    ]);
    const common = { object, properties, sourceTimeMs: 5, insertedAtMs: nowMs, updatedAtMs: nowMs };
    const found = await subscriptions.subscribersOf(object, { limit: 10 });
    expect(found.entries).toHaveLength(2);
    expect(found.entries).toEqual(
      expect.arrayContaining([user, follower].map((recipient) => ({ ...common, recipient }))),
    );
    for (const recipient of [user, follower]) {
      expect((await subscriptions.subscriptionsOf(recipient, { limit: 10 })).entries).toEqual([
        { ...common, recipient },
      ]);
    }
  });

  test('an object without subscribers has an empty page', async () => {
    const subscriptions = subscriptionsOf();
    expect(await subscriptions.subscribersOf(newObject(), { limit: 10 })).toEqual({ entries: [] });
    expect(await subscriptions.subscriptionsOf(newUser(), { limit: 10 })).toEqual({ entries: [] });
  });

  test('properties that are given replace, those that are not are kept, and so is when it began', async () => {
    const subscriptions = subscriptionsOf();
    const [object, user] = [newObject(), newUser()];
    await subscriptions.subscribe(object, [user], { properties: { a: 1, b: 1 }, ...at(5) });
    expect(await subscriptions.subscribe(object, [user], { sourceTimeMs: 6, nowMs: nowMs + 1 })).toEqual(['updated']);
    const [kept] = (await subscriptions.subscribersOf(object, { limit: 1 })).entries;
    expect(kept).toMatchObject({
      properties: { a: 1, b: 1 },
      sourceTimeMs: 6,
      insertedAtMs: nowMs,
      updatedAtMs: nowMs + 1,
    });
    await subscriptions.subscribe(object, [user], { properties: { c: 1 }, ...at(7) });
    const [replaced] = (await subscriptions.subscriptionsOf(user, { limit: 1 })).entries;
    expect(replaced?.properties).toEqual({ c: 1 });
  });

  test('the same wish of the same event again changes nothing', async () => {
    const subscriptions = subscriptionsOf();
    const [object, user] = [newObject(), newUser()];
    await subscriptions.subscribe(object, [user], { properties: { a: 1 }, ...at(5) });
    expect(
      await subscriptions.subscribe(object, [user, user], { properties: { a: 1 }, sourceTimeMs: 5, nowMs: nowMs + 9 }),
    ).toEqual(['unchanged', 'unchanged']);
    expect((await subscriptions.subscribersOf(object, { limit: 9 })).entries).toMatchObject([{ updatedAtMs: nowMs }]);
  });

  test('taking back removes it from both sides; what was not there is absent', async () => {
    const subscriptions = subscriptionsOf();
    const [object, user, stranger] = [newObject(), newUser(), newUser()];
    await subscriptions.subscribe(object, [user], at(5));
    expect(await subscriptions.unsubscribe(object, [user, stranger], at(6))).toEqual(['removed', 'absent']);
    expect(await subscriptions.unsubscribe(object, [user], at(6))).toEqual(['absent']);
    expect((await subscriptions.subscribersOf(object, { limit: 9 })).entries).toEqual([]);
    expect((await subscriptions.subscriptionsOf(user, { limit: 9 })).entries).toEqual([]);
  });

  test.each([
    ['subscribe 1, unsubscribe 2', [1, -2]],
    ['unsubscribe 2, subscribe 1', [-2, 1]],
    ['subscribe and unsubscribe at one moment', [2, -2]],
    ['unsubscribe and subscribe at one moment', [-2, 2]],
    ['subscribe 1, unsubscribe 3, subscribe 2', [1, -3, 2]],
    ['unsubscribe 1, unsubscribe 3, subscribe 2', [-1, -3, 2]],
  ])('the last word counts, whatever arrives first: %s ends unsubscribed', async (_name, times) => {
    const subscriptions = subscriptionsOf();
    const [object, user] = [newObject(), newUser()];
    for (const time of times) {
      if (time > 0) await subscriptions.subscribe(object, [user], at(time));
      else await subscriptions.unsubscribe(object, [user], at(-time));
    }
    expect((await subscriptions.subscribersOf(object, { limit: 9 })).entries).toEqual([]);
    expect((await subscriptions.subscriptionsOf(user, { limit: 9 })).entries).toEqual([]);
  });

  test.each([
    ['unsubscribe 1, subscribe 2', [-1, 2]],
    ['subscribe 2, unsubscribe 1', [2, -1]],
    ['subscribe 1, subscribe 3, unsubscribe 2', [1, 3, -2]],
    ['subscribe 3, unsubscribe 2, subscribe 1', [3, -2, 1]],
    ['unsubscribe 2, subscribe 1, subscribe 3', [-2, 1, 3]],
  ])('and: %s ends subscribed, from both sides', async (_name, times) => {
    const subscriptions = subscriptionsOf();
    const [object, user] = [newObject(), newUser()];
    for (const time of times) {
      if (time > 0) await subscriptions.subscribe(object, [user], at(time));
      else await subscriptions.unsubscribe(object, [user], at(-time));
    }
    expect((await subscriptions.subscribersOf(object, { limit: 9 })).entries).toHaveLength(1);
    expect((await subscriptions.subscriptionsOf(user, { limit: 9 })).entries).toHaveLength(1);
  });

  test('pages come in a stable order, each subscriber once, and pass over who left', async () => {
    const subscriptions = subscriptionsOf();
    const object = newObject();
    const users = Array.from({ length: 57 }, newUser);
    await subscriptions.subscribe(object, users, at(5));
    await subscriptions.unsubscribe(object, users.slice(0, 20), at(6));
    const found = await everyPage((page) => subscriptions.subscribersOf(object, page), 10);
    expect(found.map(({ recipient }) => recipient.id).sort()).toEqual(
      users
        .slice(20)
        .map(({ id }) => id)
        .sort(),
    );
    expect(await everyPage((page) => subscriptions.subscribersOf(object, page), 7)).toEqual(found);
    expect(await everyPageBack((page) => subscriptions.subscribersOf(object, page), 7, '~')).toEqual(found);
  });

  test('a page begins behind a name, or ends in front of one, whether or not it is there', async () => {
    const subscriptions = subscriptionsOf();
    const object = newObject();
    const users = ['b', 'd', 'f'].map((id): EntityRef => ({ kind: 'user', id }));
    await subscriptions.subscribe(object, users, at(5));
    const ids = async (page: PageRequest) =>
      (await subscriptions.subscribersOf(object, page)).entries.map(({ recipient }) => recipient.id);
    expect(await ids({ limit: 2, after: 'b' })).toEqual(['d', 'f']);
    expect(await ids({ limit: 2, after: 'c' })).toEqual(['d', 'f']);
    expect(await ids({ limit: 1, before: 'f' })).toEqual(['d']);
    expect(await ids({ limit: 9, before: 'e' })).toEqual(['b', 'd']);
    expect(await ids({ limit: 9, after: 'f' })).toEqual([]);
    const user = newUser();
    const others = ['a', 'b', 'c'].map((id): ObjectRef => ({ kind: 'object', collection: 'names', id }));
    for (const other of others) await subscriptions.subscribe(other, [user], at(5));
    const page = await subscriptions.subscriptionsOf(user, { limit: 9, before: 'names/c' });
    expect(page.entries.map((entry) => entry.object.id)).toEqual(['a', 'b']);
  });

  test('they are read by name, in order, removed ones too', async () => {
    const subscriptions = subscriptionsOf();
    const object = newObject();
    const [there, gone, never] = [newUser(), newUser(), newUser()];
    await subscriptions.subscribe(object, [there, gone], { properties: { a: 1 }, ...at(5) });
    await subscriptions.unsubscribe(object, [gone], at(6));
    expect(await subscriptions.readEach(object, [never, there, gone])).toEqual([
      undefined,
      {
        ...{ object, recipient: there, isRemoved: false, properties: { a: 1 }, sourceTimeMs: 5 },
        ...{ insertedAtMs: nowMs, updatedAtMs: nowMs },
      },
      expect.objectContaining({ object, recipient: gone, isRemoved: true, sourceTimeMs: 6 }),
    ]);
  });

  test('a wish that keeps existing subscriptions makes missing and removed ones only', async () => {
    const subscriptions = subscriptionsOf();
    const object = newObject();
    const [there, gone, never] = [newUser(), newUser(), newUser()];
    await subscriptions.subscribe(object, [there, gone], { properties: { a: 1 }, ...at(5) });
    await subscriptions.unsubscribe(object, [gone], at(6));
    const wish = { properties: { b: 1 }, keepsExisting: true, ...at(7) };
    expect(await subscriptions.subscribe(object, [there, gone, never], wish)).toEqual([
      'unchanged',
      'created',
      'created',
    ]);
    const properties = async () =>
      (await subscriptions.readEach(object, [there, gone, never])).map((one) => one?.properties);
    expect(await properties()).toEqual([{ a: 1 }, { b: 1 }, { b: 1 }]);
    // By the same event again, too.
    expect(await subscriptions.subscribe(object, [gone], wish)).toEqual(['unchanged']);
  });

  test('an object whose id begins like another has its own subscribers', async () => {
    const subscriptions = subscriptionsOf();
    const user = newUser();
    await subscriptions.subscribe({ kind: 'object', collection: 'c', id: 'x' }, [user], at(5));
    expect(
      (await subscriptions.subscribersOf({ kind: 'object', collection: 'c', id: 'x1' }, { limit: 9 })).entries,
    ).toEqual([]);
  });

  test('forgetting what hung on an object leaves nothing on either side, but what came later', async () => {
    const subscriptions = subscriptionsOf();
    const [object, other] = [newObject(), newObject()];
    const users = Array.from({ length: 25 }, newUser);
    const late = newUser();
    await subscriptions.subscribe(object, users, at(5));
    await subscriptions.subscribe(other, users.slice(0, 1), at(5));
    await subscriptions.subscribe(object, [late], at(8));
    let erased = 0;
    let after: string | undefined;
    do {
      const page = await subscriptions.eraseSubscribersOf(object, 7, { limit: 10, ...(after && { after }) });
      erased += page.erased;
      after = page.next;
    } while (after !== undefined);
    expect(erased).toBe(25);
    expect(
      (await subscriptions.subscribersOf(object, { limit: 99 })).entries.map(({ recipient }) => recipient),
    ).toEqual([late]);
    const left = await Promise.all(users.map((user) => subscriptions.subscriptionsOf(user, { limit: 9 })));
    expect(left.flatMap(({ entries }) => entries.map(({ object }) => object))).toEqual([other]);
  });

  test('forgetting what a recipient was subscribed to, likewise', async () => {
    const subscriptions = subscriptionsOf();
    const user = newUser();
    const objects = Array.from({ length: 12 }, () => newObject());
    for (const object of objects) await subscriptions.subscribe(object, [user], at(5));
    const later = newObject();
    await subscriptions.subscribe(later, [user], at(9));
    for (let i = 0; i < 4; i++) await subscriptions.eraseSubscriptionsOf(user, 7, { limit: 100 });
    expect((await subscriptions.subscriptionsOf(user, { limit: 99 })).entries.map(({ object }) => object)).toEqual([
      later,
    ]);
    const left = await Promise.all(objects.map((object) => subscriptions.subscribersOf(object, { limit: 9 })));
    expect(left.flatMap(({ entries }) => entries)).toEqual([]);
  });

  test('twelve events at once about one subscription: the latest stands, on both sides', async () => {
    const subscriptions = subscriptionsOf();
    const [object, user] = [newObject(), newUser()];
    const wishes = Array.from({ length: 12 }, (_, i) => async () => {
      if (i % 2 === 0) await subscriptions.unsubscribe(object, [user], at(i));
      else await subscriptions.subscribe(object, [user], { properties: { i }, ...at(i) });
    });
    await Promise.allSettled(wishes.map((wish) => wish()));
    // Whoever gave up under such a crowd comes again.
    for (const wish of wishes) await wish();
    expect((await subscriptions.subscribersOf(object, { limit: 9 })).entries).toMatchObject([
      { properties: { i: 11 } },
    ]);
    expect((await subscriptions.subscriptionsOf(user, { limit: 9 })).entries).toHaveLength(1);
  });
}
