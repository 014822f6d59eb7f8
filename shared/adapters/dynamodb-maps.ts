import type { TableItem } from './dynamodb.ts';

/**
 * The SDK recognises a map by the name of its `constructor`, so a property called `constructor`
 * would confuse it. It always recognises a Map.
 */
export function withMaps(item: TableItem): TableItem {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, asMap(value)])) as TableItem;
}

function asMap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(asMap);
  return new Map(Object.entries(value).map(([name, inner]) => [name, asMap(inner)]));
}
