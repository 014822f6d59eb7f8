import { expect, test } from '@jest/globals';
import { memberName } from '../../shared/core/ids/member-name.ts';
import type { Audiences, MemberKey } from '../../shared/ports/audiences.ts';
import type { PageRequest } from '../../shared/ports/subscriptions.ts';
import { everyPage } from './subscriptions.ts';

const nowMs = Date.parse('2026-11-21T03:00:00.123Z');

/** What every store of audiences promises: run by the fake, the embedded emulator and, where Java is found, DynamoDB Local. */
export function audiencesContract(audiencesOf: () => Audiences): void {
  let names = 0;
  const newKey = () => `beta-${++names}`;
  const member = (tenant: string | null = null): MemberKey => ({ userId: `u ${++names}`, tenant });
  const at = (sourceTimeMs: number) => ({ sourceTimeMs, nowMs });
  const by = (id: string, sourceTimeMs: number) => ({ by: id, ...at(sourceTimeMs) });

  test('an audience is there once it was made, and only then', async () => {
    const audiences = audiencesOf();
    const key = newKey();
    expect(await audiences.ensure(key, false, nowMs)).toBe(false);
    expect(await audiences.ensure(key, true, nowMs)).toBe(true);
    expect(await audiences.ensure(key, true, nowMs)).toBe(true);
    expect(await audiences.ensure(key, false, nowMs)).toBe(true);
    expect(await audiences.ensure(`${key}x`, false, nowMs)).toBe(false);
  });

  test('one user is in once per tenant and once without, and each row is found from both sides', async () => {
    const audiences = audiencesOf();
    const key = newKey();
    const alone = member();
    const rows = [alone, { ...alone, tenant: 't1' }];
    expect(await audiences.add(key, rows, by('a', 5))).toEqual(['created', 'created']);
    const stored = rows.map((row) => ({ ...row, audience: key, sourceTimeMs: 5, addedAtMs: nowMs }));
    expect((await audiences.membersOf(key, { limit: 9 })).entries).toMatchObject(stored);
    expect((await audiences.membershipsOf(alone.userId, { limit: 9 })).entries).toEqual(stored);
    expect(await audiences.remove(key, [alone], at(6))).toEqual(['removed']);
    expect((await audiences.membersOf(key, { limit: 9 })).entries).toMatchObject([{ tenant: 't1' }]);
  });

  test('who is in already stays as added, and is new only to the action that added', async () => {
    const audiences = audiencesOf();
    const [key, one] = [newKey(), member()];
    await audiences.add(key, [one], by('a', 5));
    expect(await audiences.add(key, [one], { by: 'b', sourceTimeMs: 6, nowMs: nowMs + 1 })).toEqual(['updated']);
    expect(await audiences.add(key, [one], { by: 'b', sourceTimeMs: 6, nowMs: nowMs + 2 })).toEqual(['unchanged']);
    expect(await audiences.add(key, [one], { by: 'a', sourceTimeMs: 6, nowMs: nowMs + 3 })).toEqual(['created']);
    expect((await audiences.membersOf(key, { limit: 9 })).entries).toMatchObject([{ addedAtMs: nowMs }]);
  });

  test.each([
    ['add 1, remove 2', [1, -2], 0],
    ['remove 2, add 1', [-2, 1], 0],
    ['add and remove at one moment', [2, -2], 0],
    ['remove and add at one moment', [-2, 2], 0],
    ['add 3, remove 2', [3, -2], 1],
    ['add 1, add 3, remove 2', [1, 3, -2], 1],
    ['remove 2, add 3, add 1', [-2, 3, 1], 1],
  ])('the last word counts, whatever arrives first: %s', async (_name, times, members) => {
    const audiences = audiencesOf();
    const [key, one] = [newKey(), member('t1')];
    for (const time of times) {
      if (time > 0) await audiences.add(key, [one], by(`a${time}`, time));
      else await audiences.remove(key, [one], at(-time));
    }
    expect((await audiences.membersOf(key, { limit: 9 })).entries).toHaveLength(members);
    expect((await audiences.membershipsOf(one.userId, { limit: 9 })).entries).toHaveLength(members);
  });

  test('removing who is not in, from an audience that is not there, finds nothing', async () => {
    expect(await audiencesOf().remove(newKey(), [member()], at(1))).toEqual(['absent']);
  });

  test('members come in pages, each once', async () => {
    const audiences = audiencesOf();
    const key = newKey();
    const all = Array.from({ length: 33 }, () => member());
    await audiences.add(key, all, by('a', 5));
    const found = await everyPage((page) => audiences.membersOf(key, page), 10);
    expect(found.map(({ userId }) => userId).sort()).toEqual(all.map(({ userId }) => userId).sort());
  });

  test('pages lead on from any member by its name, in both directions', async () => {
    const audiences = audiencesOf();
    const key = newKey();
    const all = ['a', 'b', 'member'].flatMap((userId) => [null, 't'].map((tenant) => ({ userId, tenant })));
    await audiences.add(key, all, by('a', 5));
    const names = async (page: PageRequest) => (await audiences.membersOf(key, page)).entries.map(memberName);
    expect(await names({ limit: 9, after: 'b#' })).toEqual(['b#t', 'member#', 'member#t']);
    expect(await names({ limit: 9, after: 'aa#' })).toEqual(['b#', 'b#t', 'member#', 'member#t']);
    expect(await names({ limit: 2, before: 'member#' })).toEqual(['b#', 'b#t']);
    expect(await names({ limit: 9, after: 'member#' })).toEqual(['member#t']);
  });

  test('each row is read as it is stored, a removed one as well', async () => {
    const audiences = audiencesOf();
    const [key, one, other] = [newKey(), member(), member('t')];
    await audiences.add(key, [one, other], by('a', 5));
    await audiences.remove(key, [other], at(6));
    expect(await audiences.readEach(key, [other, member(), one])).toMatchObject([
      { ...other, isRemoved: true, sourceTimeMs: 6 },
      undefined,
      { ...one, isRemoved: false, sourceTimeMs: 5, addedAtMs: nowMs },
    ]);
  });

  test('forgetting a user takes it out of every audience, but of those it was added to later', async () => {
    const audiences = audiencesOf();
    const [one, other] = [member(), member()];
    const keys = Array.from({ length: 4 }, newKey);
    for (const [i, key] of keys.entries()) await audiences.add(key, [one, other], by('a', i));
    expect(await audiences.eraseMembershipsOf(one.userId, 2, { limit: 100 })).toEqual({ erased: 3 });
    expect((await audiences.membershipsOf(one.userId, { limit: 9 })).entries.map(({ audience }) => audience)).toEqual([
      keys[3],
    ]);
    const left = await Promise.all(keys.map((key) => audiences.membersOf(key, { limit: 9 })));
    expect(left.map(({ entries }) => entries.length)).toEqual([1, 1, 1, 2]);
  });
}
