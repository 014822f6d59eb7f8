import { dateTimeText } from '../event-time.ts';
import { type EntityRef, recipientKey } from '../ids/entity-ref.ts';
import { describeType, fromJsonText, isBlank, isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import type { ActionWarning } from '../logs/action-log-entry.ts';
import { clip } from '../text.ts';
import { mapFieldsOf, textFieldsOf } from './entity.ts';
import { formatWarning } from './field-formats.ts';
import { attributesBytesMax, type EntityWrite } from './merge-entity.ts';
import { readTenantSettings } from './tenant-settings.ts';

export type PreparedWrite = { write: EntityWrite; warnings: ActionWarning[] };

/**
 * How deep a property may nest; its own map is the first level. With the map of properties and the
 * item this makes DynamoDB's 32.
 */
const propertyDepthMax = 30;

/**
 * Senders' names for fields. https://www.rudderstack.com/docs/event-spec/standard-events/identify/
 */
const aliases = {
  user: new Map([
    ['phone', 'phone_number'],
    ['createdAt', 'created_at'],
  ]),
  object: new Map([['createdAt', 'created_at']]),
};

// Identity comes from the reference; the directory keeps the others itself.
const ownNames = {
  user: new Set(['id', 'userId', 'updated_at', '__typename']),
  object: new Set(['id', 'collection', 'updated_at', '__typename']),
};

/**
 * Turns a sender's description of an entity into a write. Every value becomes a field or a
 * property, or a warning `property_ignored` says why not.
 *
 * - `given`: traits or an inline recipient. Reserved names (`email`, `phone`) become the entity's
 *   fields; all others become custom properties.
 * - `explicit`: parameters that a mapping filled one by one; they win over `given`.
 *
 * In both, an absent or blank field keeps the stored value, so that an empty cell of a warehouse
 * does not delete an address; null empties the field on purpose. Custom properties keep what they
 * are given, `""` and null too. Malformed addresses, numbers and time zones are stored unchanged,
 * with a warning. Rule: docs/decisions/0026-absent-null-and-empty-in-the-directory.md.
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
  const set = (name: string, value: JsonValue) => {
    const read = readAttribute(ref, name, value, (inner) =>
      ignore(`${name}.${JSON.stringify(clip(inner, 40))}`, 'no property can have this name'),
    );
    if (read === undefined) return;
    if ('problem' in read) ignore(isStorableName(name) ? name : JSON.stringify(clip(name, 40)), read.problem);
    else attributes.set(name.toWellFormed(), read.value);
  };

  const said = { ...given, ...explicit };
  for (const [name, value] of Object.entries(given)) {
    if (ownNames[ref.kind].has(name)) {
      if (!saysNothingNew(ref, name, value)) ignore(name, 'the directory keeps its own');
      continue;
    }
    const field = aliases[ref.kind].get(name);
    // If the field itself has a value, the value under the other name becomes a property.
    if (field !== undefined && !saysSomething(said, field)) set(field, value);
    else if (!isSaidByAlias(ref, given, name, value)) set(name, value);
  }
  for (const [name, value] of Object.entries(explicit)) set(name, value);

  for (const name of textFieldsOf(ref)) {
    const warning = formatWarning(name, attributes.get(name));
    if (warning !== undefined) warnings.push({ ...warning, message: `${recipientKey(ref)}: ${warning.message}` });
  }
  if (ref.id !== ref.id.trim()) {
    const message = `${recipientKey(ref)}: its id has blanks at an end; ids are taken exactly as sent, so it is another one than without`;
    warnings.push({ code: 'id_has_blanks', message });
  }
  const replaces = readSettings(ref, attributes, warnings);
  const write = { ref, attributes: Object.fromEntries(attributes), sourceTimeMs, ...(replaces && { replaces }) };
  return { write, warnings };
}

/**
 * Whether a name that senders cannot set repeats the entity's identity or is empty: then no warning
 * is needed.
 */
function saysNothingNew(ref: EntityRef, name: string, value: JsonValue): boolean {
  if (value === null || value === '' || name === '__typename') return true;
  if (name === 'collection') return ref.kind === 'object' && value === ref.collection;
  return name !== 'updated_at' && String(value) === ref.id;
}

function saysSomething(said: JsonObject, name: string): boolean {
  const value = Object.hasOwn(said, name) ? said[name] : undefined;
  return value !== undefined && value !== null && !(typeof value === 'string' && isBlank(value));
}

/** The field is null, but another name for it has a value: the sender uses that name. */
function isSaidByAlias(ref: EntityRef, given: JsonObject, name: string, value: JsonValue): boolean {
  if (value !== null) return false;
  return [...aliases[ref.kind]].some(([alias, field]) => field === name && saysSomething(given, alias));
}

/** @returns undefined for a blank field, which keeps the stored value */
function readAttribute(
  ref: EntityRef,
  name: string,
  value: JsonValue,
  onUnstorableName: (name: string) => void,
): { value: JsonValue } | { problem: string } | undefined {
  if (depthExceeds(value, propertyDepthMax)) return { problem: `it nests deeper than ${propertyDepthMax} levels` };
  if (textFieldsOf(ref).includes(name)) {
    if (typeof value === 'string' && isBlank(value)) return undefined;
    const text = name === 'created_at' ? (dateTimeText(value) ?? value) : value;
    if (text !== null && typeof text !== 'string' && typeof text !== 'number')
      return { problem: `it must be text, not ${describeType(text)}` };
    return { value: text === null ? null : storable(String(text)) };
  }
  if (mapFieldsOf(ref).includes(name)) {
    if (typeof value === 'string' && isBlank(value)) return undefined;
    const map = fromJsonText(value);
    if (map !== null && !isJsonObject(map)) return { problem: `it must be a map, not ${describeType(map)}` };
    if (depthExceeds(map, propertyDepthMax)) return { problem: `it nests deeper than ${propertyDepthMax} levels` };
    return { value: storable(map, onUnstorableName) };
  }
  if (!isStorableName(name)) return { problem: 'no property can have this name' };
  return { value: storable(value, onUnstorableName) };
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

// DynamoDB takes names of one byte to 64 KB. `__proto__` would be lost, or do harm, in a reader's
// code.
const isStorableName = (name: string) => name !== '' && name.length <= nameLengthMax && name !== '__proto__';
const nameLengthMax = 1024;

/**
 * A value in the form that the table can hold and return. Numbers beyond the range of JavaScript or
 * DynamoDB become text of their digits, and halves of surrogate pairs become U+FFFD. Names that
 * cannot be stored are dropped and reported to `onDropped`.
 */
export function storable(value: JsonValue, onDropped?: (name: string) => void): JsonValue {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'number') return storableNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((inner) => storable(inner, onDropped));
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      if (isStorableName(name)) return [[name.toWellFormed(), storable(inner, onDropped)]];
      onDropped?.(name);
      return [];
    }),
  );
}

const smallestNumber = 1e-130;

function storableNumber(value: number): JsonValue {
  if (value === 0) return 0;
  const isHeld = Math.abs(value) <= Number.MAX_SAFE_INTEGER && Math.abs(value) >= smallestNumber;
  return isHeld ? value : String(value);
}

/**
 * Why a map cannot be stored; undefined when it can. For maps that are not an entity: properties of
 * a subscription.
 */
export function mapProblem(map: JsonObject): string | undefined {
  if (depthExceeds(map, propertyDepthMax)) return `nests deeper than ${propertyDepthMax} levels`;
  const bytes = Buffer.byteLength(JSON.stringify(map));
  return bytes > attributesBytesMax ? `is ${bytes} bytes; at most ${attributesBytesMax} fit` : undefined;
}

/**
 * Whether maps and lists nest deeper than `levels`. It goes level by level, since recursion would
 * fail on the hostile depth that it looks for.
 */
function depthExceeds(value: JsonValue, levels: number): boolean {
  let level: JsonValue[] = [value];
  for (let depth = 0; ; depth++) {
    level = level.filter((inner) => typeof inner === 'object' && inner !== null);
    if (level.length === 0) return false;
    if (depth === levels) return true;
    level = level.flatMap((inner) => Object.values(inner as JsonObject));
  }
}
