import { createHash } from 'node:crypto';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Entity, isTombstone, mapFieldsOf, type Tombstone, textFieldsOf } from '../core/directory/entity.ts';
import { markDays } from '../core/directory/relation.ts';
import { type EntityRef, recipientKey, refFromRecipientKey } from '../core/ids/entity-ref.ts';
import type { JsonObject, JsonValue } from '../core/json/values.ts';
import type { Directory, Listing } from '../ports/directory.ts';
import { type TableItem, writeIf } from './dynamodb.ts';
import { getEach } from './dynamodb-get-each.ts';
import { withMaps } from './dynamodb-maps.ts';

/** The number of partitions of index `list` for the entities of one kind. */
export const listBuckets = 8;

export function entityPartition(ref: EntityRef): string {
  return `${ref.kind}#${recipientKey(ref)}`;
}

export function refFromPartition(pk: string): EntityRef {
  return refFromRecipientKey(pk.slice(pk.indexOf('#') + 1));
}

/**
 * The entity itself; its subscriptions and memberships are under other sort keys of the same
 * partition.
 */
export function entityItemKey(ref: EntityRef): { pk: string; sk: string } {
  return { pk: entityPartition(ref), sk: 'profile' };
}

/**
 * Partition of index `list`. It is the same for every write of an entity, so the index is written
 * only when the entity is made.
 */
export function listPartition(ref: EntityRef): string {
  return listPartitionFor(ref.kind, recipientKey(ref));
}

type ListedKind = Listing['kind'];

export function listPartitionFor(kind: ListedKind, name: string): string {
  return listPartitionOf(kind, createHash('sha256').update(name).digest().readUInt8(0) % listBuckets);
}

export function listPartitionOf(kind: ListedKind, bucket: number): string {
  return `${kind}#${bucket}`;
}

/** A tombstone is not in index `list`. */
export function itemFromTombstone({ ref, deletedAtMs, ...tombstone }: Tombstone): TableItem {
  return {
    ...entityItemKey(ref),
    deleted_source_time: tombstone.deletedSourceTimeMs,
    was_there: tombstone.wasThere,
    ...(tombstone.mergedInto !== undefined && { merged_into: tombstone.mergedInto }),
    deleted_at: new Date(deletedAtMs).toISOString(),
    version: tombstone.version,
    expires_at: expiryOfMark(deletedAtMs),
  };
}

/** When TTL may delete the mark of a removal, in epoch seconds. */
export function expiryOfMark(nowMs: number): number {
  return Math.ceil(nowMs / 1000) + markDays * 86_400;
}

function storedFromItem(item: Record<string, unknown>): Entity | Tombstone {
  if (item.deleted_at === undefined) return entityFromItem(item);
  return {
    ref: refFromPartition(String(item.pk)),
    deletedSourceTimeMs: Number(item.deleted_source_time),
    wasThere: item.was_there === true,
    ...(item.merged_into !== undefined && { mergedInto: String(item.merged_into) }),
    deletedAtMs: Date.parse(String(item.deleted_at)),
    version: Number(item.version),
  };
}

export function itemFromEntity({ ref, attributes, ...entity }: Entity): TableItem {
  const ownNames = [...textFieldsOf(ref), ...mapFieldsOf(ref)];
  const entries = Object.entries(attributes);
  return {
    ...Object.fromEntries(entries.filter(([name]) => ownNames.includes(name))),
    properties: Object.fromEntries(entries.filter(([name]) => !ownNames.includes(name))),
    ...entityItemKey(ref),
    list: listPartition(ref),
    source_time: entity.sourceTimeMs,
    property_times: entity.propertyTimesMs,
    ...(entity.deletedSourceTimeMs !== undefined && { deleted_source_time: entity.deletedSourceTimeMs }),
    inserted_at: new Date(entity.insertedAtMs).toISOString(),
    updated_at: new Date(entity.updatedAtMs).toISOString(),
    version: entity.version,
  };
}

export function entityFromItem(item: Record<string, unknown>): Entity {
  const ref = refFromPartition(String(item.pk));
  const own = [...textFieldsOf(ref), ...mapFieldsOf(ref)].filter((name) => item[name] !== undefined);
  return {
    ref,
    attributes: {
      ...Object.fromEntries(own.map((name) => [name, item[name] as JsonValue])),
      ...(item.properties as JsonObject),
    },
    sourceTimeMs: Number(item.source_time),
    propertyTimesMs: item.property_times as Record<string, number>,
    insertedAtMs: Date.parse(String(item.inserted_at)),
    updatedAtMs: Date.parse(String(item.updated_at)),
    ...(item.deleted_source_time !== undefined && { deletedSourceTimeMs: Number(item.deleted_source_time) }),
    version: Number(item.version),
  };
}

export function makeDirectory(client: DynamoDBDocumentClient, table: string): Directory {
  const readSoon = collectReads((refs) =>
    getEach(client, refs.map(entityItemKey), { table, what: 'reading users and objects' }),
  );
  async function readStoredEach(refs: EntityRef[]): Promise<(Entity | Tombstone | undefined)[]> {
    const items = await readSoon(refs);
    return items.map((item) => item && storedFromItem(item));
  }

  return {
    readStoredEach,

    async readEach(refs) {
      const stored = await readStoredEach(refs);
      return stored.map((one) => (isTombstone(one) ? undefined : one));
    },

    writeIfUnchanged: (entity, versionSeen) =>
      writeIf(
        client.send(
          new PutCommand({
            TableName: table,
            Item: isTombstone(entity) ? itemFromTombstone(entity) : withMaps(itemFromEntity(entity)),
            ...(versionSeen === 0
              ? { ConditionExpression: 'attribute_not_exists(pk)' }
              : { ConditionExpression: 'version = :seen', ExpressionAttributeValues: { ':seen': versionSeen } }),
          }),
        ),
        'writing to the directory',
      ),
  };
}

type Read<Item> = (refs: EntityRef[]) => Promise<Item[]>;

/**
 * Joins the reads of one turn of the event loop into one: the events of a batch look up their users
 * together.
 */
function collectReads<Item>(read: Read<Item>): Read<Item> {
  let collecting: { refs: EntityRef[]; items: Promise<Item[]> } | undefined;
  return async (refs) => {
    if (collecting === undefined) {
      const turn: EntityRef[] = [];
      const items = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        collecting = undefined;
        return read(turn);
      });
      collecting = { refs: turn, items };
    }
    const { refs: turn, items } = collecting;
    const first = turn.length;
    turn.push(...refs);
    return (await items).slice(first, first + refs.length);
  };
}
