import * as z from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import { createdAtOf } from './created-at.ts';
import { firstPresent, isPresent } from './present.ts';

/** Any map: what is in it is for the sender's templates to say. */
export const AnyObject = z.custom<JsonObject>(isJsonObject);

/**
 * The columns of a row that hold something: those below one of `holders`, where a template nests them, else those of the body
 * without `notColumns`, which say what happened to the row.
 *
 * Null and `""` are no value: templates write `""` where the cell is empty, so the two cannot be told apart, and neither
 * may blot out what is known. The rule: docs/decisions/0039-what-empty-values-mean.md.
 */
export function rowOf(body: JsonObject, holders: readonly string[], notColumns: readonly string[]): JsonObject {
  for (const holder of holders) {
    const row = Object.hasOwn(body, holder) ? body[holder] : undefined;
    if (isJsonObject(row)) return filledColumns(row);
  }
  return filledColumns(body, notColumns);
}

export function filledColumns(row: JsonObject, notColumns: readonly string[] = []): JsonObject {
  return Object.fromEntries(
    Object.entries(row).filter(([name, value]) => isPresent(value) && !notColumns.includes(name)),
  );
}

const idColumns = ['user_id', 'userId', 'id'] as const;

/** Whose row it is: `user_id`, as samples of the vendors call it, else `userId` or `id`. */
export function rowUserId(row: JsonObject): JsonValue | undefined {
  return firstPresent(...idColumns.map((name) => row[name]));
}

/** Columns that the default mapping reads one by one, as fields of a user. */
const fieldColumns: readonly string[] = ['name', 'email', 'avatar', 'locale', 'timezone'];

/**
 * `custom_columns`: every column that the default mapping does not read as a field of its own, so that none is lost;
 * `created_at`: since when the person is known, where a column tells.
 */
export function rowPreprocess(row: JsonObject): JsonObject {
  const createdAt = createdAtOf(row);
  const userId = rowUserId(row);
  const isIdOfUser = (name: string, value: JsonValue) =>
    (idColumns as readonly string[]).includes(name) && String(value) === String(userId);
  const phone = isPresent(row.phone_number) ? 'phone_number' : 'phone';
  const isField = (name: string) => fieldColumns.includes(name) || name === phone || name === createdAt?.name;
  return {
    custom_columns: Object.fromEntries(
      Object.entries(row).filter(([name, value]) => !isField(name) && !isIdOfUser(name, value)),
    ),
    ...(createdAt && { created_at: createdAt.text }),
  };
}
