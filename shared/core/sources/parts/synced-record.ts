import { userIdOf } from '../../ids/user-id.ts';
import { isJsonObject, type JsonObject } from '../../json/values.ts';

/**
 * What the event of a record is that a vendor handed over by a method call: the record under the
 * names of the fields, and the sync that sent it.
 */
export type SyncedRecord = {
  /** `record.upsert`, `row.added` */
  type: string;
  sync: { object: string; id?: string; run_id?: string };
  record: JsonObject;
};

/** The field that names the user, by object; records of other objects are about no user. */
const userFields = new Map([
  ['users', 'id'],
  ['audiences', 'user_id'],
]);

/** The user that a record is about; absent for other objects, and for a record without an id. */
export function userOfRecord({ sync, record }: Pick<SyncedRecord, 'sync' | 'record'>): string | undefined {
  const field = userFields.get(sync.object);
  return field === undefined ? undefined : userIdOf(record[field]);
}

/** @returns undefined for the body of any other event */
export function syncedRecordOf({ type, sync, record }: JsonObject): SyncedRecord | undefined {
  if (typeof type !== 'string' || !isJsonObject(sync) || !isJsonObject(record)) return undefined;
  return typeof sync.object === 'string' ? ({ type, sync, record } as SyncedRecord) : undefined;
}
