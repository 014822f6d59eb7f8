import { userIdOf } from '../ids/user-id.ts';
import type { JsonObject, JsonValue } from '../json/values.ts';
import { type FieldPath, readSegments } from './field-path.ts';

/** The parts of an event that a path can read. */
export type EventNamespaces = {
  body: JsonObject;
  headers: Record<string, string>;
  preprocess: JsonObject;
  userId?: string | undefined;
  data: JsonObject;
};

/**
 * Reads a field path from an event, by its first segment:
 * - `body`, `headers` (names in any case), `preprocess`: that namespace, or all of it when the path
 *   ends there;
 * - `user_id`: the user, as the source derived it;
 * - `data`: the event's primary contents (`properties` of a CDP track, `body.data` elsewhere);
 * - anything else is read under `body`: `properties.total` reads `body.properties.total`.
 *
 * Header names, and keys with dots at the top of a namespace, are first looked up whole, then
 * split. A path with a quoted name is exact and is never split. Rule: docs/protocols/plan.md.
 * @returns undefined when the path leaves the document; a stored `null` is returned as null
 */
export function readEventPath(event: EventNamespaces, path: FieldPath): JsonValue | undefined {
  const { segments, rest, whole } = path;
  switch (segments[0]) {
    case 'body':
      return readField(event.body, rest, whole);
    case 'headers': {
      const name = headerName(path);
      return name === undefined ? (event.headers as JsonObject) : ownValue(event.headers, name);
    }
    case 'preprocess':
      return readField(event.preprocess, rest, whole);
    case 'user_id':
      // A body may have a field of that name; the path means the derived user id only if it ends
      // here.
      return rest.length === 0
        ? (event.userId ?? userIdOf(ownValue(event.body, 'user_id')))
        : readField(event.body, segments, whole === undefined ? undefined : path.text);
    case 'data':
      return readField(event.data, rest, whole);
    default:
      return readField(event.body, segments, whole === undefined ? undefined : path.text);
  }
}

/**
 * The header that a path names, in lower case; undefined for any other path, and for all headers.
 */
export function headerName({ segments, rest }: FieldPath): string | undefined {
  return segments[0] === 'headers' && rest.length > 0 ? rest.join('.').toLowerCase() : undefined;
}

function readField(root: JsonObject, segments: readonly string[], whole: string | undefined): JsonValue | undefined {
  if (whole !== undefined && segments.length > 1) {
    const value = ownValue(root, whole);
    if (value !== undefined) return value;
  }
  return readSegments(root, segments);
}

function ownValue(root: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(root, key) ? root[key] : undefined;
}
