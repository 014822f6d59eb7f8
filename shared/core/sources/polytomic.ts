import * as z from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import { bearer } from '../signatures/authorization.ts';
import { composedKey } from './parts/composed-key.ts';
import { rowPreprocess, rowUserId } from './parts/rows.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource } from './source.ts';

const json = z.custom<JsonValue>().optional();
const map = z.custom<JsonObject>(isJsonObject).optional().catch(undefined);

/**
 * Polytomic, webhook connection: many records to a request, each of which is an event of its own.
 * https://docs.polytomic.com/docs/webhooks-connections
 */
export const polytomic = defineSource({
  id: 'polytomic',
  title: 'Polytomic',
  docs: 'https://docs.polytomic.com/docs/webhooks-connections',
  verifier: bearer(),
  settings: { enforcement: 'once_set' },
  // When the request was made. Nobody signs it, so it is only for people to see.
  keptHeaders: ['polytomic-signature-timestamp'],
  batchWrapper: { list: ['object', 'records'], shared: ['event'] },
  payload: z.object({ event: json, object: map, hash: json, fields: map }),
  eventType: ({ event }) => typeText('event', event),
  idempotencyKeyPaths: ['preprocess.idempotency_key'],
  userId: ({ fields = {} }) => rowUserId(fields),
  data: ({ fields }) => fields,
  preprocess({ object, hash, fields = {} }) {
    const key = composedKey(object?.id, hash);
    return { ...rowPreprocess(fields), ...(key !== undefined && { idempotency_key: key }) };
  },
  occurredAtMs: () => undefined,
});
