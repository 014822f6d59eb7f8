import { userIdOf } from '../ids/user-id.ts';
import type { JsonObject, JsonValue } from '../json/values.ts';
import { type FieldPath, readSegments } from './field-path.ts';

/** What a path can read of an event. */
export type EventNamespaces = {
  body: JsonObject;
  headers: Record<string, string>;
  preprocess: JsonObject;
  userId?: string | undefined;
  data: JsonObject;
};

/**
 * Reads a field path from an event, by its first segment:
 *
 * - `body`, `headers` (names in any case), `preprocess`: that namespace, or all of it when the path ends there;
 * - `user_id`: who did it, as the source derived it;
 * - `data`: the event's primary contents (`properties` of a CDP track, `body.data` elsewhere);
 * - anything else is tried under `body`: `properties.total` reads `body.properties.total`.
 *
 * Header names, and keys with dots in them at the top of a namespace, are tried whole before they are split; not so in a
 * path with a quoted name, which says exactly what it means. Rule: docs/protocols/plan.md.
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
      // A body may have a field of that name; the derived user id is meant only when the path ends here.
      return rest.length === 0
        ? (event.userId ?? userIdOf(ownValue(event.body, 'user_id')))
        : readField(event.body, segments, whole === undefined ? undefined : path.text);
    case 'data':
      return readField(event.data, rest, whole);
    default:
      return readField(event.body, segments, whole === undefined ? undefined : path.text);
  }
}

/** The header that a path names, in lower case; undefined for a path to something else or to all headers. */
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
