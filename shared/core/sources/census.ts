import type { JsonObject } from '../json/values.ts';
import { bearer } from '../signatures/authorization.ts';
import { rpcProblem } from './parts/json-rpc.ts';
import { isPresent } from './parts/present.ts';
import { AnyObject, rowOf, rowPreprocess, rowUserId } from './parts/rows.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource } from './source.ts';

/** A webhook about a sync itself: `sync.started`, `sync.completed`. */
const isSyncNotice = ({ event, sync_id }: JsonObject) =>
  typeof event === 'string' && event.startsWith('sync.') && isPresent(sync_id);

const columnsOf = (body: JsonObject) =>
  isSyncNotice(body) ? rowOf(body, [], ['event']) : rowOf(body, ['record', 'data'], ['type']);

/**
 * Census, HTTP Request destination: one record or many, in a body that its template defines.
 * https://docs.getcensus.com/destinations/available-destinations/http-request
 */
export const census = defineSource({
  id: 'census',
  title: 'Census',
  docs: 'https://docs.getcensus.com/destinations/available-destinations/http-request',
  verifier: bearer(),
  settings: { enforcement: 'once_set' },
  keptHeaders: [],
  batchWrapper: { list: ['records'], shared: ['type'] },
  refuses: rpcProblem,
  payload: AnyObject,
  eventType: (body) =>
    rpcProblem(body) ??
    (isSyncNotice(body) ? typeText('event', body.event) : (typeText('type', body.type) ?? 'record.upsert')),
  idempotencyKeyPaths: [],
  userId: (body) => (isSyncNotice(body) ? undefined : rowUserId(columnsOf(body))),
  data: columnsOf,
  preprocess: (body) => (isSyncNotice(body) ? {} : rowPreprocess(columnsOf(body))),
  occurredAtMs: () => undefined,
});
