import type * as z from 'zod';
import type { JsonObject, JsonValue } from '../json/values.ts';
import { type FieldPath, parseFieldPath } from '../mappings/field-path.ts';
import type { Verifier } from '../signatures/verifier.ts';

/** A field's problem: `event: got a list, wanted text`. */
export type FieldProblem = { field: string; got: string; wanted: string };

/** An action that an event asks for itself, without a mapping. */
export type OwnAction = { action: string; payload: JsonObject };

/** The vendor's numbers of the sync that sent an event, and of its run. */
export type SyncNumbers = { id?: string; runId?: string };

/** How one request can carry several events, other than as a list. */
export type BatchWrapper = {
  /**
   * The path to the list of events, outermost member first: `['batch']`, `['object', 'records']`.
   */
  list: readonly [string, ...string[]];
  /**
   * Members of the outermost map that are copied into every event without them. The map around the
   * list (`object`) is copied too, without the list.
   */
  shared: readonly string[];
  /** An object with this member is an event itself, whatever else it has. Absent: none is. */
  unless?: string;
};

/** Default settings of an environment. */
export type SettingsDefaults = {
  /**
   * Whether a request that fails the check is refused: `off` if the vendor does not sign and a
   * wrong secret would lose events for good, `once_set` as soon as a secret is set, `on` if the
   * vendor signs every request.
   */
  enforcement: 'on' | 'off' | 'once_set';
  /** At least as long as the sender retries. */
  windowHours: number;
  idempotency: boolean;
  identify: boolean;
};

type Description = {
  /** Also the file's name. */
  id: string;
  title: string;
  /** The vendor's description of its payloads. */
  docs: string;
  verifier: Verifier;
  /**
   * The vendor signs every request, only in this way, so a source's file may not declare another.
   * Default: false.
   */
  signs?: boolean;
  /**
   * Request headers to keep with each event, in lower case, in addition to those that every event
   * keeps.
   */
  keptHeaders: readonly string[];
  /**
   * Members whose values are never stored: a name, with `*` for any text at its start, its end or
   * both. Default: none.
   */
  redact?: readonly string[];
  batchWrapper?: BatchWrapper;
  /** Fixed event types of the vendor, for "did you mean". Default: none. */
  fixedTypes?: readonly string[];
  /**
   * Why events of this kind never have this type; undefined when they can. For checks of mappings.
   * Default: any type is possible.
   */
  neverOfType?(eventType: string): string | undefined;
  /** What to ask for when an event has no type, if text such as `identify` would mislead. */
  eventTypeWanted?: string;
  /**
   * Its vendor also calls methods to hand over records, which are applied in the request. Default:
   * false.
   */
  isDestination?: boolean;
  /** One request is one event; a list is refused. Default: false. */
  single?: boolean;
  /** How an accepted request is answered. Default: 200 with the ids of its events. */
  answer?: 'no_content';
};

/**
 * What a kind may read of the request in addition to the event: the kept headers, with names in
 * lower case.
 */
export type SourceRequest = { headers: Record<string, string> };

/**
 * A kind of sender, as its file defines it. `Payload` is the output of its schema for a request's
 * body.
 */
export type SourceDefinition<Payload> = Description & {
  /** Default: enforcement as given, 24 hours, the rest on. */
  settings: Pick<SettingsDefaults, 'enforcement'> & Partial<SettingsDefaults>;
  /**
   * Reads what the functions below need. Be strict only if the event is useless otherwise: an
   * optional field of an odd type must not lose an event, so make it absent (`.catch(undefined)`).
   */
  payload: z.ZodType<Payload>;
  /**
   * Absent: the event is rejected with `event_type_missing`. A source's own `event_type_path` takes
   * its place.
   */
  eventType(payload: Payload, request: SourceRequest): string | FieldProblem | undefined;
  /**
   * Paths of the idempotency key; the first one with a value counts. Empty: the vendor sends none.
   */
  idempotencyKeyPaths: readonly string[];
  /** Text or a number; anything else, and the empty text, means no user. */
  userId(payload: Payload, request: SourceRequest): JsonValue | undefined;
  /** The primary contents, read as `data.*`. Absent: none. */
  data(payload: Payload): JsonObject | undefined;
  /** Computed values, read as `preprocess.*`. Absent: none. */
  preprocess?(payload: Payload, request: SourceRequest): JsonObject;
  /** When it happened, epoch ms; absent: when it was received. */
  occurredAtMs(payload: Payload, request: SourceRequest): number | undefined;
  /**
   * A refusal with 400 in place of an event row. Only for contracts that promise it; all else is
   * accepted and explained by its row. Default: none.
   */
  refuses?(payload: Payload): FieldProblem | undefined;
  /** Absent: no sync sent it. */
  sync?(payload: Payload): SyncNumbers | undefined;
  /**
   * For a record that a request has applied already: what the request left to do. Absent: the event
   * is no such record.
   */
  applied?(payload: Payload): OwnAction[] | undefined;
};

/** A kind's reading of one event. */
export type Reading = {
  eventType(): string | FieldProblem | undefined;
  userId: JsonValue | undefined;
  data: JsonObject;
  preprocess: JsonObject;
  occurredAtMs: number | undefined;
  sync: SyncNumbers | undefined;
  applied: OwnAction[] | undefined;
};

/** A kind of sender, as the rest of the system uses it. */
export type SourceKind = Description & {
  settings: SettingsDefaults;
  idempotencyKeyPaths: readonly FieldPath[];
  read(body: JsonObject, headers: Record<string, string>): Reading | FieldProblem;
  /** Absent: requests are not refused for their content. */
  refuses?(body: JsonObject): FieldProblem | undefined;
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
    settings,
    refuses,
    sync,
    applied,
    ...rest
  } = definition;
  return {
    ...rest,
    settings: { windowHours: 24, idempotency: true, identify: true, ...settings },
    ...(refuses && {
      refuses(body: JsonObject) {
        const parsed = schema.safeParse(body);
        return parsed.success ? refuses(parsed.data) : problemOf(parsed.error, body);
      },
    }),
    idempotencyKeyPaths: idempotencyKeyPaths.map(parseFieldPath),
    read(body, headers) {
      const parsed = schema.safeParse(body);
      if (!parsed.success) return problemOf(parsed.error, body);
      const payload = parsed.data;
      const request = { headers };
      return {
        eventType: () => eventType(payload, request),
        userId: userId(payload, request),
        data: data(payload) ?? {},
        preprocess: preprocess?.(payload, request) ?? {},
        occurredAtMs: occurredAtMs(payload, request),
        sync: sync?.(payload),
        applied: applied?.(payload),
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

/** The kind of a value, in words: `a list`, `nothing`. */
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
