import type { JsonValue } from '../../json/values.ts';

/** Whether a field has a value: templates leave `""` or null without one. */
export function isPresent(value: JsonValue | undefined): value is JsonValue {
  return value !== undefined && value !== null && value !== '';
}

export function firstPresent(...values: (JsonValue | undefined)[]): JsonValue | undefined {
  return values.find(isPresent);
}
