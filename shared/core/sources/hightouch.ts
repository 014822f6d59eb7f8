import type { JsonObject, JsonValue } from '../json/values.ts';
import { bearer } from '../signatures/authorization.ts';
import { CdpPayload, cdpData, cdpEventType, cdpOccurredAtMs, cdpPreprocess } from './parts/cdp-payload.ts';
import { rpcProblem } from './parts/json-rpc.ts';
import { isPresent } from './parts/present.ts';
import { AnyObject, rowOf, rowPreprocess, rowUserId } from './parts/rows.ts';
import { readSyncedRecord, syncedRecordOf } from './parts/synced-record.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource, type FieldProblem, type OwnAction } from './source.ts';

const cdpTypes = new Set(['track', 'identify', 'page', 'screen', 'group', 'alias']);

type Read = {
  body: JsonObject;
  type(): string | FieldProblem | undefined;
  data: JsonObject;
  userId: JsonValue | undefined;
  preprocess: JsonObject;
  occurredAtMs?: number | undefined;
  applied?: OwnAction[];
};

/**
 * A record that a method call handed over, a row of the warehouse, or an event of Hightouch Events,
 * which uses the vocabulary of customer data platforms.
 */
const Payload = AnyObject.transform((body): Read => {
  const record = syncedRecordOf(body);
  if (record !== undefined) {
    const { type, columns, userId, preprocess, applied } = readSyncedRecord(record);
    return { body, type: () => type, data: columns, userId, preprocess, applied };
  }
  if (typeof body.type === 'string' && cdpTypes.has(body.type.toLowerCase())) {
    const event = CdpPayload.parse(body);
    const key = isPresent(body.messageId) ? { idempotency_key: body.messageId } : {};
    return {
      body,
      type: () => cdpEventType(event),
      data: cdpData(event) ?? {},
      userId: event.userId,
      preprocess: { ...cdpPreprocess(event), ...key },
      occurredAtMs: cdpOccurredAtMs(event),
    };
  }
  const row = rowOf(body, ['row', 'data'], ['type']);
  return {
    body,
    type: () => typeText('type', body.type),
    data: row,
    userId: rowUserId(row),
    preprocess: rowPreprocess(row),
  };
});

/**
 * Hightouch, HTTP Request destination: rows that were added, changed or removed, in a body that its
 * template defines; and the rows of its embedded destination. https://hightouch.com/docs/destinations/http-request
 */
export const hightouch = defineSource({
  id: 'hightouch',
  title: 'Hightouch',
  docs: 'https://hightouch.com/docs/destinations/http-request',
  verifier: bearer(),
  settings: { enforcement: 'once_set' },
  keptHeaders: [],
  isDestination: true,
  batchWrapper: { list: ['rows'], shared: ['type'] },
  refuses: ({ body }) => rpcProblem(body),
  payload: Payload,
  eventType: ({ body, type }) => rpcProblem(body) ?? type(),
  // Only the `messageId` of its events. Two copies of a row look like a row that changed twice, and
  // a column called `messageId` belongs to the row.
  idempotencyKeyPaths: ['preprocess.idempotency_key'],
  userId: ({ userId }) => userId,
  data: ({ data }) => data,
  preprocess: ({ preprocess }) => preprocess,
  occurredAtMs: ({ occurredAtMs }) => occurredAtMs,
  applied: ({ applied }) => applied,
});
