import type * as z from 'zod';
import type { JsonObject, JsonValue } from '../json/values.ts';
import { type FieldPath, parseFieldPath } from '../mappings/field-path.ts';
import type { Verifier } from '../signatures/verifier.ts';

/** What is wrong with a field: `event: got a list, wanted text`. */
export type FieldProblem = { field: string; got: string; wanted: string };

/** How one request can carry several events besides as a list. */
export type BatchWrapper = {
  /** Where the list of events is, outermost member first: `['batch']`, `['object', 'records']`. */
  list: readonly [string, ...string[]];
  /**
   * Members of the outermost map that belong to every event that has none of its own. The map that a list lies in (`object`)
   * belongs to them too, without the list.
   */
  shared: readonly string[];
  /** An object that has this member is an event itself, whatever else is in it. Absent: none is. */
  unless?: string;
};

/** What an environment's settings say where they say nothing. */
export type SettingsDefaults = {
  /**
   * Whether a request that fails the check is refused: `off` where a wrong secret would lose events for good and the vendor
   * signs nothing, `once_set` as soon as there is a secret, `on` where the vendor signs every request.
   */
  enforcement: 'on' | 'off' | 'once_set';
  /** At least as long as the sender tries again. */
  windowHours: number;
  idempotency: boolean;
  identify: boolean;
};

type Description = {
  /** Also the file's name. */
  id: string;
  title: string;
  /** Where the vendor describes its payloads. */
  docs: string;
  verifier: Verifier;
  /** The vendor signs every request in this way alone, so a source's file may declare no other. Default: false. */
  signs?: boolean;
  /** Request headers to keep with each event besides those that every event keeps, in lower case. */
  keptHeaders: readonly string[];
  /** Members whose values are never stored: a name, with `*` for any text at its start, its end or both. Default: none. */
  redact?: readonly string[];
  batchWrapper?: BatchWrapper;
  /** Event types that are the same for everybody, for "did you mean". Default: none. */
  fixedTypes?: readonly string[];
  /** Why no event of this kind ever has this type; undefined when one may. For checks of mappings. Default: any type may come. */
  neverOfType?(eventType: string): string | undefined;
  /** What an event without a type is told to bring, where text such as `identify` would mislead. */
  eventTypeWanted?: string;
  /** One request is one event; a list is refused. Default: false. */
  single?: boolean;
  /** How an accepted request is answered. Default: 200 with the ids of its events. */
  answer?: 'no_content';
};

/** What a kind may read of the request besides the event: the headers that were kept, with names in lower case. */
export type SourceRequest = { headers: Record<string, string> };

/** A kind of sender, as its file states it. `Payload` is what its schema makes of a request's body. */
export type SourceDefinition<Payload> = Description & {
  /** Default: enforcement as given, 24 hours, the rest on. */
  settings: Pick<SettingsDefaults, 'enforcement'> & Partial<SettingsDefaults>;
  /**
   * Reads what the functions below need. Strict only where nothing could be done with the event otherwise: an optional
   * field of an odd type must not lose an event, so let it be absent (`.catch(undefined)`).
   */
  payload: z.ZodType<Payload>;
  /** Absent: the event is rejected with `event_type_missing`. A source's own `event_type_path` takes its place. */
  eventType(payload: Payload, request: SourceRequest): string | FieldProblem | undefined;
  /** Where the idempotency key is: the first of these paths that leads somewhere. Empty: the vendor sends none. */
  idempotencyKeyPaths: readonly string[];
  /** Text or a number; anything else, and the empty text, is nobody. */
  userId(payload: Payload, request: SourceRequest): JsonValue | undefined;
  /** The primary contents, what `data.*` reads. Absent: none. */
  data(payload: Payload): JsonObject | undefined;
  /** What no path can say, read as `preprocess.*`. Absent: nothing. */
  preprocess?(payload: Payload, request: SourceRequest): JsonObject;
  /** When it happened, epoch ms; absent: when it was received. */
  occurredAtMs(payload: Payload, request: SourceRequest): number | undefined;
  /**
   * What a sender of this kind is told with a 400 instead of an event row. Only for contracts that promise so; anything
   * else is accepted first and explained by its row. Default: nothing.
   */
  refuses?(payload: Payload): FieldProblem | undefined;
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
  settings: SettingsDefaults;
  idempotencyKeyPaths: readonly FieldPath[];
  read(body: JsonObject, headers: Record<string, string>): Reading | FieldProblem;
  /** Absent: nothing is refused for what is in it. */
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
