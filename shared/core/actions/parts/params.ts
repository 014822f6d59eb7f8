import { createHash } from 'node:crypto';
import * as z from 'zod';
import { tenantsCollection, usersCollection } from '../../ids/entity-ref.ts';
import { isNoId } from '../../ids/user-id.ts';
import {
  describeType,
  fromJsonText,
  isBlank,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from '../../json/values.ts';
import type { ActionWarning } from '../../logs/action-log-entry.ts';

/** Missing, null, blank text and empty lists are empty; 0 and false are values. */
export function isNothing(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'string' ? isBlank(value) : Array.isArray(value) && value.length === 0;
}

let notes: ActionWarning[] | undefined;

/**
 * Parses, and returns with the result the values that schemas left out. Parsing is synchronous, so
 * two never mix.
 */
export function withNotes<Result>(parse: () => Result): { result: Result; notes: ActionWarning[] } {
  const collected: ActionWarning[] = [];
  notes = collected;
  try {
    return { result: parse(), notes: collected };
  } finally {
    notes = undefined;
  }
}

/** Records that a value within a parameter was left out; the rest is still used. */
export function noteLeftOut(what: string, why: string): void {
  notes?.push(leftOut(what, why));
}

export function leftOut(what: string, why: string): ActionWarning {
  return { code: 'property_ignored', message: `${what} was left out: ${why}` };
}

/** Text. Some senders send numbers for phones and ids; these become their digits. */
export const Text = z.union([z.string(), z.number().transform(String)], {
  error: ({ input }) => `must be text, not ${describeType(input)}`,
});

// A row holds the key twice, once as a part of an index key, which has at most 2,048 bytes.
const cancellationKeyBytesMax = 1024;

/**
 * What names runs for a later cancellation. A longer text is replaced by its hash, in triggers and
 * cancellations alike, so the two still meet.
 */
export const CancellationKey = Text.transform((key) => {
  const bytes = Buffer.byteLength(key);
  if (bytes <= cancellationKeyBytesMax) return key;
  const message = `the cancellation key is ${bytes} bytes long, and its hash is used; at most ${cancellationKeyBytesMax} are kept as they are`;
  notes?.push({ code: 'cancellation_key_hashed', message });
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
});

/** True or false, or a text or number that clearly means one. */
export const Flag: z.ZodType<boolean> = z.unknown().transform((value, context): boolean => {
  const flag = flags.get(typeof value === 'string' ? value.trim().toLowerCase() : value);
  if (flag !== undefined) return flag;
  context.addIssue({ code: 'custom', message: `must be true or false, not ${describeType(value)}` });
  return z.NEVER;
});

const flags = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  ['true', true],
  ['false', false],
  [1, true],
  [0, false],
]);

/** A map, or its JSON text, which some senders send. */
export const JsonMap: z.ZodType<JsonObject> = z.unknown().transform((value, context): JsonObject => {
  const map = fromJsonText(value as JsonValue);
  if (isJsonObject(map)) return map;
  const found = typeof value === 'string' ? 'text that is not JSON of a map' : describeType(map);
  context.addIssue({ code: 'custom', message: `must be a map, not ${found}` });
  return z.NEVER;
});

// Keys of rows are made of two ids and a few words, and a sort key has at most 1,024 bytes.
const idBytesMax = 500;

/** Why `id` cannot name a user, object, collection or tenant; undefined when it can. https://docs.knock.app/concepts/users */
export function idProblem(id: string): string | undefined {
  if (id === '') return 'is empty';
  if (isNoId(id))
    return isBlank(id) ? 'holds blanks alone' : `is "${id.trim()}", which programs write where they have no id`;
  if (id.length > 256) return `is ${id.length} characters long; at most 256 are allowed`;
  const bytes = Buffer.byteLength(id);
  if (bytes > idBytesMax) return `is ${bytes} bytes long in UTF-8; at most ${idBytesMax} are allowed`;
  if (/[/#]/.test(id)) return 'must not contain "/" or "#"';
  // Half of a surrogate pair has no UTF-8 bytes, so tables and derived ids could not tell it from
  // others.
  if (!id.isWellFormed()) return 'holds half a character (a lone surrogate)';
  return undefined;
}

/** Names that start with "$" are reserved: tenants, and users where a collection is expected. */
export function collectionProblem(collection: string): string | undefined {
  const isReserved = collection.startsWith('$') && collection !== tenantsCollection && collection !== usersCollection;
  return isReserved
    ? `${collection} is reserved; collections that start with "$" cannot be made`
    : idProblem(collection);
}

/** Like an id, but without whitespace. https://docs.knock.app/concepts/tenants */
export function tenantIdProblem(id: string): string | undefined {
  return idProblem(id) ?? (/\s/.test(id) ? "must not contain whitespace to be a tenant's id" : undefined);
}

export const EntityId = checkedText(idProblem);

export const TenantId = checkedText(tenantIdProblem);

/** A collection of objects: `$tenants` is one, `$users` is not. */
export const Collection = checkedText((collection) =>
  collection === usersCollection
    ? `${usersCollection} is not a collection of objects; use the actions of users`
    : collectionProblem(collection),
);

/** Text, or a number as its digits, without the problem that `problemOf` finds. */
export function checkedText(problemOf: (text: string) => string | undefined) {
  return Text.superRefine((text, context) => {
    const problem = problemOf(text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}

/**
 * `branding` and `preference_set`, as maps or JSON text. A null `preference_set` is a value; other
 * members are kept unchanged.
 */
export const TenantSettings: z.ZodType<JsonObject> = JsonMap.transform((settings): JsonObject => {
  const read = Object.entries(settings).flatMap(([name, value]): [string, JsonValue][] => {
    if (name === 'branding' && isNothing(value)) return [];
    if (name !== 'branding' && (name !== 'preference_set' || value === null)) return [[name, value]];
    const map = fromJsonText(value);
    if (isJsonObject(map)) return [[name, map]];
    if (!isNothing(map)) noteLeftOut(`settings.${name}`, `it must be a map, not ${describeType(map)}`);
    return [];
  });
  return Object.fromEntries(read);
});
