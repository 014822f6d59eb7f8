import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { removeEntity } from '../../shared/core/directory/remove-entity.ts';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { recipientKey } from '../../shared/core/ids/entity-ref.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import {
  findInDirectory,
  listAudiences,
  listEntities,
  listObjects,
  membershipsOf,
  membersOf,
  readAudience,
  readEntity,
  subscribersOf,
  subscriptionsOf,
} from '../../shared/operations/directory/directory.ts';
import {
  memberRow,
  membershipRow,
  objectRow,
  subscriptionRow,
  tenantRow,
} from '../../shared/operations/directory/directory-rows.ts';
import { sourceTimesOf } from '../../shared/operations/directory/source-times.ts';
import { take } from '../../shared/operations/tables/newest-first.ts';
import { liveConfiguration } from '../support/build.ts';
import { object, user } from '../support/directory-world.ts';
import { startEnvironment, type TestEnvironment } from './environment-for-tests.ts';

let environment: TestEnvironment;
const wish = { sourceTimeMs: 1, nowMs: 1 };
const live = liveConfiguration();
live.snapshot.audiences = { vips: { name: 'VIPs' }, toString: { name: 'Odd' } };

beforeAll(async () => {
  environment = await startEnvironment();
  const { documents, outputs, directory } = environment;
  const entities = [
    user('ada'),
    user('bob'),
    user('gone'),
    object('projects', 'p1'),
    object('projects', 'dead'),
    object('$tenants', 'acme'),
  ];
  await upsertEntities(
    entities.map((ref) => ({
      ref,
      attributes: { name: ref.id, settings: { branding: { logo_url: 'l' } }, timezone: 'UTC', plan: 'pro' },
      sourceTimeMs: 1,
    })),
    directory,
    1,
  );
  const subscriptions = makeSubscriptions(documents, outputs.DirectoryTable);
  await subscriptions.subscribe(object('projects', 'p1'), [user('ada'), user('bob'), object('projects', 'p2')], {
    ...wish,
    properties: { role: 'owner' },
  });
  await subscriptions.unsubscribe(object('projects', 'p1'), [user('bob')], { sourceTimeMs: 2, nowMs: 2 });
  const audiences = makeAudiences(documents, outputs.DirectoryTable);
  await audiences.ensure('beta', true, 1);
  await audiences.add(
    'beta',
    [
      { userId: 'ada', tenant: 'acme' },
      { userId: 'ada', tenant: null },
      { userId: 'ghost', tenant: null },
      { userId: 'bob', tenant: null },
    ],
    { ...wish, by: 'x' },
  );
  await audiences.remove('beta', [{ userId: 'bob', tenant: null }], { sourceTimeMs: 2, nowMs: 2 });
  await removeEntity(user('gone'), 2, directory, 2);
  await removeEntity(object('projects', 'dead'), 2, directory, 2);
});
afterAll(() => environment.stop());

async function all<Row>(stream: AsyncIterable<Row>): Promise<Row[]> {
  return take(stream, 1000);
}

describe('the directory as an operator reads it', () => {
  test('lists users and objects of one collection, none that was deleted', async () => {
    const names = async (listing: Parameters<typeof listEntities>[1]) =>
      (await all(listEntities(environment, listing))).map(({ ref }) => recipientKey(ref));
    expect(await names({ kind: 'user' })).toEqual(['ada', 'bob']);
    expect(await names({ kind: 'object', collection: 'projects' })).toEqual(['projects/p1']);
    expect(await names({ kind: 'object', collection: '$tenants' })).toEqual(['$tenants/acme']);
    expect(await names({ kind: 'object', collection: 'project' })).toEqual([]);
  });

  test('lists objects of all collections, and leaves tenants to their own list, from any place on', async () => {
    const { directory } = environment;
    const others = [object('!first', 'a'), object('zoo', 'z')];
    await upsertEntities(
      others.map((ref) => ({ ref, attributes: { name: ref.id }, sourceTimeMs: 1 })),
      directory,
      1,
    );
    const names = async (after?: string) =>
      (await all(listObjects(environment, { after }))).map(({ ref }) => recipientKey(ref));
    expect(await names()).toEqual(['!first/a', 'projects/p1', 'zoo/z']);
    expect(await names('!first/a')).toEqual(['projects/p1', 'zoo/z']);
    expect(await names('projects/p1')).toEqual(['zoo/z']);
    for (const ref of others) await removeEntity(ref, 2, directory, 2);
    expect(await names()).toEqual(['projects/p1']);
  });

  test('finds by an id what is called so, of whatever kind, and reads keys alone', async () => {
    const sent = jest.spyOn(environment.documents, 'send');
    const found = async (text: string) => findInDirectory(environment, live, text);
    expect(await found('ada')).toEqual([{ kind: 'user', id: 'ada' }]);
    expect(await found('acme')).toEqual([{ kind: 'tenant', id: 'acme' }]);
    expect(await found('vips')).toEqual([{ kind: 'audience', id: 'vips' }]);
    expect(await found('beta')).toEqual([{ kind: 'audience', id: 'beta' }]);
    expect(await found('projects/p1')).toEqual([{ kind: 'object', collection: 'projects', id: 'p1' }]);
    expect(await found('$tenants/acme')).toEqual([{ kind: 'tenant', id: 'acme' }]);
    for (const nothing of ['p1', 'gone', 'projects/', '/p1', 'a/b/c', '#', '', 'x'.repeat(5_000)])
      expect(await found(nothing)).toEqual([]);
    const commands = sent.mock.calls.map(([command]) => command.constructor.name);
    sent.mockRestore();
    expect(commands.filter((name) => !/^(Batch)?Get/.test(name))).toEqual([]);
  });

  test('shows the audiences that a user is in, without those that the user left, page by page', async () => {
    const rows = async (after?: string) => (await all(membershipsOf(environment, 'ada', { after }))).map(membershipRow);
    const added_at = '1970-01-01T00:00:00.001Z';
    expect(await rows()).toEqual([
      { audience: 'beta', tenant: null, added_at },
      { audience: 'beta', tenant: 'acme', added_at },
    ]);
    expect(await rows('beta#')).toEqual([{ audience: 'beta', tenant: 'acme', added_at }]);
    expect(await all(membershipsOf(environment, 'bob'))).toEqual([]);
  });

  test('says of each value when its source wrote it, and of no device', async () => {
    const { directory } = environment;
    const ref = user('timed');
    const write = (attributes: JsonObject, sourceTimeMs: number) =>
      upsertEntities([{ ref, attributes, sourceTimeMs }], directory, 9_000);
    await write({ name: 'T', plan: 'free', channel_data: { push: { tokens: ['secret'] } } }, 1_000);
    await write({ plan: 'pro' }, 2_000);
    const stored = await readEntity(environment, ref);
    expect(stored && sourceTimesOf(stored)).toEqual({
      name: '1970-01-01T00:00:01.000Z',
      plan: '1970-01-01T00:00:02.000Z',
    });
    await removeEntity(ref, 3_000, directory, 9_000);
  });

  test.each([user('gone'), user('nobody'), object('projects', 'dead'), object('projects', 'ada')])(
    '%j is not there',
    async (ref) => {
      expect(await readEntity(environment, ref)).toBeUndefined();
    },
  );

  test('lists audiences of the configuration and of actions by key, each with what made it', async () => {
    expect((await listAudiences(environment, live)).map(({ key, name, origin }) => [key, name, origin])).toEqual([
      ['beta', null, 'action'],
      ['toString', 'Odd', 'configuration'],
      ['vips', 'VIPs', 'configuration'],
    ]);
    expect(await readAudience(environment, live, 'vips')).toEqual({
      key: 'vips',
      name: 'VIPs',
      description: null,
      origin: 'configuration',
    });
    expect(await readAudience(environment, live, 'beta')).toMatchObject({ origin: 'action' });
  });

  test('asks for an audience without making it', async () => {
    expect(await readAudience(environment, live, 'constructor')).toBeUndefined();
    expect((await listAudiences(environment, live)).map(({ key }) => key)).not.toContain('constructor');
  });

  test('shows a member once per tenant, one that is missing as such, and no removed one', async () => {
    const rows = (await all(membersOf(environment, 'beta'))).map(({ member, user }) => memberRow(member, user));
    expect(rows.map(({ user_id, tenant, user }) => [user_id, tenant, user?.name ?? null])).toEqual([
      ['ada', null, 'ada'],
      ['ada', 'acme', 'ada'],
      ['ghost', null, null],
    ]);
  });

  test('shows subscriptions from both ends, without those that were taken back', async () => {
    const subscribers = (await all(subscribersOf(environment, object('projects', 'p1')))).map(subscriptionRow);
    expect(subscribers.map(({ recipient }) => recipient).sort()).toEqual(['ada', 'projects/p2']);
    expect((await all(subscriptionsOf(environment, user('ada')))).map(subscriptionRow)).toEqual([
      {
        object: 'projects/p1',
        recipient: 'ada',
        properties: { role: 'owner' },
        inserted_at: '1970-01-01T00:00:00.001Z',
        updated_at: '1970-01-01T00:00:00.001Z',
      },
    ]);
    expect(await all(subscriptionsOf(environment, user('bob')))).toEqual([]);
  });

  test('scans nothing, and reads no further page than it needs', async () => {
    const sent = jest.spyOn(environment.documents, 'send');
    await take(listEntities(environment, { kind: 'user' }), 1);
    await listAudiences(environment, live);
    await all(membersOf(environment, 'beta'));
    const commands = sent.mock.calls.map(([command]) => command.constructor.name);
    sent.mockRestore();
    expect(commands).not.toContain('ScanCommand');
    // Eight partitions for each listing, one for the members.
    expect(commands.filter((name) => name === 'QueryCommand')).toHaveLength(17);
  });
});

describe('the contract of --json', () => {
  const entity = (ref: ReturnType<typeof user>) => ({
    ref,
    attributes: { name: 'N', timezone: 'UTC', settings: { a: 1 }, channel_data: { c: { token: 'secret' } } },
    sourceTimeMs: 0,
    propertyTimesMs: {},
    insertedAtMs: 0,
    updatedAtMs: 0,
    version: 1,
  });
  const times = { inserted_at: '1970-01-01T00:00:00.000Z', updated_at: '1970-01-01T00:00:00.000Z', version: 1 };

  test('an object row has these fields, and no tokens', () => {
    expect(objectRow(entity(object('projects', 'p1')))).toEqual({
      collection: 'projects',
      id: 'p1',
      name: 'N',
      timezone: 'UTC',
      locale: null,
      created_at: null,
      properties: { settings: { a: 1 } },
      preferences: {},
      ...times,
    });
  });

  test('a tenant row has these fields: what is a field of objects only is a property', () => {
    expect(tenantRow(entity(object('$tenants', 'acme')))).toEqual({
      id: 'acme',
      name: 'N',
      created_at: null,
      settings: { a: 1 },
      properties: { timezone: 'UTC' },
      preferences: {},
      ...times,
    });
  });
});
