import type * as z from 'zod';
import type { JsonObject, JsonValue } from '../json.ts';
import { type FieldPath, parseFieldPath } from '../mappings/field-path.ts';
import type { Verifier } from '../signatures/verifier.ts';

/** What is wrong with a field: `event: got a list, wanted text`. */
export type FieldProblem = { field: string; got: string; wanted: string };

/** How one request can carry several events besides as a list, which every kind may send. */
export type BatchWrapper = {
  /** The member that holds the events. */
  list: string;
  /** Members that belong to every event that has none of its own. */
  shared: readonly string[];
  /** An object that has this member is an event itself, whatever else is in it. */
  unless: string;
};

type Description = {
  /** Also the file's name. */
  id: string;
  title: string;
  /** Where the vendor describes its payloads. */
  docs: string;
  verifier: Verifier;
  /** Request headers to keep with each event besides those that every event keeps, in lower case. */
  keptHeaders: readonly string[];
  batchWrapper?: BatchWrapper;
};

type Request = { headers: Record<string, string> };

/** A kind of sender, as its file states it. `Payload` is what its schema makes of a request's body. */
export type SourceDefinition<Payload> = Description & {
  /**
   * Reads what the functions below need. Strict only where nothing could be done with the event otherwise: an optional
   * field of an odd type must not lose an event, so let it be absent (`.catch(undefined)`).
   */
  payload: z.ZodType<Payload>;
  /** Absent: the event is rejected with `event_type_missing`. A source's own `event_type_path` takes its place. */
  eventType(payload: Payload, request: Request): string | FieldProblem | undefined;
  /** Where the idempotency key is: the first of these paths that leads somewhere. Empty: the vendor sends none. */
  idempotencyKeyPaths: readonly string[];
  /** Text or a number; anything else, and the empty text, is nobody. */
  userId(payload: Payload): JsonValue | undefined;
  /** The primary contents, what `data.*` reads. Absent: none. */
  data(payload: Payload): JsonObject | undefined;
  /** What no path can say, read as `preprocess.*`. Absent: nothing. */
  preprocess?(payload: Payload, request: Request): JsonObject;
  /** When it happened, epoch ms; absent: when it was received. */
  occurredAtMs(payload: Payload): number | undefined;
};

/** What a kind reads out of one event. */
export type Reading = {
  eventType(): string | FieldProblem | undefined;
  userId: JsonValue | undefined;
  data: JsonObject;
  preprocess: JsonObject;
  occurredAtMs: number | undefined;
};

/** A kind of sender, as the rest of the system uses it. */
export type SourceKind = Description & {
  idempotencyKeyPaths: readonly FieldPath[];
  read(body: JsonObject, headers: Record<string, string>): Reading | FieldProblem;
};

/** Makes a kind from its definition; the type of the payload stays inside. */
export function defineSource<Payload>(definition: SourceDefinition<Payload>): SourceKind {
  const {
    payload: schema,
    eventType,
    userId,
    data,
    preprocess,
    occurredAtMs,
    idempotencyKeyPaths,
    ...rest
  } = definition;
  return {
    ...rest,
    idempotencyKeyPaths: idempotencyKeyPaths.map(parseFieldPath),
    read(body, headers) {
      const parsed = schema.safeParse(body);
      if (!parsed.success) return problemOf(parsed.error, body);
      const payload = parsed.data;
      const request = { headers };
      return {
        eventType: () => eventType(payload, request),
        userId: userId(payload),
        data: data(payload) ?? {},
        preprocess: preprocess?.(payload, request) ?? {},
        occurredAtMs: occurredAtMs(payload),
      };
    },
  };
}

function problemOf(error: z.ZodError, body: JsonObject): FieldProblem {
  const [issue] = error.issues;
  if (issue === undefined) throw new Error('a payload was refused without an issue');
  let found: unknown = body;
  for (const key of issue.path)
    found = typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined;
  return { field: issue.path.map(String).join('.') || 'body', got: typeName(found), wanted: issue.message };
}

/** What a value is, in words for a person: `a list`, `nothing`. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  const names: Record<string, string> = {
    string: 'text',
    number: 'a number',
    boolean: 'true or false',
    object: 'a map',
  };
  return names[typeof value] ?? typeof value;
}
