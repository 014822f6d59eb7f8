import type { JsonValue } from '../../shared/core/json/values.ts';

type Fields = Map<string, string>;
type Value = string | Fields | (string | Fields)[];

/**
 * The query as clients of this API write lists and maps:
 *
 * - `a[]=x&a[]=y`: a list of texts
 * - `a[0][id]=x&a[0][collection]=y`, or `a[][id]=x&a[][collection]=y`: a list of maps
 * - `a[id]=x`: a map
 *
 * - a value that begins as JSON: its text, in which a plus sign is one and no space
 *
 * Brackets may be percent-encoded. Of `a=x&a=y` the last counts. Names without a meaning here stay
 * flat; schemas ignore unknown ones.
 */
export function readQuery(rawQuery: string): Record<string, JsonValue> {
  const values = new Map<string, Value>();
  const positions = new Map<string, Map<string, number>>();
  for (const [key, text] of new URLSearchParams(keepPluses(rawQuery))) {
    const [, name, list, index, field] = /^([^[\]]+)(\[(\d{0,6})\])?(?:\[([^[\]]+)\])?$/.exec(key) ?? [];
    if (name === undefined) continue;
    if (list === undefined) {
      if (field === undefined) values.set(name, text);
      else fieldsOf(values, name).set(field, text);
      continue;
    }
    const items = listOf(values, name);
    if (field === undefined) items.push(text);
    else itemFor(items, positions, name, index ?? '', field).set(field, text);
  }
  return Object.fromEntries([...values].map(([name, value]) => [name, plain(value)]));
}

/** Callers that put JSON into a query write its plus signs, and those of ids, as they are. */
function keepPluses(rawQuery: string): string {
  return rawQuery
    .split('&')
    .map((part) => (/^[^=]*=(\[|\{|%5B|%7B)/i.test(part) ? part.replaceAll('+', '%2B') : part))
    .join('&');
}

function fieldsOf(values: Map<string, Value>, name: string): Fields {
  const held = values.get(name);
  if (held instanceof Map) return held;
  const fields: Fields = new Map();
  values.set(name, fields);
  return fields;
}

function listOf(values: Map<string, Value>, name: string): (string | Fields)[] {
  const held = values.get(name);
  if (Array.isArray(held)) return held;
  const items: (string | Fields)[] = [];
  values.set(name, items);
  return items;
}

/** The map that a field belongs to: that of its index, or the last one that lacks the field. */
function itemFor(
  items: (string | Fields)[],
  positions: Map<string, Map<string, number>>,
  name: string,
  index: string,
  field: string,
): Fields {
  const ofName = positions.get(name) ?? new Map<string, number>();
  positions.set(name, ofName);
  const known = index === '' ? items.at(-1) : items[ofName.get(index) ?? -1];
  if (known instanceof Map && (index !== '' || !known.has(field))) return known;
  const made: Fields = new Map();
  if (index !== '') ofName.set(index, items.length);
  items.push(made);
  return made;
}

function plain(value: Value): JsonValue {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(value);
}
