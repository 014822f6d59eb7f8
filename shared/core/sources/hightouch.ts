import { bearer } from '../signatures/authorization.ts';
import { CdpPayload, cdpData, cdpEventType, cdpOccurredAtMs, cdpPreprocess } from './parts/cdp-payload.ts';
import { rpcProblem } from './parts/json-rpc.ts';
import { isPresent } from './parts/present.ts';
import { AnyObject, rowOf, rowPreprocess, rowUserId } from './parts/rows.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource } from './source.ts';

const cdpTypes = new Set(['track', 'identify', 'page', 'screen', 'group', 'alias']);

/**
 * A row of the warehouse, or an event of Hightouch Events, which uses the vocabulary of customer
 * data platforms.
 */
const Payload = AnyObject.transform((body) => {
  const isEvent = typeof body.type === 'string' && cdpTypes.has(body.type.toLowerCase());
  return { body, row: rowOf(body, ['row', 'data'], ['type']), event: isEvent ? CdpPayload.parse(body) : undefined };
});

/**
 * Hightouch, HTTP Request destination: rows that were added, changed or removed, in a body that its
 * template defines. https://hightouch.com/docs/destinations/http-request
 */
export const hightouch = defineSource({
  id: 'hightouch',
  title: 'Hightouch',
  docs: 'https://hightouch.com/docs/destinations/http-request',
  verifier: bearer(),
  settings: { enforcement: 'once_set' },
  keptHeaders: [],
  batchWrapper: { list: ['rows'], shared: ['type'] },
  refuses: ({ body }) => rpcProblem(body),
  payload: Payload,
  eventType: ({ body, event }) => rpcProblem(body) ?? (event ? cdpEventType(event) : typeText('type', body.type)),
  // Only the `messageId` of its events. Two copies of a row look like a row that changed twice, and
  // a column called `messageId` belongs to the row.
  idempotencyKeyPaths: ['preprocess.idempotency_key'],
  userId: ({ row, event }) => (event ? event.userId : rowUserId(row)),
  data: ({ row, event }) => (event ? cdpData(event) : row),
  preprocess: ({ body, row, event }) =>
    event
      ? { ...cdpPreprocess(event), ...(isPresent(body.messageId) && { idempotency_key: body.messageId }) }
      : rowPreprocess(row),
  occurredAtMs: ({ event }) => event && cdpOccurredAtMs(event),
});
