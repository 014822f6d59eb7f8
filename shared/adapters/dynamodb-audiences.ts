import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { memberName } from '../core/ids/member-name.ts';
import type { AudienceMember, Audiences, MemberKey, StoredMember } from '../ports/audiences.ts';
import type { Page, PageRequest } from '../ports/subscriptions.ts';
import { tableError, writeIf } from './dynamodb.ts';
import { entityPartition, listPartitionFor } from './dynamodb-directory.ts';
import type { ItemKey } from './dynamodb-get-each.ts';
import { makeRelations, type RelationKeys, type StoredRelation } from './dynamodb-relations.ts';

const member = 'member#';
const membership = 'membership#';

export function audienceItemKey(key: string): ItemKey {
  return { pk: `audience#${key}`, sk: 'audience' };
}

/**
 * An audience that an action made is one item (1 write unit and 1 for the listing index); an
 * audience of the configuration needs none. A member is an item in the audience's partition, `sk =
 * member#{user}#{tenant}`, with an inverse in the user's, `sk = membership#{audience}#{tenant}`.
 * Adding costs 2 write units, removing 2, adding again by a later event 2, by the same event none.
 */
export function makeAudiences(client: DynamoDBDocumentClient, table: string): Audiences {
  const relations = makeRelations(client, table, memberKeys);
  const all = (key: string, members: MemberKey[]) => members.map((one) => keysOf(key, one));
  return {
    async ensure(key, create, nowMs) {
      const Key = audienceItemKey(key);
      const found = await client
        .send(new GetCommand({ TableName: table, Key, ConsistentRead: true }))
        .catch(failed('reading an audience'));
      if (found.Item !== undefined || !create) return found.Item !== undefined;
      const Item = { ...Key, list: listPartitionFor('audience', key), inserted_at: new Date(nowMs).toISOString() };
      // A refusal means that another process made it meanwhile, which is as good.
      await writeIf(
        client.send(new PutCommand({ TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' })),
        'making an audience',
      );
      return true;
    },
    async readEach(key, members) {
      const keys = all(key, members);
      const rows = await relations.readRows(keys);
      return rows.map((relation, i) => relation && asStored({ keys: keys[i] as RelationKeys, relation }));
    },
    add: (key, members, { nowMs, ...wish }) =>
      relations.change(all(key, members), { kind: 'set', properties: {}, ...wish }, nowMs),
    remove: (key, members, { nowMs, ...wish }) =>
      relations.change(all(key, members), { kind: 'remove', ...wish }, nowMs),
    async membersOf(key, page) {
      return asMembers(await relations.page(audienceItemKey(key).pk, member, keyed(page, member)));
    },
    async membershipsOf(userId, page) {
      const pk = entityPartition({ kind: 'user', id: userId });
      return asMembers(await relations.inversePage(pk, membership, keyed(page, membership)));
    },
    eraseMembershipsOf(userId, notAfterMs, page) {
      const pk = entityPartition({ kind: 'user', id: userId });
      return relations.erase('inverse', { pk, prefix: membership }, notAfterMs, page);
    },
  };
}

function failed(what: string) {
  return (error: unknown): never => {
    throw tableError(error, what);
  };
}

/** Edges as sort keys: a page's `next` is one already. It has two "#", and the name behind the prefix has one. */
function keyed({ limit, after, before }: PageRequest, prefix: string): PageRequest {
  const key = (edge: string) => (edge.split('#').length === 3 ? edge : `${prefix}${edge}`);
  return {
    limit,
    ...(after !== undefined && { after: key(after) }),
    ...(before !== undefined && { before: key(before) }),
  };
}

function keysOf(audience: string, { userId, tenant }: MemberKey): RelationKeys {
  return {
    row: { pk: audienceItemKey(audience).pk, sk: `${member}${memberName({ userId, tenant })}` },
    inverse: { pk: entityPartition({ kind: 'user', id: userId }), sk: `${membership}${audience}#${tenant ?? ''}` },
  };
}

function endsOf({ pk, sk }: ItemKey): MemberKey & { audience: string } {
  const [, name = '', tenant = ''] = sk.split('#');
  const partition = pk.slice(pk.indexOf('#') + 1);
  const [audience, userId] = sk.startsWith(member) ? [partition, name] : [name, partition];
  return { audience, userId, tenant: tenant === '' ? null : tenant };
}

function memberKeys(item: ItemKey): RelationKeys {
  const { audience, ...one } = endsOf(item);
  return keysOf(audience, one);
}

function asMembers({ entries, ...rest }: Page<StoredRelation>): Page<AudienceMember & { audience: string }> {
  return {
    entries: entries.map((entry) => {
      const { isRemoved: _isRemoved, ...shown } = asStored(entry);
      return shown;
    }),
    ...rest,
  };
}

function asStored({ keys, relation }: StoredRelation): StoredMember & { audience: string } {
  const { isRemoved, sourceTimeMs, insertedAtMs } = relation;
  return { ...endsOf(keys.row), isRemoved, sourceTimeMs, addedAtMs: insertedAtMs };
}
