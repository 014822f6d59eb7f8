import { type EntityRef, tenantsCollection } from '../ids/entity-ref.ts';
import type { JsonObject } from '../json/values.ts';

export type Entity = {
  ref: EntityRef;
  /**
   * All known values, by top-level name: its fields (`email`, `timezone`, …), `preferences`,
   * `channel_data`, and custom properties. Names of fields are reserved, so names do not collide.
   */
  attributes: JsonObject;
  /** When the newest write happened at its source, epoch ms. */
  sourceTimeMs: number;
  /** For attributes that were last written at a time other than `sourceTimeMs`. */
  propertyTimesMs: Record<string, number>;
  insertedAtMs: number;
  updatedAtMs: number;
  /**
   * For an entity that was described again after a delete: the delete's source time. Older events
   * do not count.
   */
  deletedSourceTimeMs?: number;
  /** Each write raises it by one; 0 for an entity that is not stored. */
  version: number;
};

/**
 * The mark of a delete, kept for a while, so that an older event does not bring the entity back.
 */
export type Tombstone = {
  ref: EntityRef;
  deletedSourceTimeMs: number;
  /** False if the entity did not exist. */
  wasThere: boolean;
  /** The id of the user that it was merged into, if it was. */
  mergedInto?: string;
  deletedAtMs: number;
  version: number;
};

export function isTombstone(stored: Entity | Tombstone | undefined): stored is Tombstone {
  return stored !== undefined && !('attributes' in stored);
}

const userFields = ['name', 'email', 'avatar', 'phone_number', 'timezone', 'locale', 'created_at'];
const objectFields = ['name', 'timezone', 'locale', 'created_at'];
const tenantFields = ['name', 'created_at'];

/** Fields that hold text; every other name but those of `mapFieldsOf` is a custom property. */
export function textFieldsOf(ref: EntityRef): readonly string[] {
  if (ref.kind === 'user') return userFields;
  return ref.collection === tenantsCollection ? tenantFields : objectFields;
}

export function mapFieldsOf(ref: EntityRef): readonly string[] {
  return ref.kind === 'object' && ref.collection === tenantsCollection
    ? ['preferences', 'channel_data', 'settings']
    : ['preferences', 'channel_data'];
}

/**
 * An entity as targets and readers see it: id and collection first, custom properties beside its
 * fields.
 */
export function publicView({ ref, attributes, updatedAtMs }: Entity): JsonObject {
  const { preferences: _preferences, channel_data: _channelData, ...visible } = attributes;
  return {
    ...(ref.kind === 'object' && { collection: ref.collection }),
    id: ref.id,
    ...visible,
    created_at: attributes.created_at ?? null,
    updated_at: new Date(updatedAtMs).toISOString(),
  };
}
