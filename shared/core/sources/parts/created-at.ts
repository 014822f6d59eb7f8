import { dateTimeText } from '../../event-time.ts';
import type { JsonObject } from '../../json/values.ts';

/** Where a person's description says since when they are known, and the time as the directory holds it. */
export type CreatedAt = { name: string; text: string };

/** The first of the usual names under which there is a time; undefined where there is none. */
export function createdAtOf(described: JsonObject): CreatedAt | undefined {
  for (const name of ['created_at', 'createdAt']) {
    const text = Object.hasOwn(described, name) ? dateTimeText(described[name]) : undefined;
    if (text !== undefined) return { name, text };
  }
  return undefined;
}
