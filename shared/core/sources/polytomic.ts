import * as z from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import { bearer } from '../signatures/authorization.ts';
import { composedKey } from './parts/composed-key.ts';
import { digestOf } from './parts/digest.ts';
import { filledColumns, rowPreprocess, rowUserId } from './parts/rows.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource } from './source.ts';

const json = z.custom<JsonValue>().optional();
const map = z.custom<JsonObject>(isJsonObject).optional().catch(undefined);

// The time of the request, which Polytomic sets on every request.
const requestTimeHeader = 'polytomic-signature-timestamp';

/**
 * Polytomic, webhook connection: many records per request, each of which is a separate event.
 * https://docs.polytomic.com/docs/webhooks-connections
 */
export const polytomic = defineSource({
  id: 'polytomic',
  title: 'Polytomic',
  docs: 'https://docs.polytomic.com/docs/webhooks-connections',
  verifier: bearer(),
  settings: { enforcement: 'once_set' },
  keptHeaders: [requestTimeHeader],
  batchWrapper: { list: ['object', 'records'], shared: ['event'] },
  payload: z.object({ event: json, object: map, hash: json, fields: map }),
  eventType: ({ event }) => typeText('event', event),
  idempotencyKeyPaths: ['preprocess.idempotency_key'],
  userId: ({ fields = {} }) => rowUserId(fields),
  data: ({ fields = {} }) => filledColumns(fields),
  preprocess({ event, object, hash, fields = {} }, { headers }) {
    // A record that changes back has its earlier hash again; the time of the request tells the two
    // apart. The digest tells apart two requests of one second with equal hashes, which a test
    // connection or a template can make.
    const key = composedKey(object?.id, hash, headers[requestTimeHeader], digestOf({ event: event ?? null, fields }));
    return { ...rowPreprocess(filledColumns(fields)), ...(key !== undefined && { idempotency_key: key }) };
  },
  occurredAtMs: () => undefined,
});
