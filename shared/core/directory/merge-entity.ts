import type { EntityRef } from '../ids/entity-ref.ts';
import { itemBytes } from '../json/item-bytes.ts';
import { isJsonObject, type JsonObject, type JsonValue, sameJson } from '../json/values.ts';
import { type Entity, isTombstone, type Tombstone } from './entity.ts';

/** One action's write to one entity. */
export type EntityWrite = {
  ref: EntityRef;
  attributes: JsonObject;
  /**
   * When it happened by the sender's clock. It decides which of two writes is newer, whatever
   * arrives first.
   */
  sourceTimeMs: number;
  /**
   * Maps within attributes that are replaced instead of merged, such as `['settings',
   * 'preference_set']`.
   */
  replaces?: [string, string][];
  /** `create` leaves an entity that exists as it is; `change` makes none. Absent: both are done. */
  only?: 'create' | 'change';
};

export type Merge =
  /**
   * An event that happened at the same time or later has deleted it, so the write has no effect.
   */
  | { kind: 'deleted' }
  /** A write that is `only` a change found nothing to change. */
  | { kind: 'absent' }
  /** `kept`: attributes that the write did not change, because a later event had written them. */
  | { kind: 'unchanged'; entity: Entity; kept: string[] }
  | { kind: 'changed'; entity: Entity; created: boolean; changed: string[]; kept: string[] }
  | { kind: 'refused'; message: string };

/** 256 KB of JSON: Knock's limit for custom properties, here for the whole entity. */
export const attributesBytesMax = 256 * 1024;
/**
 * DynamoDB takes 400 KB per item, counted as `itemBytes` does. The rest is for keys, times and the
 * version.
 */
const itemBytesMax = 396 * 1024;

/**
 * Merges a write into the stored entity. Maps are merged key by key at every depth; lists and
 * scalars are replaced; a map over a scalar, or the reverse, replaces it. `null` is a value like
 * any other, so attributes are never removed.
 *
 * Each top-level attribute keeps the source time of its write. A write with the same or a later
 * source time replaces; an earlier, late one only adds missing values (nested keys included). So
 * the order of arrival does not matter, with two exceptions that keep rows small and writes few.
 * Times are kept per top-level attribute, not per nested key. And a write that changes no value is
 * not stored, so neither is its time.
 *
 * An entity that was deleted and described again starts empty; events from before the delete have
 * no effect.
 *
 * Rule: docs/directory.md.
 */
export function mergeEntity(stored: Entity | Tombstone | undefined, write: EntityWrite, nowMs: number): Merge {
  const current = isTombstone(stored) ? undefined : stored;
  if (write.only === 'change' && current === undefined) return { kind: 'absent' };
  if (write.only === 'create' && current !== undefined) return { kind: 'unchanged', entity: current, kept: [] };
  if (isBeforeDelete(stored, write.sourceTimeMs)) return { kind: 'deleted' };
  const attributes: [string, JsonValue][] = Object.entries(current?.attributes ?? {});
  const position = new Map(attributes.map(([name], i) => [name, i]));
  const times = new Map(attributes.map(([name]) => [name, timeOf(current, name)]));
  const changed: string[] = [];
  const kept: string[] = [];

  for (const [name, value] of Object.entries(write.attributes)) {
    const at = position.get(name);
    const held = at === undefined ? undefined : attributes[at]?.[1];
    if (at === undefined || held === undefined) {
      attributes.push([name, value]);
      times.set(name, write.sourceTimeMs);
      changed.push(name);
      continue;
    }
    const isLate = write.sourceTimeMs < (times.get(name) ?? 0);
    const merged = isLate ? mergeValue(value, held, name) : mergeValue(withoutReplaced(held, name, write), value, name);
    if (isLate && !sameJson(mergeValue(held, value, name), merged)) kept.push(name);
    // Stored if anything else is: a late delete must know that the value was written again.
    if (!isLate) times.set(name, write.sourceTimeMs);
    if (sameJson(merged, held)) continue;
    attributes[at] = [name, merged];
    changed.push(name);
  }
  if (current !== undefined && changed.length === 0) return { kind: 'unchanged', entity: current, kept };

  const sourceTimeMs = Math.max(current?.sourceTimeMs ?? write.sourceTimeMs, write.sourceTimeMs);
  const entity: Entity = {
    ref: write.ref,
    attributes: Object.fromEntries(attributes),
    sourceTimeMs,
    propertyTimesMs: Object.fromEntries([...times].filter(([, timeMs]) => timeMs !== sourceTimeMs)),
    insertedAtMs: current?.insertedAtMs ?? nowMs,
    updatedAtMs: nowMs,
    ...(stored?.deletedSourceTimeMs !== undefined && { deletedSourceTimeMs: stored.deletedSourceTimeMs }),
    version: (stored?.version ?? 0) + 1,
  };
  const problem = sizeProblem(entity);
  if (problem !== undefined) return { kind: 'refused', message: problem };
  return { kind: 'changed', entity, created: current === undefined, changed, kept };
}

/**
 * Of a write and a delete at the same moment the delete wins: among the actions of one event it
 * runs later.
 */
export function isBeforeDelete(stored: Entity | Tombstone | undefined, sourceTimeMs: number): boolean {
  return stored?.deletedSourceTimeMs !== undefined && sourceTimeMs <= stored.deletedSourceTimeMs;
}

export function timeOf(entity: Entity | undefined, name: string): number {
  if (entity === undefined) return 0;
  return Object.hasOwn(entity.propertyTimesMs, name) ? (entity.propertyTimesMs[name] as number) : entity.sourceTimeMs;
}

function withoutReplaced(held: JsonValue, name: string, { replaces = [] }: EntityWrite): JsonValue {
  const inner = replaces.filter(([outer]) => outer === name).map(([, key]) => key);
  if (inner.length === 0 || !isJsonObject(held)) return held;
  return Object.fromEntries(Object.entries(held).filter(([key]) => !inner.includes(key)));
}

/**
 * Merges `newer` over `older`. Each channel's data belongs together (a token belongs to its
 * device), so it is replaced whole.
 */
function mergeValue(older: JsonValue, newer: JsonValue, name: string): JsonValue {
  if (name !== 'channel_data' || !isJsonObject(older) || !isJsonObject(newer)) return deepMerge(older, newer);
  return Object.fromEntries([...Object.entries(older), ...Object.entries(newer)]);
}

export function deepMerge(older: JsonValue, newer: JsonValue): JsonValue {
  if (!isJsonObject(older) || !isJsonObject(newer)) return newer;
  const merged = new Map(Object.entries(older));
  for (const [name, value] of Object.entries(newer)) {
    const before = merged.get(name);
    merged.set(name, before === undefined ? value : deepMerge(before, value));
  }
  // fromEntries defines properties, so no name can reach a prototype.
  return Object.fromEntries(merged);
}

/**
 * Why the table cannot hold an entity. It is checked before the write, since a write that is too
 * large would fail for ever.
 */
function sizeProblem({ attributes, propertyTimesMs }: Entity): string | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(attributes));
  if (bytes > attributesBytesMax) return `would hold ${bytes} bytes of properties; at most ${attributesBytesMax} fit`;
  // Short values in deep lists, and properties with different times, take more room in the table
  // than in JSON.
  const storedBytes = itemBytes({ attributes, propertyTimesMs });
  if (storedBytes <= itemBytesMax) return undefined;
  const count = Object.keys(attributes).length;
  return `would hold ${count} properties, ${storedBytes} bytes in the table, where those written at different times have a time each; at most ${itemBytesMax} fit`;
}
