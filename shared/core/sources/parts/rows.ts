import * as z from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import { firstPresent } from './present.ts';

/** Any map: what is in it is for the sender's templates to say. */
export const AnyObject = z.custom<JsonObject>(isJsonObject);

/**
 * The columns of a row that a reverse ETL posts: those below one of `holders`, where a template nests them, else those of
 * the body without `notColumns`, which say what happened to the row.
 */
export function rowOf(body: JsonObject, holders: readonly string[], notColumns: readonly string[]): JsonObject {
  for (const holder of holders) {
    const row = Object.hasOwn(body, holder) ? body[holder] : undefined;
    if (isJsonObject(row)) return row;
  }
  return Object.fromEntries(Object.entries(body).filter(([name]) => !notColumns.includes(name)));
}

/** Whose row it is: `user_id`, as samples of the vendors call it, else `userId` or `id`. */
export function rowUserId(row: JsonObject): JsonValue | undefined {
  return firstPresent(row.user_id, row.userId, row.id);
}

// Columns that the default mapping reads one by one, and identifiers, which are no properties of a person.
const reservedColumns = new Set([
  ...['name', 'email', 'phone_number', 'phone', 'avatar', 'locale', 'timezone', 'created_at'],
  ...['user_id', 'userId', 'id'],
]);

/** `custom_columns`: the columns that have no field of a user of their own. */
export function rowPreprocess(row: JsonObject): JsonObject {
  return {
    custom_columns: Object.fromEntries(Object.entries(row).filter(([name]) => !reservedColumns.has(name))),
  };
}
