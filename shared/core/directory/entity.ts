import type { JsonObject } from '../json/values.ts';

/** What the directory holds: users, and objects in collections. A tenant is the object `$tenants/<id>`. */
export type ObjectRef = { kind: 'object'; collection: string; id: string };
export type EntityRef = { kind: 'user'; id: string } | ObjectRef;

/** The collection that tenants live in. */
export const tenantsCollection = '$tenants';

/** The collection name by which logs and callers may spell a user: `{ collection: '$users', id }`. */
export const usersCollection = '$users';

export type Entity = {
  ref: EntityRef;
  /**
   * Everything that is known of it, by top-level name: its own fields (`email`, `timezone`, …), `preferences`,
   * `channel_data`, and the caller's custom properties. The names of fields are reserved, so nothing collides.
   */
  attributes: JsonObject;
  /** When the newest write happened at its source, epoch ms. */
  sourceTimeMs: number;
  /** For attributes last written at another time than `sourceTimeMs`. */
  propertyTimesMs: Record<string, number>;
  insertedAtMs: number;
  updatedAtMs: number;
  /** For one that was made anew: when what was there before was deleted, at its source. Nothing older counts. */
  deletedSourceTimeMs?: number;
  /** Raised by one with every write; 0 for an entity that is not stored. */
  version: number;
};

/** What a delete leaves for a while, so that an event that happened before it brings nothing back. */
export type Tombstone = {
  ref: EntityRef;
  deletedSourceTimeMs: number;
  /** False where there was nothing to delete. */
  wasThere: boolean;
  deletedAtMs: number;
  version: number;
};

export function isTombstone(stored: Entity | Tombstone | undefined): stored is Tombstone {
  return stored !== undefined && !('attributes' in stored);
}

/** A user's id, or `collection/id`: ids hold no slash, so no two entities share a key. Also the partition of its runs. */
export function recipientKey(ref: EntityRef): string {
  return ref.kind === 'user' ? ref.id : `${ref.collection}/${ref.id}`;
}

export function refFromRecipientKey(key: string): EntityRef {
  const slash = key.indexOf('/');
  return slash < 0
    ? { kind: 'user', id: key }
    : { kind: 'object', collection: key.slice(0, slash), id: key.slice(slash + 1) };
}

/** How logs and messages write a reference. */
export function describeRef(ref: EntityRef): string | { collection: string; id: string } {
  return ref.kind === 'user' ? ref.id : { collection: ref.collection, id: ref.id };
}

/** How results name one: `{ id }`, or `{ collection, id }`. */
export function describeEntity(ref: EntityRef): { collection?: string; id: string } {
  return ref.kind === 'user' ? { id: ref.id } : { collection: ref.collection, id: ref.id };
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

/** An entity as targets and readers see it: id and collection first, custom properties beside its own fields. */
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
