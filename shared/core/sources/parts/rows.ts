import * as z from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import { createdAtOf } from './created-at.ts';
import { firstPresent, isPresent } from './present.ts';

/** Any map: the sender's templates define its content. */
export const AnyObject = z.custom<JsonObject>(isJsonObject);

/**
 * The columns of a row that have a value: those under one of `holders`, if a template nests them,
 * else those of the body without `notColumns`, which describe the change.
 *
 * A column can have a holder's name and hold a map. It is a column if the body itself is a row,
 * that is, if the body names the user more plainly than the map does.
 *
 * Null and `""` do not count as values. Templates write `""` for an empty cell, so the two cannot
 * be told apart, and neither may delete known data. The rule:
 * docs/decisions/0021-what-empty-values-mean.md.
 * @param userColumns the columns that name the user, the plainest first
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
    // Without personal data beside the map, the template put the user next to the columns.
    const isUserAlone = Object.keys(beside).every((name) => userColumns.includes(name));
    const isNested = isUserAlone || (describesPerson(nested) && !describesPerson(beside));
    return isNested ? { ...beside, ...nested } : filledColumns(body, notColumns);
  }
  return filledColumns(body, notColumns);
}

/**
 * Whether the body beside a map names the user more plainly than the map does. A single `id` can be
 * the change's; with an address or a name beside it, it is the user's.
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

/** The row's user: `user_id`, as in the vendors' samples, else `userId` or `id`. */
export function rowUserId(row: JsonObject): JsonValue | undefined {
  return firstPresent(...idColumns.map((name) => row[name]));
}

/** Columns that the default mapping reads separately, as fields of a user. */
const fieldColumns: readonly string[] = ['name', 'email', 'avatar', 'locale', 'timezone'];

/**
 * `custom_columns`: all columns that the default mapping does not read as a field, so that none is
 * lost; `created_at`: the person's time of creation, if a column has it.
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
