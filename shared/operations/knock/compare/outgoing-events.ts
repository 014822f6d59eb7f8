import { randomUUID } from 'node:crypto';
import { unpackEventText } from '../../../core/events/raw-event.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../../core/json/values.ts';
import { readEventPath } from '../../../core/mappings/event-path.ts';
import { type FieldPath, parseFieldPath } from '../../../core/mappings/field-path.ts';
import type { Environment } from '../../environment.ts';
import { eventLogOf, listEvents } from '../../events/events.ts';
import { failure, notFound } from '../../refusal.ts';
import { type KnownSource, pickSources } from '../../sources/known-sources.ts';
import { searchRange } from '../../tables/search-range.ts';

/** One request, the same for both sides except for its proof. */
export type OutgoingEvent = {
  /** The file's name, or the id of the recorded event. */
  name: string;
  body: Uint8Array<ArrayBuffer>;
  /** Besides those that the vendor sets on every post; names in lower case. */
  headers: Record<string, string>;
};

/** The newest recorded events of a source, oldest first, with the headers that were kept. */
export async function recordedEvents(
  environment: Environment,
  known: KnownSource[],
  source: string,
  last: number,
): Promise<OutgoingEvent[]> {
  const range = searchRange({}, Date.now(), { retentionDays: environment.outputs.LogRetentionDays });
  const rows = await listEvents(eventLogOf(environment), {
    ...range,
    sources: pickSources(known, source),
    limit: last,
  });
  if (rows.length === 0)
    throw notFound(`no event of ${source} is recorded in ${environment.name}`, 'name files with payloads');
  return rows.reverse().map(({ id, payload }) => {
    const { headers, body } = unpackEventText(payload);
    return { name: id, headers, body: new TextEncoder().encode(body) };
  });
}

/**
 * The event under an id of its own, since a copy runs nothing on a side that has seen it. Every other
 * byte stays.
 * @param keyPaths where the idempotency key is; the first with a value counts
 * @throws Refusal when the key cannot be replaced: it is computed, or its text occurs elsewhere too
 */
export function withNewId(event: OutgoingEvent, keyPaths: readonly FieldPath[]): OutgoingEvent {
  const text = new TextDecoder().decode(event.body);
  const body = bodyOf(text);
  if (body === undefined) return event;
  const namespaces = { body, headers: event.headers, preprocess: {}, data: {} };
  for (const path of keyPaths) {
    const key = readEventPath(namespaces, path);
    if (typeof key !== 'string' || key === '') continue;
    if (path.segments[0] === 'headers') {
      const name = path.rest.join('.').toLowerCase();
      return { ...event, headers: { ...event.headers, [name]: randomUUID() } };
    }
    const written = JSON.stringify(key);
    const parts = text.split(written);
    if (parts.length !== 2)
      throw failure(
        `the id of ${event.name} cannot be replaced: its text occurs ${parts.length - 1} times in the body`,
        'give files with fresh ids instead',
      );
    return { ...event, body: new TextEncoder().encode(parts.join(JSON.stringify(randomUUID()))) };
  }
  return event;
}

function bodyOf(text: string): JsonObject | undefined {
  try {
    const body = parseJson(text);
    return isJsonObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

/** The paths at which a source's key is. */
export function keyPathsOf(own: string | undefined, kinds: readonly FieldPath[]): readonly FieldPath[] {
  return own === undefined ? kinds : [parseFieldPath(own)];
}
