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
 * - `body`, `headers` (names in lower case), `preprocess`: that namespace, or all of it when the path ends there;
 * - `user_id`: who did it, as the source derived it;
 * - `data`: the event's primary contents (`properties` of a CDP track, `body.data` elsewhere);
 * - anything else is tried under `body`: `properties.total` reads `body.properties.total`.
 *
 * Header names and keys with dots in them are tried whole before they are split. Rule: docs/protocols/plan.md.
 * @returns undefined when the path leaves the document; a stored `null` is returned as null
 */
export function readEventPath(event: EventNamespaces, path: FieldPath): JsonValue | undefined {
  const [first, ...rest] = path.segments;
  switch (first) {
    case 'body':
      return readField(event.body, rest);
    case 'headers':
      return rest.length === 0 ? (event.headers as JsonObject) : ownValue(event.headers, rest.join('.').toLowerCase());
    case 'preprocess':
      return readField(event.preprocess, rest);
    case 'user_id':
      // A body may have a field of that name; the derived user id is meant only when the path ends here.
      return rest.length === 0
        ? (event.userId ?? ownValue(event.body, 'user_id'))
        : readField(event.body, path.segments);
    case 'data':
      return readField(event.data, rest);
    default:
      return readField(event.body, path.segments);
  }
}

function readField(root: JsonObject, segments: readonly string[]): JsonValue | undefined {
  if (segments.length > 1) {
    const whole = ownValue(root, segments.join('.'));
    if (whole !== undefined) return whole;
  }
  return readSegments(root, segments);
}

function ownValue(root: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(root, key) ? root[key] : undefined;
}
