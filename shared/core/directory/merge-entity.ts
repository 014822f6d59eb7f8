import { isJsonObject, type JsonObject, type JsonValue, sameJson } from '../json.ts';
import type { Entity, EntityRef } from './entity.ts';

/** What one action wants to be true of one entity. */
export type EntityWrite = {
  ref: EntityRef;
  attributes: JsonObject;
  /** When it happened by the sender's clock. Decides which of two writes is the newer one, whatever arrives first. */
  sourceTimeMs: number;
};

export type Merge =
  /** `kept`: attributes that the write would have changed, had they not been written by a later event. */
  | { kind: 'unchanged'; entity: Entity; kept: string[] }
  | { kind: 'changed'; entity: Entity; created: boolean; changed: string[]; kept: string[] }
  | { kind: 'refused'; message: string };

/** 256 kB of custom properties and everything else: what Knock allows, and what fits a table item (400 KB) with its times. */
export const attributesBytesMax = 256 * 1024;
const storedBytesMax = 300 * 1024;

/**
 * Merges a write into what is stored. Maps are merged key by key at every depth; lists and scalars are replaced; a map
 * over a scalar, or the reverse, replaces it; `null` is a value like any other, so nothing is ever removed.
 *
 * Each top-level attribute remembers the source time of the write that it came from. A write whose source time is the
 * same or later replaces; an earlier one, arriving late, only adds what is not there yet (nested keys included). So the
 * order of arrival does not matter, with two exceptions that keep rows small: times are kept per top-level attribute
 * and not per nested key, and a write that changes no value is not stored, so its time is not either.
 *
 * Rule: docs/architecture.md, "Directory".
 */
export function mergeEntity(current: Entity | undefined, write: EntityWrite, nowMs: number): Merge {
  const attributes: [string, JsonValue][] = Object.entries(current?.attributes ?? {});
  const position = new Map(attributes.map(([name], i) => [name, i]));
  const times = new Map(attributes.map(([name]) => [name, timeOf(current, name)]));
  const changed: string[] = [];
  const kept: string[] = [];

  for (const [name, value] of Object.entries(write.attributes)) {
    const at = position.get(name);
    const stored = at === undefined ? undefined : attributes[at]?.[1];
    if (at === undefined || stored === undefined) {
      attributes.push([name, value]);
      times.set(name, write.sourceTimeMs);
      changed.push(name);
      continue;
    }
    const isLate = write.sourceTimeMs < (times.get(name) ?? 0);
    const merged = isLate ? mergeValue(value, stored, name) : mergeValue(stored, value, name);
    if (isLate && !sameJson(mergeValue(stored, value, name), merged)) kept.push(name);
    if (sameJson(merged, stored)) continue;
    attributes[at] = [name, merged];
    if (!isLate) times.set(name, write.sourceTimeMs);
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
    version: (current?.version ?? 0) + 1,
  };
  const problem = sizeProblem(entity);
  if (problem !== undefined) return { kind: 'refused', message: problem };
  return { kind: 'changed', entity, created: current === undefined, changed, kept };
}

function timeOf(entity: Entity | undefined, name: string): number {
  if (entity === undefined) return 0;
  return Object.hasOwn(entity.propertyTimesMs, name) ? (entity.propertyTimesMs[name] as number) : entity.sourceTimeMs;
}

/** `newer` over `older`. Each channel's data is one thing (a token belongs to its device), so it is replaced whole. */
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
  // fromEntries defines properties, so that no name reaches a prototype.
  return Object.fromEntries(merged);
}

function sizeProblem({ attributes, propertyTimesMs }: Entity): string | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(attributes));
  if (bytes > attributesBytesMax) return `would hold ${bytes} bytes of properties; at most ${attributesBytesMax} fit`;
  const timesBytes = Buffer.byteLength(JSON.stringify(propertyTimesMs));
  if (bytes + timesBytes > storedBytesMax) {
    return `would hold ${Object.keys(attributes).length} properties written at different times, ${bytes + timesBytes} bytes with their times; at most ${storedBytesMax} fit`;
  }
  return undefined;
}
