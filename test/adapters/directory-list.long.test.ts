import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeDirectoryList } from '../../shared/adapters/dynamodb-directory-list.ts';
import { removeEntity } from '../../shared/core/directory/remove-entity.ts';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import type { EntityRef } from '../../shared/core/ids/entity-ref.ts';
import type { DirectoryList, Listing } from '../../shared/ports/directory.ts';
import { everyPage, everyPageBack } from '../contracts/subscriptions.ts';
import { object, user } from '../support/directory-world.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';

let tables: TestTables;
let list: DirectoryList;
const users = ['a', 'b 1', '\u{1f600}', '\uffee', ...Array.from({ length: 12 }, (_, i) => `u${i}`)];
const objects = [object('c', 'x'), object('c', 'y'), object('cc', 'x'), object('$tenants', 't1')];

beforeAll(async () => {
  tables = await startTables();
  list = makeDirectoryList(tables.client, tables.names.Directory);
  const directory = makeDirectory(tables.client, tables.names.Directory);
  const refs: EntityRef[] = [...users.map(user), user('gone'), ...objects];
  await upsertEntities(
    refs.map((ref) => ({ ref, attributes: {}, sourceTimeMs: 1 })),
    directory,
    1,
  );
  await removeEntity(user('gone'), 2, directory, 2);
  await makeAudiences(tables.client, tables.names.Directory).ensure('beta', true, 1);
});
afterAll(() => tables.stop());

const all = (listing: Listing, limit: number) => everyPage((page) => list.page(listing, page), limit);

test.each([1, 7, 100])(
  'every user is listed once, in order, whoever was deleted is not: pages of %d',
  async (limit) => {
    const sorted = users.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await all({ kind: 'user' }, limit)).toEqual(sorted);
    const back = await everyPageBack((page) => list.page({ kind: 'user' }, page), limit, '\u{10ffff}');
    expect(back).toEqual(sorted);
  },
);

test.each<[Listing, string[]]>([
  [{ kind: 'object' }, ['$tenants/t1', 'c/x', 'c/y', 'cc/x']],
  [{ kind: 'object', collection: 'c' }, ['c/x', 'c/y']],
  [{ kind: 'object', collection: '$tenants' }, ['$tenants/t1']],
  [{ kind: 'object', collection: 'nowhere' }, []],
  [{ kind: 'audience' }, ['beta']],
])('%j lists %j', async (listing, names) => {
  expect(await all(listing, 3)).toEqual(names);
});
