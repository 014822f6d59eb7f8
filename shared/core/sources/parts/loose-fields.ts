import * as z from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import { type FieldProblem, typeName } from '../source.ts';

/** A field of a payload whose type is checked at its use. */
export const looseField = z.custom<JsonValue>().optional();

/** A map, or absent for any other value: an event is worth more than a field. */
export const looseMap = z.custom<JsonObject>(isJsonObject).optional().catch(undefined);

/** The event type from a field of the body that holds it unchanged. */
export function typeInField(
  field: string,
  value: JsonValue | undefined,
  example: string,
): string | FieldProblem | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  return { field, got: typeName(value), wanted: `text such as ${example}` };
}
