import { DeleteCommand, type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { nextRelation, type Relation, type RelationChange, type RelationWish } from '../core/directory/relation.ts';
import { RetryableError } from '../core/errors.ts';
import { inParallel } from '../core/in-parallel.ts';
import type { JsonObject } from '../core/json/values.ts';
import type { Erased, Page, PageRequest } from '../ports/subscriptions.ts';
import { tableError, writeIf } from './dynamodb.ts';
import { expiryOfMark } from './dynamodb-directory.ts';
import { getEach, type ItemKey } from './dynamodb-get-each.ts';
import { withMaps } from './dynamodb-maps.ts';

/**
 * A relation is two items. The *row* holds everything and decides. The *inverse* makes the row
 * findable from the other side and holds only the source time. Every row has an inverse, which is
 * written before the row and deleted after it. A crash or a race can leave an inverse without a
 * row; only the row counts.
 */
export type RelationKeys = { row: ItemKey; inverse: ItemKey };

export type StoredRelation = { keys: RelationKeys; relation: Relation };

type Item = Record<string, unknown>;

const attemptsMax = 10;
const atOnce = 25;

/** @param inverseOf the keys of a relation from either of its items */
export function makeRelations(client: DynamoDBDocumentClient, table: string, keysOf: (item: ItemKey) => RelationKeys) {
  /**
   * Applies each request, answering in order. An existing row costs one write; making or removing a
   * row costs two.
   */
  async function change(all: RelationKeys[], wish: RelationWish, nowMs: number): Promise<RelationChange[]> {
    const stored = await readRows(all);
    const changes = new Map<string, RelationChange>();
    const unique = [...new Map(all.map((keys, i) => [nameOf(keys), { keys, current: stored[i] }])).values()];
    // What is new goes first: a call that was cut short gets further when it is made again.
    unique.sort((a, b) => Number(isThere(a.current)) - Number(isThere(b.current)));
    await inParallel(unique, atOnce, async ({ keys, current }) => {
      changes.set(nameOf(keys), await changeOne(keys, current, wish, nowMs));
    });
    return all.map((keys) => changes.get(nameOf(keys)) as RelationChange);
  }

  async function changeOne(
    keys: RelationKeys,
    stored: Relation | undefined,
    wish: RelationWish,
    nowMs: number,
  ): Promise<RelationChange> {
    let current = stored;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const { change, next } = nextRelation(current, wish, nowMs);
      if (next && wish.kind === 'set') await putInverse(keys.inverse, next.sourceTimeMs);
      if (next === undefined || (await putRow(keys.row, next, current?.version ?? 0))) {
        // Also when this same event removed it: the previous call may have ended between its two
        // writes.
        const isGone = change === 'removed' || (change === 'absent' && next === undefined);
        if (isGone) await deleteNotAfter(keys.inverse, wish.sourceTimeMs);
        return change;
      }
      [current] = await readRows([keys]);
    }
    throw new RetryableError(`${keys.row.pk} ${keys.row.sk} kept changing while it was written`);
  }

  async function readRows(all: RelationKeys[]): Promise<(Relation | undefined)[]> {
    const rows = all.map(({ row }) => row);
    const items = await getEach(client, rows, { table, what: 'reading subscriptions and memberships' });
    return items.map((item) => item && relationFromItem(item));
  }

  function putRow(key: ItemKey, relation: Relation, versionSeen: number): Promise<boolean> {
    return isDone(
      client.send(
        new PutCommand({
          TableName: table,
          Item: withMaps({ ...key, ...itemFromRelation(relation) }),
          ...(versionSeen === 0
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : { ConditionExpression: 'version = :seen', ExpressionAttributeValues: { ':seen': versionSeen } }),
        }),
      ),
    );
  }

  /** A refusal means that a newer inverse exists, which serves as well. */
  function putInverse(key: ItemKey, sourceTimeMs: number): Promise<boolean> {
    return isDone(
      client.send(
        new PutCommand({
          TableName: table,
          Item: { ...key, source_time: sourceTimeMs },
          ConditionExpression: 'attribute_not_exists(pk) OR source_time < :time',
          ExpressionAttributeValues: { ':time': sourceTimeMs },
        }),
      ),
    );
  }

  /** @returns false when something newer exists, which stays */
  function deleteNotAfter(key: ItemKey, notAfterMs: number): Promise<boolean> {
    return isDone(
      client.send(
        new DeleteCommand({
          TableName: table,
          Key: key,
          ConditionExpression: 'attribute_not_exists(pk) OR source_time <= :time',
          ExpressionAttributeValues: { ':time': notAfterMs },
        }),
      ),
    );
  }

  async function query(
    pk: string,
    prefix: string,
    { limit, after, before }: PageRequest,
  ): Promise<Page<Item & ItemKey>> {
    const edge = before ?? after;
    const answer = await client
      .send(
        new QueryCommand({
          TableName: table,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
          Limit: limit,
          ScanIndexForward: before === undefined,
          ...(edge !== undefined && { ExclusiveStartKey: { pk, sk: edge } }),
        }),
      )
      .catch((error) => {
        throw tableError(error, 'listing subscriptions and memberships');
      });
    const next = answer.LastEvaluatedKey?.sk as string | undefined;
    const found = (answer.Items ?? []) as (Item & ItemKey)[];
    return { entries: before === undefined ? found : found.reverse(), ...(next !== undefined && { next }) };
  }

  /** Rows of a partition, without removed ones. */
  async function page(pk: string, prefix: string, request: PageRequest): Promise<Page<StoredRelation>> {
    const { entries, ...rest } = await query(pk, prefix, request);
    const stored = entries.map((item) => ({ keys: keysOf(item), relation: relationFromItem(item) }));
    return { entries: stored.filter(({ relation }) => !relation.isRemoved), ...rest };
  }

  /** Rows that the inverses of a partition lead to. */
  async function inversePage(pk: string, prefix: string, request: PageRequest): Promise<Page<StoredRelation>> {
    const { entries, ...rest } = await query(pk, prefix, request);
    const all = entries.map(keysOf);
    const rows = await readRows(all);
    const stored = all.flatMap((keys, i) => {
      const relation = rows[i];
      return relation && !relation.isRemoved ? [{ keys, relation }] : [];
    });
    return { entries: stored, ...rest };
  }

  /**
   * Deletes both items of a page of relations, except newer ones. The item that a relation is found
   * by goes last, so that the next call finds it again if this one dies.
   */
  async function erase(
    found: 'row' | 'inverse',
    { pk, prefix }: { pk: string; prefix: string },
    notAfterMs: number,
    request: PageRequest,
  ): Promise<Erased> {
    const { entries, ...rest } = await query(pk, prefix, request);
    let erased = 0;
    await inParallel(entries, atOnce, async (item) => {
      if (Number(item.source_time) > notAfterMs) return;
      const keys = keysOf(item);
      const [first, last] = found === 'row' ? [keys.inverse, keys.row] : [keys.row, keys.inverse];
      const isOlder = await deleteNotAfter(first, notAfterMs);
      // A newer row keeps its inverse; a newer inverse is about to get its row.
      if (isOlder || found === 'row') await deleteNotAfter(last, notAfterMs);
      if (isOlder && item.removed !== true) erased++;
    });
    return { erased, ...rest };
  }

  return { readRows, change, page, inversePage, erase };
}

function nameOf({ row }: RelationKeys): string {
  return `${row.pk}\n${row.sk}`;
}

function isThere(relation: Relation | undefined): boolean {
  return relation !== undefined && !relation.isRemoved;
}

function isDone(write: Promise<unknown>): Promise<boolean> {
  return writeIf(write, 'writing a subscription or membership');
}

function itemFromRelation(relation: Relation): Item {
  return {
    source_time: relation.sourceTimeMs,
    ...(relation.isRemoved
      ? { removed: true, expires_at: expiryOfMark(relation.updatedAtMs) }
      : { properties: relation.properties }),
    ...(relation.by !== undefined && { made_by: relation.by }),
    inserted_at: new Date(relation.insertedAtMs).toISOString(),
    updated_at: new Date(relation.updatedAtMs).toISOString(),
    version: relation.version,
  };
}

function relationFromItem(item: Item): Relation {
  return {
    isRemoved: item.removed === true,
    sourceTimeMs: Number(item.source_time),
    properties: (item.properties ?? {}) as JsonObject,
    ...(item.made_by !== undefined && { by: String(item.made_by) }),
    insertedAtMs: Date.parse(String(item.inserted_at)),
    updatedAtMs: Date.parse(String(item.updated_at)),
    version: Number(item.version),
  };
}
