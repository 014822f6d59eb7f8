import { isJsonObject, type JsonObject } from '../json/values.ts';
import { bearer } from '../signatures/authorization.ts';
import { isPresent } from './parts/present.ts';
import { AnyObject } from './parts/rows.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource } from './source.ts';

/** The columns that hold something: Clay's templates leave `""` where a row has no value, which would blot out what is known. */
function filledColumns(body: JsonObject): JsonObject {
  const { event, ...columns } = body;
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => isPresent(value)));
}

/**
 * Clay, a column of type HTTP API: one row to a request, in a body that its template makes up.
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
  // Whoever runs a row again in Clay means it.
  idempotencyKeyPaths: [],
  userId: ({ email }) => email,
  data: (body) => (isJsonObject(body.data) ? body.data : filledColumns(body)),
  occurredAtMs: () => undefined,
});
