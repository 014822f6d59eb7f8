import { defined } from '../../defined.ts';
import { userIdOf } from '../../ids/user-id.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import type { OwnAction, SyncNumbers } from '../source.ts';
import { isPresent } from './present.ts';

/**
 * What the event of a record is that a vendor handed over by a method call: the record under the
 * names of the fields, and the sync that sent it.
 */
export type SyncedRecord = {
  /** `record.upsert`, `row.added` */
  type: string;
  sync: {
    object: string;
    id?: string;
    run_id?: string;
    /** True when the request left a part of the work to do: see `restOf`. */
    unfinished?: boolean;
  };
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

/** Numbers, and text, are numbers of a sync; anything else is none. */
export function syncNumbersOf(id: JsonValue | undefined, runId: JsonValue | undefined): SyncNumbers {
  return defined({ id: userIdOf(id), runId: userIdOf(runId) });
}

/** A record as its event is read. */
export function readSyncedRecord(synced: SyncedRecord) {
  const { type, sync, record } = synced;
  return {
    type,
    columns: record,
    userId: userOfRecord(synced),
    preprocess: recordPreprocess(synced),
    sync: syncNumbersOf(sync.id, sync.run_id),
    applied: restOf(synced),
  };
}

/** What mappings read of a record besides its fields: `preprocess.object` is what it fills. */
function recordPreprocess({ sync: { object }, record }: SyncedRecord): JsonObject {
  const key = object === 'workflows' ? record.event_id : undefined;
  return { object, ...(isPresent(key) && { idempotency_key: key }) };
}

/**
 * What a request leaves to `workflow-trigger`, since it may take longer than a request or reaches
 * workflow runs: what hangs on a deleted entity, the greeting of a new member, a trigger.
 */
function restOf({ sync: { object, unfinished }, record }: SyncedRecord): OwnAction[] {
  return unfinished === true ? (rests.get(object)?.(record) ?? []) : [];
}

const rests = new Map<string, (record: JsonObject) => OwnAction[]>([
  ['users', ({ id = null }) => [{ action: 'users_delete', payload: { id } }]],
  ['tenants', ({ id = null }) => [{ action: 'tenants_delete', payload: { id } }]],
  ['objects', ({ collection = null, id = null }) => [{ action: 'objects_delete', payload: { collection, id } }]],
  ['audiences', (record) => [{ action: 'audiences_add_member', payload: memberPayload(record) }]],
  ['workflows', (record) => [{ action: 'workflows_trigger', payload: triggerPayload(record) }]],
]);

/** The parameters of the actions of audiences; an empty tenant is none. */
export function memberPayload({ audience_key: key = null, user_id: user = null, tenant }: JsonObject): JsonObject {
  return { key, members: [{ user, tenant: isPresent(tenant) ? tenant : null }] };
}

/** Fields of a trigger that are no data: the columns beside them are. */
const triggerFields = ['event_id', 'workflow', 'recipient', 'actor', 'tenant', 'cancellation_key'];

/** The parameters of the action that starts a workflow. */
export function triggerPayload(record: JsonObject): JsonObject {
  const { workflow = null, recipient = null, actor, tenant, cancellation_key } = record;
  const optional = Object.entries({ actor, tenant, cancellation_key }).filter(([, value]) => isPresent(value));
  const data = Object.entries(record).filter(([name]) => !triggerFields.includes(name));
  return {
    key: workflow,
    recipients: recipient,
    ...(Object.fromEntries(optional) as JsonObject),
    data: Object.fromEntries(data),
  };
}
