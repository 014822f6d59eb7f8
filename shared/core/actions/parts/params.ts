import * as z from 'zod';
import { tenantsCollection, usersCollection } from '../../directory/entity.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts';

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
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why `id` cannot name a user, object, collection or tenant; undefined when it can. https://docs.knock.app/concepts/users */
export function idProblem(id: string): string | undefined {
  if (id === '') return 'is empty';
  if (id.length > 256) return `is ${id.length} characters long; at most 256 are allowed`;
  if (/[/#]/.test(id)) return 'must not contain "/" or "#"';
  return undefined;
}

/** Names that start with "$" are ours: tenants, and users where a collection is asked for. */
export function collectionProblem(collection: string): string | undefined {
  const isReserved = collection.startsWith('$') && collection !== tenantsCollection && collection !== usersCollection;
  return isReserved
    ? `${collection} is reserved; collections that start with "$" cannot be made`
    : idProblem(collection);
}

export const EntityId = Text.superRefine((id, context) => {
  const problem = idProblem(id);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export function describeType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return isJsonObject(value) ? 'a map' : `a ${typeof value === 'string' ? 'text' : typeof value}`;
}
