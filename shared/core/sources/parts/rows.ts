import * as z from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import { createdAtOf } from './created-at.ts';
import { firstPresent, isPresent } from './present.ts';

/** Any map: what is in it is for the sender's templates to say. */
export const AnyObject = z.custom<JsonObject>(isJsonObject);

/**
 * The columns of a row that hold something: those below one of `holders`, where a template nests them, else those of the body
 * without `notColumns`, which say what happened to the row. A column can have the name of a holder, and hold a map: it is
 * one where the body itself is a row, that is where it names the user, more plainly than the map does.
 *
 * Null and `""` are no value: templates write `""` where the cell is empty, so the two cannot be told apart, and neither
 * may blot out what is known. The rule: docs/decisions/0039-what-empty-values-mean.md.
 *
 * @param userColumns which columns name the user, the plainest first
 */
export function rowOf(
  body: JsonObject,
  holders: readonly string[],
  notColumns: readonly string[],
  userColumns: readonly string[] = idColumns,
): JsonObject {
  for (const holder of holders) {
    const held = Object.hasOwn(body, holder) ? body[holder] : undefined;
    if (!isJsonObject(held)) continue;
    const nested = filledColumns(held);
    const beside = filledColumns(body, [...notColumns, holder]);
    if (!namesUser(beside, nested, userColumns)) return nested;
    // With nothing of a person beside the map, the template put the user next to the columns.
    const isUserAlone = Object.keys(beside).every((name) => userColumns.includes(name));
    const isNested = isUserAlone || (describesPerson(nested) && !describesPerson(beside));
    return isNested ? { ...beside, ...nested } : filledColumns(body, notColumns);
  }
  return filledColumns(body, notColumns);
}

/**
 * Whether the body beside a map names the user, and more plainly than the map does. An `id` alone can be that of a change; with
 * an address or a name beside it, it is the user's.
 */
function namesUser(beside: JsonObject, nested: JsonObject, userColumns: readonly string[]): boolean {
  const rankOf = (columns: JsonObject) => userColumns.findIndex((name) => isPresent(columns[name]));
  const [rank, nestedRank] = [rankOf(beside), rankOf(nested)];
  if (rank === -1) return false;
  if (nestedRank === rank) return describesPerson(beside) && !describesPerson(nested);
  const isPlainer = nestedRank === -1 || rank < nestedRank;
  return isPlainer && (userColumns[rank] !== 'id' || describesPerson(beside));
}

const describesPerson = (columns: JsonObject) =>
  [...fieldColumns, 'phone', 'phone_number', 'full_name'].some((name) => isPresent(columns[name]));

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
