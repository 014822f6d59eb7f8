import type { Preprocessed, Preprocessor } from '../../ports/preprocessor.ts';
import type { SourceFile, SourceSettings } from '../configuration/schema.ts';
import { defined } from '../defined.ts';
import { eventTimeMs } from '../event-time.ts';
import type { NormalizedEvent } from '../events/normalized-event.ts';
import { type RawEvent, unpackEventText } from '../events/raw-event.ts';
import { eventIdTimeMs } from '../ids/event-id.ts';
import { userIdOf } from '../ids/user-id.ts';
import { isJsonObject, type JsonValue, parseJson } from '../json/values.ts';
import type { EventReason } from '../logs/event-log-entry.ts';
import { type EventNamespaces, readEventPath } from '../mappings/event-path.ts';
import { type FieldPath, parseFieldPath } from '../mappings/field-path.ts';
import { sourceKind } from './index.ts';
import { typeText } from './parts/type-text.ts';
import { type FieldProblem, type Reading, type SourceKind, typeName } from './source.ts';

type Rejected = {
  kind: 'rejected';
  reason: Extract<EventReason, 'not_an_object' | 'payload_invalid' | 'event_type_missing' | 'preprocess_failed'>;
  /** The field, the kind of its value, and the expected one; never the value itself. */
  detail: string;
};

export type Normalization = ({ kind: 'normalized'; event: NormalizedEvent } | Rejected) & {
  /** The result of the source's own expression; absent without one. */
  preprocessing?: Preprocessing;
};

/** The settings of a source that affect how its events are read. */
type KeySettings = { idempotency: Pick<SourceSettings['idempotency'], 'path'> };

/** `error`: the event is processed without the expression's values. */
export type Preprocessing = { ms: number; error?: string };

/**
 * Reads an event as its source means it. The same event, file and settings always give the same
 * result. The event type is at the source's `event_type_path`, else the kind derives it. The
 * idempotency key is at the path in the settings, else in the source's file, else the kind's.
 * claim-key.ts checks the key.
 * @param made the result of the source's own expression, required if its file has one;
 * `preprocessEvent` runs it
 * @throws for a payload that is not ours, and for a kind that this version does not know
 */
export function normalizeEvent(
  raw: RawEvent,
  file: SourceFile,
  settings: KeySettings,
  made?: Preprocessed,
): Normalization {
  const kind = kindOf(raw, file);
  const { headers, body: text } = unpackEventText(raw.payload);
  const body = parseJson(text);
  if (!isJsonObject(body)) {
    return rejected('not_an_object', `the event is ${typeName(body)}; wanted a JSON object`);
  }
  const reading = kind.read(body, headers);
  if (isProblem(reading)) return invalid(reading);

  const receivedAtMs = eventIdTimeMs(raw.id);
  const { data } = reading;
  if (file.preprocess !== undefined && made === undefined)
    throw new Error(`the expression of source "${raw.source}" was not run`);
  const preprocess = made?.kind === 'made' ? { ...reading.preprocess, ...made.values } : reading.preprocess;
  const preprocessing = made && { ms: made.ms, ...(made.kind === 'failed' && { error: made.error }) };
  const withPreprocessing = <Outcome extends object>(outcome: Outcome) => ({
    ...outcome,
    ...(preprocessing && { preprocessing }),
  });

  const own: EventNamespaces = { body, headers, preprocess, data };
  const userId = userIdOf(
    file.user_id_path === undefined ? reading.userId : readEventPath(own, fieldPath(file.user_id_path)),
  );
  const namespaces: EventNamespaces = { ...own, userId };
  const eventType = eventTypeOf(kind, file, reading, namespaces);
  if (typeof eventType !== 'string') return withPreprocessing(blameExpression(eventType, preprocessing));
  const keyCandidate = readKey(kind, file, settings, namespaces);
  return withPreprocessing({
    kind: 'normalized' as const,
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
      ...defined({ sync: reading.sync, applied: reading.applied }),
      // A received event has happened. With a clock that runs ahead, an event would stay its user's
      // newest for as long as the clock is wrong, and events of other sources would count as late.
      occurredAtMs: Math.min(occurredAtMsOf(file, reading, namespaces) ?? receivedAtMs, receivedAtMs),
      receivedAtMs,
    },
  });
}

/**
 * Runs the source's own expression on an event; undefined without one. It sees the event's `body`
 * and `headers`, and in `preprocess` the kind's computed values.
 * @throws for a payload that is not ours, and for a kind that this version does not know
 */
export async function preprocessEvent(
  raw: RawEvent,
  file: SourceFile,
  preprocessor: Preprocessor,
): Promise<Preprocessed | undefined> {
  if (file.preprocess === undefined) return undefined;
  const { headers, body: text } = unpackEventText(raw.payload);
  const body = parseJson(text);
  const reading = isJsonObject(body) ? kindOf(raw, file).read(body, headers) : undefined;
  const preprocess = reading === undefined || isProblem(reading) ? {} : reading.preprocess;
  return preprocessor.run(file.preprocess.jsonata, { body, headers, preprocess }, eventIdTimeMs(raw.id));
}

function kindOf(raw: RawEvent, file: SourceFile): SourceKind {
  const kind = sourceKind(file.kind);
  if (kind === undefined)
    throw new Error(`source "${raw.source}" is of kind "${file.kind}", which this version does not know`);
  return kind;
}

/** If the expression should have provided the type and failed, the expression is the cause. */
function blameExpression(rejection: Rejected, preprocessing: Preprocessing | undefined): Rejected {
  if (preprocessing?.error === undefined || rejection.reason !== 'event_type_missing') return rejection;
  return rejected('preprocess_failed', `${rejection.detail}; the source's expression failed: ${preprocessing.error}`);
}

function occurredAtMsOf({ timestamp_path }: SourceFile, reading: Reading, event: EventNamespaces): number | undefined {
  return timestamp_path === undefined
    ? reading.occurredAtMs
    : eventTimeMs(readEventPath(event, fieldPath(timestamp_path)));
}

function eventTypeOf(
  { eventTypeWanted = defaultTypeWanted }: SourceKind,
  file: SourceFile,
  reading: Reading,
  event: EventNamespaces,
): string | Rejected {
  const path = file.event_type_path;
  const found = path === undefined ? reading.eventType() : typeText(path, readEventPath(event, fieldPath(path)));
  if (isProblem(found)) return invalid(found);
  if (found !== undefined && found !== '') return found;
  return path === undefined
    ? rejected('event_type_missing', `the event has no type; wanted ${eventTypeWanted}`)
    : rejected('event_type_missing', `the event has no type at "${path}"; wanted ${defaultTypeWanted}`);
}

const defaultTypeWanted = 'text such as identify or order.created';

function readKey(
  kind: SourceKind,
  file: SourceFile,
  settings: KeySettings,
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

function isProblem(value: Reading | FieldProblem | string | undefined): value is FieldProblem {
  return typeof value === 'object' && 'wanted' in value;
}

function invalid({ field, got, wanted }: FieldProblem): Rejected {
  return rejected('payload_invalid', `field "${field}": got ${got}, wanted ${wanted}`);
}

function rejected(reason: Rejected['reason'], detail: string): Rejected {
  return { kind: 'rejected', reason, detail };
}
