import type { JsonObject, JsonValue } from '../json/values.ts';
import { bearer } from '../signatures/authorization.ts';
import { rpcProblem } from './parts/json-rpc.ts';
import { isPresent } from './parts/present.ts';
import { AnyObject, rowOf, rowPreprocess, rowUserId } from './parts/rows.ts';
import { readSyncedRecord, syncedRecordOf, syncNumbersOf } from './parts/synced-record.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource, type FieldProblem, type OwnAction, type SyncNumbers } from './source.ts';

/** A webhook about a sync itself: `sync.started`, `sync.completed`. */
const isSyncNotice = ({ event, sync_id }: JsonObject) =>
  typeof event === 'string' && event.startsWith('sync.') && isPresent(sync_id);

type Read = {
  body: JsonObject;
  type: string | FieldProblem | undefined;
  columns: JsonObject;
  userId?: JsonValue | undefined;
  preprocess?: JsonObject;
  sync?: SyncNumbers;
  applied?: OwnAction[];
};

/** A record that a method call handed over, a webhook about a sync, or a row that a template made. */
const Payload = AnyObject.transform((body): Read => {
  const record = syncedRecordOf(body);
  if (record !== undefined) return { body, ...readSyncedRecord(record) };
  if (isSyncNotice(body)) {
    const sync = syncNumbersOf(body.sync_id, body.sync_run_id);
    return { body, type: typeText('event', body.event), columns: rowOf(body, [], ['event']), sync };
  }
  const columns = rowOf(body, ['record', 'data'], ['type']);
  const type = typeText('type', body.type) ?? 'record.upsert';
  return { body, type, columns, userId: rowUserId(columns), preprocess: rowPreprocess(columns) };
});

/**
 * Census, HTTP Request destination: one record or many, in a body that its template defines; and the
 * records of its custom destination. https://docs.getcensus.com/destinations/available-destinations/http-request
 */
export const census = defineSource({
  id: 'census',
  title: 'Census',
  docs: 'https://docs.getcensus.com/destinations/available-destinations/http-request',
  verifier: bearer(),
  settings: { enforcement: 'once_set' },
  keptHeaders: [],
  isDestination: true,
  batchWrapper: { list: ['records'], shared: ['type'] },
  refuses: ({ body }) => rpcProblem(body),
  payload: Payload,
  eventType: ({ body, type }) => rpcProblem(body) ?? type,
  // Only of a record that asks for a workflow: nothing tells two copies of a row apart.
  idempotencyKeyPaths: ['preprocess.idempotency_key'],
  userId: ({ userId }) => userId,
  data: ({ columns }) => columns,
  preprocess: ({ preprocess = {} }) => preprocess,
  occurredAtMs: () => undefined,
  sync: ({ sync }) => sync,
  applied: ({ applied }) => applied,
});
