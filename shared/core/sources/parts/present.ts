import type { JsonValue } from '../../json/values.ts';

/** Whether a field holds something: templates leave `""` or null where they had no value. */
export function isPresent(value: JsonValue | undefined): value is JsonValue {
  return value !== undefined && value !== null && value !== '';
}

export function firstPresent(...values: (JsonValue | undefined)[]): JsonValue | undefined {
  return values.find(isPresent);
}
