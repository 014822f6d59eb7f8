import { findAction } from '../../../core/actions/index.ts';
import { type EntityRef, recipientKey, tenantsCollection } from '../../../core/ids/entity-ref.ts';
import { isJsonObject, type JsonObject, type JsonValue, own, sameJson } from '../../../core/json/values.ts';
import type { Effect } from './effects.ts';

/** A user or object that an event wrote, and the fields that it named. */
export type Touched = { ref: EntityRef; fields: Set<string> };

/**
 * What effects of either side wrote, each once: the subject of an action that sets or deletes, and
 * recipients that were described inline.
 */
export function touchedBy(effects: readonly Effect[]): Touched[] {
  const found = new Map<string, Touched>();
  const touch = (ref: EntityRef, names: Iterable<string>) => {
    const key = `${ref.kind} ${recipientKey(ref)}`;
    const touched = found.get(key) ?? { ref, fields: new Set() };
    found.set(key, touched);
    for (const name of names) touched.fields.add(name);
  };
  for (const { action, parameters } of effects) {
    const ref = subjectOf(action, parameters);
    if (ref !== undefined) touch(ref, namedIn(parameters));
    for (const described of [parameters.recipients, parameters.actor, parameters.members].flat())
      if (isJsonObject(described) && typeof described.id === 'string' && Object.keys(described).length > 1)
        touch(
          typeof described.collection === 'string'
            ? { kind: 'object', collection: described.collection, id: described.id }
            : { kind: 'user', id: described.id },
          namedIn(described),
        );
  }
  return [...found.values()];
}

/** Undefined for an action about a relation. */
function subjectOf(action: string, { collection, id }: JsonObject): EntityRef | undefined {
  if (typeof id !== 'string') return undefined;
  switch (findAction(action)?.writes) {
    case 'user':
      return { kind: 'user', id };
    case 'tenant':
      return { kind: 'object', collection: tenantsCollection, id };
    case 'object':
      return typeof collection === 'string' ? { kind: 'object', collection, id } : undefined;
    default:
      return undefined;
  }
}

/** Fields that are read differently on the two sides, or are not an answer's to show. */
const left = new Set(['id', 'collection', 'preferences', 'channel_data', 'settings', 'created_at']);

function namedIn(parameters: JsonObject): string[] {
  const { properties, ...fields } = parameters;
  const custom = isJsonObject(properties) ? Object.keys(properties) : [];
  return [...Object.keys(fields), ...custom].filter((name) => !left.has(name));
}

export type RecordDifference = { record: string; field: string; here: JsonValue; knock: JsonValue };

/** Fields that were written and differ afterwards; absent and null are the same. */
export function recordDifferences(
  { ref, fields }: Touched,
  here: JsonObject | undefined,
  knock: JsonObject | undefined,
): RecordDifference[] {
  const record = `${ref.kind === 'user' ? 'user ' : 'object '}${recipientKey(ref)}`;
  if ((here === undefined) !== (knock === undefined))
    return [{ record, field: 'whether it exists', here: here !== undefined, knock: knock !== undefined }];
  if (here === undefined || knock === undefined) return [];
  return [...fields].flatMap((field) => {
    const [ours, theirs] = [own(here, field) ?? null, own(knock, field) ?? null];
    return sameJson(ours, theirs) ? [] : [{ record, field, here: ours, knock: theirs }];
  });
}
