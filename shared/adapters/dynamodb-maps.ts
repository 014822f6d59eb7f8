import type { TableItem } from './dynamodb.ts';

/**
 * The SDK tells a map by what its `constructor` is called, so a property of that name would make it something else, or
 * nothing it knows. A Map is always one.
 */
export function withMaps(item: TableItem): TableItem {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, asMap(value)])) as TableItem;
}

function asMap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(asMap);
  return new Map(Object.entries(value).map(([name, inner]) => [name, asMap(inner)]));
}
