import { usageError } from '../refusal.ts';

/*
 * A cursor is the name of the last row of a page, as plain text: a list goes on behind it. Rows that
 * are written or removed meanwhile therefore shift no page.
 */

const plainName = /^[\w@.:/+=][\w@.:/+=-]{0,199}$/;
const codedName = /^~[\w-]+$/;

/** @returns the name itself where any shell and URL takes it as it is, else coded */
export function cursorOfName(name: string): string {
  return plainName.test(name) ? name : `~${Buffer.from(name).toString('base64url')}`;
}

/** @throws Refusal (invalid) when no list made the text */
export function nameOfCursor(cursor: string): string {
  if (plainName.test(cursor)) return cursor;
  if (codedName.test(cursor)) return Buffer.from(cursor.slice(1), 'base64url').toString();
  throw wrongCursor(cursor);
}

export function wrongCursor(cursor: string) {
  return usageError(`"${cursor}" is not a cursor of this list`, 'use one that the list printed, or leave it out');
}
