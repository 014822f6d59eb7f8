import * as z from 'zod';
import { type EntityRef, recipientKey, tenantsCollection, usersCollection } from '../../ids/entity-ref.ts';
import { describeType, fromJsonText, isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import { collectionProblem, idProblem, isNothing, noteLeftOut, tenantIdProblem } from './params.ts';

/**
 * A recipient in a parameter. `reference`: only an id, which must be known already. `inline`:
 * described in the parameter, and written to the directory before anything else (an id-only map or
 * an object reference counts, without properties).
 */
export type Recipient = { ref: EntityRef; form: 'reference' | 'inline'; given: JsonObject; triggerData?: JsonObject };

export type Parsed<Value> = { ok: Value } | { problem: string };

/**
 * A user id, `{ id, …properties }`, `{ collection, id, …properties }`, or `{ collection: '$users',
 * id }` for only an id. https://docs.knock.app/concepts/recipients
 */
export function parseRecipient(value: JsonValue): Parsed<Recipient> {
  if (!isJsonObject(value)) {
    const id = parseId(value);
    return 'problem' in id ? id : { ok: { ref: { kind: 'user', id: id.ok }, form: 'reference', given: {} } };
  }
  const { $trigger_data, ...given } = value;
  const ref = parseRef(given);
  if ('problem' in ref) return ref;
  const triggerData = triggerDataOf($trigger_data, recipientKey(ref.ok));
  const isUserReference = given.collection === usersCollection && Object.keys(given).length === 2;
  const form = isUserReference ? 'reference' : 'inline';
  const properties = ref.ok.kind === 'user' ? withoutUsersCollection(given) : given;
  return { ok: { ref: ref.ok, form, given: properties, triggerData } };
}

function triggerDataOf(given: JsonValue | undefined, recipient: string): JsonObject {
  const data = given === undefined || isNothing(given) ? {} : fromJsonText(given);
  if (isJsonObject(data)) return data;
  noteLeftOut(`${recipient}: $trigger_data`, `it must be a map, not ${describeType(data)}`);
  return {};
}

function parseRef(given: JsonObject): Parsed<EntityRef> {
  const id = parseId(given.id ?? null);
  if ('problem' in id) return { problem: `id ${id.problem}` };
  const { collection } = given;
  if (isNothing(collection) || collection === usersCollection) {
    return { ok: { kind: 'user', id: id.ok } };
  }
  if (typeof collection !== 'string') return { problem: `collection must be text, not ${describeType(collection)}` };
  const tenantProblem = collection === tenantsCollection ? tenantIdProblem(id.ok) : undefined;
  const problem = collectionProblem(collection) ?? (tenantProblem && `"${id.ok.slice(0, 40)}" ${tenantProblem}`);
  return problem === undefined ? { ok: { kind: 'object', collection, id: id.ok } } : { problem };
}

function withoutUsersCollection({ collection, ...rest }: JsonObject): JsonObject {
  return collection === usersCollection || isNothing(collection) ? rest : { collection: collection ?? null, ...rest };
}

function parseId(value: JsonValue): Parsed<string> {
  const id = typeof value === 'number' ? String(value) : value;
  if (typeof id !== 'string') return { problem: `must be an id, not ${describeType(value)}` };
  const problem = idProblem(id);
  return problem === undefined ? { ok: id } : { problem: `"${id.slice(0, 40)}" ${problem}` };
}

/** One recipient or a list of them. */
export const Recipients: z.ZodType<Recipient[]> = z.unknown().transform((value, context): Recipient[] => {
  if (value === undefined) {
    context.addIssue({ code: 'custom', message: 'is required' });
    return z.NEVER;
  }
  return parseEntries(value as JsonValue, parseRecipient, context);
});

/** Parses one or a list, or the JSON text of either; empty entries are dropped. */
export function parseEntries<Value>(
  given: JsonValue,
  parse: (entry: JsonValue) => Parsed<Value>,
  context: z.core.$RefinementCtx,
): Value[] {
  const value = fromJsonText(given);
  const entries = Array.isArray(value) ? value : [value];
  return entries.flatMap((entry, i) => {
    if (isNothing(entry)) return [];
    const parsed = parse(entry);
    if ('ok' in parsed) return [parsed.ok];
    context.addIssue({ code: 'custom', path: Array.isArray(value) ? [i] : [], message: parsed.problem });
    return [];
  });
}

/** One recipient, or none. */
export const OptionalRecipient: z.ZodType<Recipient | undefined> = single(parseRecipient);

/** A tenant's id, or `{ id, …properties }`; both create a missing tenant. */
export const OptionalTenant: z.ZodType<Recipient | undefined> = single((value) => {
  const described = isJsonObject(value) ? value : { id: value };
  const parsed = parseRecipient({ ...described, collection: tenantsCollection });
  return 'ok' in parsed ? { ok: { ...parsed.ok, form: 'inline' } } : parsed;
});

function single(parse: (value: JsonValue) => Parsed<Recipient>): z.ZodType<Recipient | undefined> {
  return z
    .unknown()
    .transform((value, context) => {
      if (isNothing(value as JsonValue)) return undefined;
      const parsed = parse(value as JsonValue);
      if ('ok' in parsed) return parsed.ok;
      context.addIssue({ code: 'custom', message: parsed.problem });
      return z.NEVER;
    })
    .optional();
}
