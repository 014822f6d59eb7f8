import type { JsonObject } from '../json/values.ts';
import { bearer } from '../signatures/authorization.ts';
import { AnyObject, rowOf, rowPreprocess, rowUserId } from './parts/rows.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource } from './source.ts';

/** The fields of a record, without what the template says of the change. */
const fieldsOf = (body: JsonObject) => rowOf(body, ['record'], ['type', 'audience']);

/**
 * RudderStack, destination "Custom Activation": up to 5,000 records of an audience or of the
 * warehouse to a request, in a body that its template defines. A template is JSONata without
 * functions, so every value is as the warehouse has it.
 * https://www.rudderstack.com/docs/destinations/reverse-etl-destinations/custom-activation/
 */
export const rudderstackActivation = defineSource({
  id: 'rudderstack-activation',
  title: 'RudderStack Custom Activation',
  docs: 'https://www.rudderstack.com/docs/destinations/reverse-etl-destinations/custom-activation/',
  verifier: bearer(),
  settings: { enforcement: 'once_set' },
  keptHeaders: [],
  batchWrapper: { list: ['records'], shared: ['type', 'audience'] },
  payload: AnyObject,
  eventType: ({ type }) => typeText('type', type),
  eventTypeWanted: 'text in the field "type" of the template, such as record.added',
  // Nothing tells two copies of a record from a record that left and came back.
  idempotencyKeyPaths: [],
  userId: (body) => rowUserId(fieldsOf(body)),
  data: fieldsOf,
  preprocess: (body) => rowPreprocess(fieldsOf(body)),
  occurredAtMs: () => undefined,
});
