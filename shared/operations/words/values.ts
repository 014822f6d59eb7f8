import type { JsonValue } from '../../core/json/values.ts';
import { isBareKey } from '../../core/mappings/action-facts.ts';
import type { ParameterValue } from '../../core/mappings/schema.ts';
import { printable, safeJson, truncate } from './text.ts';

/** A value in one line: JSON, cut if it is long. */
export function inline(value: JsonValue, columns = 100): string {
  return truncate(printable(safeJson(value)), columns);
}

/**
 * The origin of a parameter, in a person's words: `data.total`, `the text "x"`, `the first of a,
 * b`.
 */
export function describeSource(action: string, name: string, from: JsonValue): string {
  const value = from as ParameterValue;
  if (isBareKey(action, name, value)) return 'as written';
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 1) {
    if ('value' in value) return 'as written';
    if ('template' in value) return `template ${printable(String(value.template))}`;
    if ('first' in value && Array.isArray(value.first))
      return `first of ${value.first.map((one) => describeSource(action, '', one as JsonValue)).join(', ')}`;
  }
  return inline(from, 40);
}
