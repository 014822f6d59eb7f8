import { dateTimeText } from '../../event-time.ts';
import type { JsonObject } from '../../json/values.ts';

/** The field with a person's time of creation, and the time in the directory's form. */
export type CreatedAt = { name: string; text: string };

/** The first of the usual names with a time; undefined without one. */
export function createdAtOf(described: JsonObject): CreatedAt | undefined {
  for (const name of ['created_at', 'createdAt']) {
    const text = Object.hasOwn(described, name) ? dateTimeText(described[name]) : undefined;
    if (text !== undefined) return { name, text };
  }
  return undefined;
}
