import { isJsonObject, sameJson } from '../../core/json/values.ts';

/** One field that a change touched; absent on a side where it was not set. */
export type FieldChange = { field: string; before?: unknown; after?: unknown };

/**
 * The differences between two maps, field by field, ordered by name: `idempotency.window_hours`.
 */
export function fieldChanges(before: unknown, after: unknown, field = ''): FieldChange[] {
  if (sameJson(before, after)) return [];
  if (isJsonObject(before) && isJsonObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    const of = (map: object, name: string) => (Object.hasOwn(map, name) ? Reflect.get(map, name) : undefined);
    return names.flatMap((name) =>
      fieldChanges(of(before, name), of(after, name), field === '' ? name : `${field}.${name}`),
    );
  }
  return [{ field, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }];
}

/** `idempotency.window_hours 24 → 72, enabled on → off` */
export function changesText(changes: FieldChange[]): string {
  return changes.map(({ field, before, after }) => `${field} ${valueText(before)} → ${valueText(after)}`).join(', ');
}

function valueText(value: unknown): string {
  if (value === undefined) return 'default';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);
}
