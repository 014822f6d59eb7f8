import type { SourceFile, SourceSettings } from '../configuration/schema.ts';
import { eventIdTimeMs } from '../events/event-id.ts';
import type { NormalizedEvent } from '../events/normalized-event.ts';
import { type RawEvent, unpackEventText } from '../events/raw-event.ts';
import { isJsonObject, type JsonValue, parseJson } from '../json.ts';
import type { EventReason } from '../logs/event-log-entry.ts';
import { type EventNamespaces, readEventPath } from '../mappings/event-path.ts';
import { type FieldPath, parseFieldPath } from '../mappings/field-path.ts';
import { sourceKind } from './index.ts';
import { type FieldProblem, type Reading, type SourceKind, typeName } from './source.ts';

type Rejected = {
  kind: 'rejected';
  reason: Extract<EventReason, 'not_an_object' | 'payload_invalid' | 'event_type_missing'>;
  /** Which field, what it holds, what it would have to hold; never the value itself. */
  detail: string;
};

export type Normalization = { kind: 'normalized'; event: NormalizedEvent } | Rejected;

/**
 * Reads an event as its source means it. The same event, file and settings always give the same result.
 *
 * The event type is at the source's `event_type_path`, else what its kind says; the idempotency key at the path in the
 * settings, else in the source's file, else where its kind sends it. The key is not checked here: claim-key.ts does.
 * @throws for a payload that is not ours, and for a kind this version of the code does not know
 */
export function normalizeEvent(raw: RawEvent, file: SourceFile, settings: SourceSettings): Normalization {
  const kind = sourceKind(file.kind);
  if (kind === undefined)
    throw new Error(`source "${raw.source}" is of kind "${file.kind}", which this version does not know`);
  const { headers, body: text } = unpackEventText(raw.payload);
  const body = parseJson(text);
  if (!isJsonObject(body)) {
    return rejected('not_an_object', `the event is ${typeName(body)}; wanted a JSON object`);
  }
  const reading = kind.read(body, headers);
  if (isProblem(reading)) return invalid(reading);

  const { data, preprocess } = reading;
  const userId = userIdOf(reading.userId);
  const namespaces: EventNamespaces = { body, headers, preprocess, data, userId };
  const eventType = eventTypeOf(file, reading, namespaces);
  if (typeof eventType !== 'string') return eventType;
  const keyCandidate = readKey(kind, file, settings, namespaces);
  const receivedAtMs = eventIdTimeMs(raw.id);
  return {
    kind: 'normalized',
    event: {
      id: raw.id,
      source: raw.source,
      eventType,
      ...(userId !== undefined && { userId }),
      data,
      body,
      headers,
      preprocess,
      ...(keyCandidate !== undefined && { keyCandidate }),
      occurredAtMs: Math.min(reading.occurredAtMs ?? receivedAtMs, receivedAtMs + aheadMaxMs),
      receivedAtMs,
    },
  };
}

// A sender's clock may be wrong; an event from next year would stay the newest of its user for a year.
const aheadMaxMs = 5 * 60_000;

function eventTypeOf(file: SourceFile, reading: Reading, event: EventNamespaces): string | Rejected {
  const path = file.event_type_path;
  const found = path === undefined ? reading.eventType() : typeAt(path, event);
  if (isProblem(found)) return invalid(found);
  if (found !== undefined && found !== '') return found;
  const where = path === undefined ? '' : ` at "${path}"`;
  return rejected('event_type_missing', `the event has no type${where}; wanted text such as identify or order.created`);
}

function typeAt(path: string, event: EventNamespaces): string | FieldProblem | undefined {
  const value = readEventPath(event, fieldPath(path)) ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return { field: path, got: typeName(value), wanted: 'text, the type of the event' };
}

function readKey(
  kind: SourceKind,
  file: SourceFile,
  settings: SourceSettings,
  event: EventNamespaces,
): JsonValue | undefined {
  const chosen = settings.idempotency.path ?? file.idempotency_key_path;
  const paths = chosen === undefined ? kind.idempotencyKeyPaths : [fieldPath(chosen)];
  for (const path of paths) {
    const value = readEventPath(event, path);
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return undefined;
}

// Paths come from configuration, so there are few of them, and each is parsed once per process.
const fieldPaths = new Map<string, FieldPath>();

function fieldPath(text: string): FieldPath {
  let path = fieldPaths.get(text);
  if (path === undefined) {
    path = parseFieldPath(text);
    fieldPaths.set(text, path);
  }
  return path;
}

/** Ids are text. Sloppy clients send numbers, whose text names the same person; parseJson keeps the digits of long ones. */
function userIdOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isProblem(value: Reading | FieldProblem | string | undefined): value is FieldProblem {
  return typeof value === 'object' && 'wanted' in value;
}

function invalid({ field, got, wanted }: FieldProblem): Rejected {
  return rejected('payload_invalid', `field "${field}": got ${got}, wanted ${wanted}`);
}

function rejected(reason: Rejected['reason'], detail: string): Rejected {
  return { kind: 'rejected', reason, detail };
}
