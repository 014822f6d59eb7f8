import { isJsonObject, type JsonValue } from './values.ts';

/** What a person is known by. */
export type PersonNames = {
  ids: readonly string[];
  /** E-mail addresses and phone numbers. */
  contacts: readonly string[];
};

/** What stands where a name stood. */
export const erasedMark = '[erased]';

export type Redaction = { text(text: string): string; json(value: JsonValue): JsonValue };

const idNames = ['id', 'user_id', 'userId'];

/** A shorter id is found only where it is the whole text: it may be a word of any other. */
const idInTextMin = 4;

/**
 * Takes a person out of what is about others too. Ids are whole words: `usr_8` is not in `usr_88`
 * nor in `usr_8-b`. A map that describes the person keeps its place and loses all it says. What does
 * not name the person stays as it is, the very same value.
 */
export function redaction({ ids, contacts }: PersonNames): Redaction {
  const isId = new Set(ids);
  const words = ids
    .filter((id) => id.length >= idInTextMin)
    .map((id) => `(?<![\\p{L}\\p{N}_.@])${escaped(id)}(?![\\p{L}\\p{N}_@-]|\\.[\\p{L}\\p{N}])`);
  const patterns = [...words, ...contacts.map(escaped)];
  const pattern = patterns.length === 0 ? undefined : new RegExp(patterns.join('|'), 'giu');
  const text = (value: string) =>
    isId.has(value) ? erasedMark : pattern === undefined ? value : value.replaceAll(pattern, erasedMark);

  function json(value: JsonValue): JsonValue {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) {
      const items = value.map(json);
      return items.some((item, i) => item !== value[i]) ? items : value;
    }
    if (!isJsonObject(value)) return value;
    const own = idNames.find((name) => isName(value[name]));
    if (own !== undefined && !isOfCollection(value)) return { [own]: erasedMark };
    const entries = Object.entries(value).map(([name, inner]) => [text(name), json(inner)] as const);
    return entries.some(([name, inner]) => inner !== value[name]) ? Object.fromEntries(entries) : value;
  }

  const isName = (value: JsonValue | undefined) =>
    (typeof value === 'string' || typeof value === 'number') && isId.has(String(value));
  return { text, json };
}

/** An object may have the id of a user. */
function isOfCollection({ collection }: Record<string, JsonValue>): boolean {
  return typeof collection === 'string' && collection !== '' && collection !== '$users';
}

const escaped = (text: string) => text.replaceAll(/[$()*+./?[\\\]^{|}-]/g, '\\$&');
