import { createHash } from 'node:crypto';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import {
  type Entity,
  type EntityRef,
  mapFieldsOf,
  recipientKey,
  refFromRecipientKey,
  textFieldsOf,
} from '../core/directory/entity.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { Directory } from '../ports/directory.ts';
import { type TableItem, tableError } from './dynamodb.ts';
import { getEach } from './dynamodb-get-each.ts';

/** How many partitions of index `list` the entities of one kind are spread over. */
export const listBuckets = 8;

/** `pk = user#{id}` or `object#{collection}/{id}`, `sk = profile`; what belongs to an entity later gets other sort keys. */
export function entityItemKey(ref: EntityRef): { pk: string; sk: string } {
  return { pk: `${ref.kind}#${recipientKey(ref)}`, sk: 'profile' };
}

/** Partition of index `list`: the same for every write of an entity, so the index is written when it is made and never again. */
export function listPartition(ref: EntityRef): string {
  return listPartitionOf(ref.kind, createHash('sha256').update(recipientKey(ref)).digest().readUInt8(0) % listBuckets);
}

export function listPartitionOf(kind: EntityRef['kind'], bucket: number): string {
  return `${kind}#${bucket}`;
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
    inserted_at: new Date(entity.insertedAtMs).toISOString(),
    updated_at: new Date(entity.updatedAtMs).toISOString(),
    version: entity.version,
  };
}

export function entityFromItem(item: Record<string, unknown>): Entity {
  const pk = String(item.pk);
  const ref = refFromRecipientKey(pk.slice(pk.indexOf('#') + 1));
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
    version: Number(item.version),
  };
}

export function makeDirectory(client: DynamoDBDocumentClient, table: string): Directory {
  const readSoon = collectReads((refs) =>
    getEach(client, refs.map(entityItemKey), { table, what: 'reading users and objects' }),
  );
  return {
    async readEach(refs) {
      const items = await readSoon(refs);
      return items.map((item) => item && entityFromItem(item));
    },

    async writeIfUnchanged(entity, versionSeen) {
      try {
        await client.send(
          new PutCommand({
            TableName: table,
            Item: withMaps(itemFromEntity(entity)),
            ...(versionSeen === 0
              ? { ConditionExpression: 'attribute_not_exists(pk)' }
              : { ConditionExpression: 'version = :seen', ExpressionAttributeValues: { ':seen': versionSeen } }),
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
        throw tableError(error, 'writing to the directory');
      }
    },
  };
}

/**
 * The SDK tells a map by what its `constructor` is called, so a property of that name would make it something else, or
 * nothing it knows. A Map is always one.
 */
function withMaps(item: TableItem): TableItem {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, asMap(value)])) as TableItem;
}

function asMap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(asMap);
  return new Map(Object.entries(value).map(([name, inner]) => [name, asMap(inner)]));
}

type Read<Item> = (refs: EntityRef[]) => Promise<Item[]>;

/** Joins what is asked for in one turn of the event loop into one read: the events of a batch look up their users together. */
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
