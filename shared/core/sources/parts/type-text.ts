import type { JsonValue } from '../../json/values.ts';
import { type FieldProblem, typeName } from '../source.ts';
import { isPresent } from './present.ts';

/**
 * The event type in a field, exactly as sent, including spaces, since mappings match exactly; a
 * number or a boolean becomes text; undefined if the field is empty or blank.
 */
export function typeText(field: string, value: JsonValue | undefined): string | FieldProblem | undefined {
  if (!isPresent(value) || (typeof value === 'string' && value.trim() === '')) return undefined;
  if (typeof value === 'object') return { field, got: typeName(value), wanted: 'text, the type of the event' };
  return String(value);
}
