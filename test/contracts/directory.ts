import { expect, test } from '@jest/globals';
import { type Entity, isTombstone, type Tombstone } from '../../shared/core/directory/entity.ts';
import { prepareWrite } from '../../shared/core/directory/entity-write.ts';
import { removeEntity } from '../../shared/core/directory/remove-entity.ts';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import type { EntityRef } from '../../shared/core/ids/entity-ref.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import type { Directory } from '../../shared/ports/directory.ts';

const nowMs = Date.parse('2026-11-21T03:00:00.123Z');

/** What every directory promises: run by the fake, the embedded emulator and, where Java is found, DynamoDB Local. */
export function directoryContract(directoryOf: () => Directory): void {
  let names = 0;
  const newUser = (): EntityRef => ({ kind: 'user', id: `user-${++names}` });
  const entity = (ref: EntityRef, change: Partial<Entity> = {}): Entity => ({
    ref,
    attributes: {},
    sourceTimeMs: nowMs,
    propertyTimesMs: {},
    insertedAtMs: nowMs,
    updatedAtMs: nowMs,
    version: 1,
    ...change,
  });

  test.each<[string, EntityRef, JsonObject]>([
    [
      'a user',
      { kind: 'user', id: 'a user@example.com' },
      {
        name: 'Lena',
        email: null,
        preferences: { default: {} },
        channel_data: { apns: { tokens: ['a'] } },
        plan: 'team',
        tags: [1, 'b', null, true],
        score: 1.25,
      },
    ],
    [
      'an object',
      { kind: 'object', collection: 'projects', id: 'p 1' },
      { name: 'Apollo', email: 'custom here', list: 'custom', version: 'custom', pk: 'custom' },
    ],
    [
      'a tenant',
      { kind: 'object', collection: '$tenants', id: 't1' },
      { name: 'Orchard', settings: { branding: { primary_color: '#000000' } }, locale: 'custom here' },
    ],
    [
      'a user with names that objects inherit',
      { kind: 'user', id: 'odd' },
      { constructor: 1, toString: { hasOwnProperty: 2 }, 'with.dot': 3, 'with space': 4 },
    ],
    ['an entity with nothing in it', { kind: 'user', id: 'empty' }, {}],
  ])('%s is read as it was written', async (_name, ref, attributes) => {
    const directory = directoryOf();
    const written = entity(ref, { attributes, propertyTimesMs: { name: nowMs - 1 }, insertedAtMs: nowMs - 5 });
    expect(await directory.writeIfUnchanged(written, 0)).toBe(true);
    expect(await directory.readEach([ref])).toEqual([written]);
  });

  test('users and objects of one id are different entities', async () => {
    const directory = directoryOf();
    const user = newUser();
    await directory.writeIfUnchanged(entity(user), 0);
    expect(await directory.readEach([{ kind: 'object', collection: 'users', id: user.id }, user])).toEqual([
      undefined,
      entity(user),
    ]);
  });

  test('many are read in the order asked for, twice if asked twice, with gaps for who is not there', async () => {
    const directory = directoryOf();
    const refs = Array.from({ length: 120 }, newUser);
    await Promise.all(refs.filter((_, i) => i % 2 === 0).map((ref) => directory.writeIfUnchanged(entity(ref), 0)));
    const asked = [...refs, refs[0] as EntityRef];
    const found = await directory.readEach(asked);
    expect(found.map((one) => one?.ref.id)).toEqual(asked.map((ref, i) => (i % 2 === 0 ? ref.id : undefined)));
    expect(await directory.readEach([])).toEqual([]);
  });

  test('reads at the same moment each get their own answers', async () => {
    const directory = directoryOf();
    const [a, b] = [newUser(), newUser()];
    await directory.writeIfUnchanged(entity(a), 0);
    await directory.writeIfUnchanged(entity(b), 0);
    const answers = await Promise.all([
      directory.readEach([a]),
      directory.readEach([]),
      directory.readEach([b, newUser(), a]),
    ]);
    expect(answers.map((found) => found.map((one) => one?.ref.id))).toEqual([[a.id], [], [b.id, undefined, a.id]]);
  });

  test.each([
    ['made', 0, 0, true],
    ['made when it is there', 1, 0, false],
    ['changed at the version seen', 1, 1, true],
    ['changed at another version', 2, 1, false],
    ['changed when it is not there', 0, 1, false],
  ])('an entity %s: stored version %d, seen %d, written %s', async (_name, storedVersion, versionSeen, isWritten) => {
    const directory = directoryOf();
    const ref = newUser();
    for (let version = 1; version <= storedVersion; version++)
      await directory.writeIfUnchanged(entity(ref, { version }), version - 1);
    expect(await directory.writeIfUnchanged(entity(ref, { version: 9 }), versionSeen)).toBe(isWritten);
    const [after] = await directory.readEach([ref]);
    expect(after?.version).toBe(isWritten ? 9 : storedVersion || undefined);
  });

  test('twelve writers of one user at once lose no key', async () => {
    const directory = directoryOf();
    const ref = newUser();
    const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
    const upserts = keys.map((key) =>
      upsertEntities([{ ref, attributes: { [key]: 1, nested: { [key]: 1 } }, sourceTimeMs: nowMs }], directory, nowMs),
    );
    // One may give up under such a crowd; then it says so, and its event tries again.
    const settled = await Promise.allSettled(upserts);
    const done = keys.filter((_, i) => settled[i]?.status === 'fulfilled');
    const [stored] = await directory.readEach([ref]);
    const { nested, ...flat } = stored?.attributes ?? {};
    expect([Object.keys(flat).sort(), Object.keys(nested as JsonObject).sort(), stored?.version]).toEqual([
      [...done].sort(),
      [...done].sort(),
      done.length,
    ]);
    expect(done.length).toBeGreaterThanOrEqual(9);
  });

  test('a tombstone is hidden from reads of entities, and stops a write that does not expect it', async () => {
    const directory = directoryOf();
    const ref = newUser();
    const tombstone: Tombstone = {
      ref,
      deletedSourceTimeMs: nowMs - 7,
      wasThere: true,
      deletedAtMs: nowMs,
      version: 2,
    };
    await directory.writeIfUnchanged(entity(ref), 0);
    expect(await directory.writeIfUnchanged(tombstone, 5)).toBe(false);
    expect(await directory.writeIfUnchanged(tombstone, 1)).toBe(true);
    expect([await directory.readEach([ref]), await directory.readStoredEach([ref])]).toEqual([
      [undefined],
      [tombstone],
    ]);
    expect(await directory.writeIfUnchanged(entity(ref), 0)).toBe(false);
    const anew = entity(ref, { version: 3, deletedSourceTimeMs: nowMs - 7 });
    expect(await directory.writeIfUnchanged(anew, 2)).toBe(true);
    expect([await directory.readEach([ref]), await directory.readStoredEach([ref, newUser()])]).toEqual([
      [anew],
      [anew, undefined],
    ]);
  });

  test('a delete races with twelve writers: what is left was all written after it', async () => {
    const directory = directoryOf();
    const ref = newUser();
    await upsertEntities([{ ref, attributes: { before: 1 }, sourceTimeMs: nowMs - 9 }], directory, nowMs);
    const write = (i: number) =>
      upsertEntities(
        [{ ref, attributes: { [`k${i}`]: 1 }, sourceTimeMs: nowMs + (i % 2 === 0 ? -5 : 5) }],
        directory,
        nowMs,
      );
    await Promise.allSettled([
      ...Array.from({ length: 6 }, (_, i) => write(i)),
      removeEntity(ref, nowMs, directory, nowMs),
      ...Array.from({ length: 6 }, (_, i) => write(i + 6)),
    ]);
    // Whoever gave up under such a crowd comes again.
    await removeEntity(ref, nowMs, directory, nowMs);
    for (let i = 0; i < 12; i++) await write(i);
    const [stored] = await directory.readStoredEach([ref]);
    if (stored === undefined || isTombstone(stored)) throw new Error('the user is gone');
    expect(Object.keys(stored.attributes).sort()).toEqual(['k1', 'k11', 'k3', 'k5', 'k7', 'k9']);
  });

  test('whatever a write may hold, the table takes: depth, odd numbers, odd text', async () => {
    const directory = directoryOf();
    const ref = newUser();
    let deep: JsonObject = { end: 1e300 };
    for (let level = 2; level <= 30; level++) deep = { a: deep };
    const given = {
      deep,
      ['x'.repeat(300)]: '\u0000\ufffe',
      half: 'a\ud800',
      ü: -0,
      tiny: 1e-200,
      empty: '',
      lists: [[], {}, [[]]],
      constructor: { name: 'Set' },
      toString: 'x',
    };
    const prepared = prepareWrite(ref, given, {}, nowMs);
    await upsertEntities([prepared.write], directory, nowMs);
    // What comes back is what was meant: the same write again changes nothing.
    expect(await upsertEntities([prepared.write], directory, nowMs)).toMatchObject([{ kind: 'upserted', changed: [] }]);
  });
}
