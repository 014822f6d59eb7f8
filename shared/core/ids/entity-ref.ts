/**
 * A reference to an entity of the directory: a user, or an object in a collection. A tenant is the
 * object `$tenants/<id>`.
 */
export type ObjectRef = { kind: 'object'; collection: string; id: string };
export type EntityRef = { kind: 'user'; id: string } | ObjectRef;

/** The collection of tenants. */
export const tenantsCollection = '$tenants';

/**
 * The collection name with which logs and callers may write a user: `{ collection: '$users', id }`.
 */
export const usersCollection = '$users';

/**
 * A user's id, or `collection/id`. Ids hold no slash, so two entities never share a key. Also the
 * partition of its runs.
 */
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
