import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import type { ActionWarning } from '../logs/action-log-entry.ts';
import { type EntityRef, mapFieldsOf, recipientKey, textFieldsOf } from './entity.ts';
import { formatWarning } from './field-formats.ts';
import { attributesBytesMax, type EntityWrite } from './merge-entity.ts';
import { readTenantSettings } from './tenant-settings.ts';

/** Whether a name that is not a sender's to set repeats who the entity is, or holds nothing: then there is nothing to warn of. */
function saysNothingNew(ref: EntityRef, name: string, value: JsonValue): boolean {
  if (value === null || value === '' || name === '__typename') return true;
  if (name === 'collection') return ref.kind === 'object' && value === ref.collection;
  return name !== 'updated_at' && String(value) === ref.id;
}

export type PreparedWrite =
  | { kind: 'ready'; write: EntityWrite; warnings: ActionWarning[] }
  /** `field` counts from the given map: `address`. */
  | { kind: 'invalid'; field: string; message: string };

/** How deep a property may nest, its own map being the first level. With the map of properties and the item, DynamoDB's 32. */
const propertyDepthMax = 30;

/** Traits that customer data platforms name differently. https://www.rudderstack.com/docs/event-spec/standard-events/identify/ */
const userAliases = new Map([['phone', 'phone_number']]);

// Identity comes from the reference, the rest is kept by the directory itself.
const ownNames = {
  user: new Set(['id', 'userId', 'updated_at', '__typename']),
  object: new Set(['id', 'collection', 'updated_at', '__typename']),
};

/**
 * Turns what a sender says about an entity into a write.
 *
 * - `given`: traits or an inline recipient, in which reserved names (`email`, `timezone`) stand for the entity's own
 *   fields and everything else is a custom property. A reserved name with a value of the wrong type is left out with a
 *   warning, since nobody chose it on purpose. `null` is a value.
 * - `explicit`: parameters that a mapping filled one by one, checked by the action; they win over `given`.
 *
 * Malformed addresses, numbers and time zones are stored as they are, with a warning.
 */
export function prepareWrite(
  ref: EntityRef,
  given: JsonObject,
  explicit: JsonObject,
  sourceTimeMs: number,
): PreparedWrite {
  const attributes = new Map<string, JsonValue>();
  const warnings: ActionWarning[] = [];
  const ignore = (name: string, why: string) =>
    warnings.push({ code: 'property_ignored', message: `${recipientKey(ref)}: ${name} was left out: ${why}` });

  for (const [sentName, value] of Object.entries(given)) {
    if (ownNames[ref.kind].has(sentName)) {
      if (!saysNothingNew(ref, sentName, value)) ignore(sentName, 'the directory keeps its own');
      continue;
    }
    const alias = ref.kind === 'user' ? userAliases.get(sentName) : undefined;
    // Where the field has a value of its own, what goes by the other name is a property like any other, not lost.
    const isAlias = alias !== undefined && !Object.hasOwn(given, alias) && !Object.hasOwn(explicit, alias);
    const name = isAlias ? alias : sentName;
    if (depthExceeds(value, propertyDepthMax)) {
      return { kind: 'invalid', field: sentName, message: `nests deeper than ${propertyDepthMax} levels` };
    }
    if (textFieldsOf(ref).includes(name)) {
      const text = typeof value === 'number' ? String(value) : value;
      if (text === null || typeof text === 'string') attributes.set(name, storable(text));
      else ignore(name, `it must be text, not ${Array.isArray(text) ? 'a list' : `a ${typeof text}`}`);
    } else if (mapFieldsOf(ref).includes(name)) {
      if (isJsonObject(value)) attributes.set(name, storable(value));
      else if (value !== null) ignore(name, 'it must be a map');
    } else if (!isStorableName(name)) ignore(JSON.stringify(name.slice(0, 40)), 'no property can have this name');
    else attributes.set(name, storable(value));
  }
  for (const [name, value] of Object.entries(explicit)) {
    if (depthExceeds(value, propertyDepthMax)) {
      return { kind: 'invalid', field: name, message: `nests deeper than ${propertyDepthMax} levels` };
    }
    attributes.set(name, storable(value));
  }
  for (const name of textFieldsOf(ref)) {
    const warning = formatWarning(name, attributes.get(name));
    if (warning !== undefined) warnings.push({ ...warning, message: `${recipientKey(ref)}: ${warning.message}` });
  }
  if (ref.id !== ref.id.trim())
    warnings.push({
      code: 'id_has_blanks',
      message: `${recipientKey(ref)}: its id has blanks at an end; ids are taken exactly as sent, so it is another one than without`,
    });
  const replaces = readSettings(ref, attributes, warnings);
  const write = { ref, attributes: Object.fromEntries(attributes), sourceTimeMs, ...(replaces && { replaces }) };
  return { kind: 'ready', write, warnings };
}

function readSettings(
  ref: EntityRef,
  attributes: Map<string, JsonValue>,
  warnings: ActionWarning[],
): EntityWrite['replaces'] {
  const given = attributes.get('settings');
  if (!mapFieldsOf(ref).includes('settings') || !isJsonObject(given)) return undefined;
  const read = readTenantSettings(given);
  attributes.set('settings', read.settings);
  warnings.push(...read.warnings.map(({ code, message }) => ({ code, message: `${recipientKey(ref)}: ${message}` })));
  return read.replaces;
}

// DynamoDB takes names of one byte to 64 KB; `__proto__` would be lost, or worse, in the hands of whoever reads it.
const isStorableName = (name: string) => name !== '' && name.length <= nameLengthMax && name !== '__proto__';
const nameLengthMax = 1024;

/**
 * A value as the table can hold and return it: numbers beyond what JavaScript and DynamoDB both represent become text of
 * their digits, halves of surrogate pairs become U+FFFD, names that cannot be stored are dropped.
 */
export function storable(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'number') return storableNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(storable);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      isStorableName(name) ? [[name.toWellFormed(), storable(inner)]] : [],
    ),
  );
}

const smallestNumber = 1e-130;

function storableNumber(value: number): JsonValue {
  if (value === 0) return 0;
  const isHeld = Math.abs(value) <= Number.MAX_SAFE_INTEGER && Math.abs(value) >= smallestNumber;
  return isHeld ? value : String(value);
}

/** What keeps a map from being stored; undefined when nothing does. For maps that are no entity: properties of a subscription. */
export function mapProblem(map: JsonObject): string | undefined {
  if (depthExceeds(map, propertyDepthMax)) return `nests deeper than ${propertyDepthMax} levels`;
  const bytes = Buffer.byteLength(JSON.stringify(map));
  return bytes > attributesBytesMax ? `is ${bytes} bytes; at most ${attributesBytesMax} fit` : undefined;
}

/** Whether maps and lists nest deeper than `levels`. Level by level, because hostile depth is what it is there to find. */
function depthExceeds(value: JsonValue, levels: number): boolean {
  let level: JsonValue[] = [value];
  for (let depth = 0; ; depth++) {
    level = level.filter((inner) => typeof inner === 'object' && inner !== null);
    if (level.length === 0) return false;
    if (depth === levels) return true;
    level = level.flatMap((inner) => Object.values(inner as JsonObject));
  }
}
