import { isJsonObject, type JsonObject, sameJson } from '../json/values.ts';
import type { Entity } from './entity.ts';
import { deepMerge, type Merge, mergeEntity } from './merge-entity.ts';

/**
 * Adds to one user what another has and it has not. Maps merge deeply; where both have a value, the
 * first one's stays, null too. A preference set, or the data of a channel, is taken over whole, and
 * only where the first user has none by that name.
 * https://docs.knock.app/api-reference/users/merge
 */
export function mergeUsers(into: Entity, from: Entity, sourceTimeMs: number, nowMs: number): Merge {
  const attributes: JsonObject = Object.fromEntries(
    Object.entries(from.attributes).flatMap(([name, value]) => {
      const held = Object.hasOwn(into.attributes, name) ? into.attributes[name] : undefined;
      if (held === undefined) return [[name, value]];
      const isTakenWhole = name === 'preferences' || name === 'channel_data';
      const merged =
        isTakenWhole && isJsonObject(value) && isJsonObject(held) ? { ...value, ...held } : deepMerge(value, held);
      return sameJson(merged, held) ? [] : [[name, merged]];
    }),
  );
  return mergeEntity(into, { ref: into.ref, attributes, sourceTimeMs }, nowMs);
}
