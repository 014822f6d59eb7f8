import * as z from 'zod';
import { tenantsCollection, usersCollection } from '../../directory/entity.ts';
import { isNoId } from '../../ids/user-id.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../json/values.ts';

/** Missing, null, empty text and empty lists are all nothing; 0 and false are something. */
export function isNothing(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Text; senders that know no better send numbers for phones and ids, which become their digits. */
export const Text = z.union([z.string(), z.number().transform(String)], {
  error: ({ input }) => `must be text, not ${describeType(input)}`,
});

/** A map, or its JSON text, as some senders wrap it. */
export const JsonMap: z.ZodType<JsonObject> = z.unknown().transform((value, context): JsonObject => {
  const map = typeof value === 'string' ? parseMap(value) : value;
  if (isJsonObject(map)) return map;
  const found = typeof value === 'string' ? 'text that is not JSON of a map' : describeType(value);
  context.addIssue({ code: 'custom', message: `must be a map, not ${found}` });
  return z.NEVER;
});

function parseMap(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Lists and maps that some senders wrap in text; any other text is itself. */
export function fromJsonText(value: JsonValue): JsonValue {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return parseJson(value);
  } catch {
    return value;
  }
}

/** Why `id` cannot name a user, object, collection or tenant; undefined when it can. https://docs.knock.app/concepts/users */
export function idProblem(id: string): string | undefined {
  if (id === '') return 'is empty';
  if (isNoId(id))
    return id.trim() === '' ? 'holds blanks alone' : `is "${id.trim()}", which programs write where they have no id`;
  if (id.length > 256) return `is ${id.length} characters long; at most 256 are allowed`;
  if (/[/#]/.test(id)) return 'must not contain "/" or "#"';
  // Half of a surrogate pair has no bytes of its own: neither tables nor the ids that are made of it could tell it from others.
  if (!id.isWellFormed()) return 'holds half a character (a lone surrogate)';
  return undefined;
}

/** Names that start with "$" are ours: tenants, and users where a collection is asked for. */
export function collectionProblem(collection: string): string | undefined {
  const isReserved = collection.startsWith('$') && collection !== tenantsCollection && collection !== usersCollection;
  return isReserved
    ? `${collection} is reserved; collections that start with "$" cannot be made`
    : idProblem(collection);
}

/** As ids are, and without whitespace. https://docs.knock.app/concepts/tenants */
export function tenantIdProblem(id: string): string | undefined {
  return idProblem(id) ?? (/\s/.test(id) ? "must not contain whitespace to be a tenant's id" : undefined);
}

export const EntityId = checkedText(idProblem);

export const TenantId = checkedText(tenantIdProblem);

/** A collection of objects; users are none, tenants are. */
export const Collection = checkedText((collection) =>
  collection === usersCollection
    ? `${usersCollection} is no collection of objects; use the actions of users`
    : collectionProblem(collection),
);

function checkedText(problemOf: (text: string) => string | undefined) {
  return Text.superRefine((text, context) => {
    const problem = problemOf(text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}

/** `branding` and `preference_set`, as maps or JSON text; a null `preference_set` is a value, others are kept as they are. */
export const TenantSettings: z.ZodType<JsonObject> = JsonMap.transform((settings, context): JsonObject => {
  const read = Object.entries(settings).flatMap(([name, value]): [string, JsonValue][] => {
    if (name === 'branding' && isNothing(value)) return [];
    if (name !== 'branding' && (name !== 'preference_set' || value === null)) return [[name, value]];
    const map = fromJsonText(value);
    if (isJsonObject(map)) return [[name, map]];
    context.addIssue({ code: 'custom', path: [name], message: `must be a map, not ${describeType(map)}` });
    return [];
  });
  return Object.fromEntries(read);
});

export function describeType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return isJsonObject(value) ? 'a map' : `a ${typeof value === 'string' ? 'text' : typeof value}`;
}
