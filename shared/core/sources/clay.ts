import type { JsonObject } from '../json/values.ts';
import { bearer } from '../signatures/authorization.ts';
import { AnyObject, rowOf } from './parts/rows.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource } from './source.ts';

const columnsOf = (body: JsonObject) => rowOf(body, ['data'], ['event'], ['email']);

/**
 * Clay, a column of type HTTP API: one row per request, in a body that its template defines.
 * https://university.clay.com/docs/http-api-integration-overview
 */
export const clay = defineSource({
  id: 'clay',
  title: 'Clay',
  docs: 'https://university.clay.com/docs/http-api-integration-overview',
  verifier: bearer(),
  settings: { enforcement: 'once_set' },
  keptHeaders: [],
  payload: AnyObject,
  eventType: ({ event }) => typeText('event', event),
  // A row that is run again in Clay is run on purpose.
  idempotencyKeyPaths: [],
  userId: (body) => columnsOf(body).email,
  data: columnsOf,
  occurredAtMs: () => undefined,
});
