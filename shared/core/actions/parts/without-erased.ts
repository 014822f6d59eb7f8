import type { ErasedPersons } from '../../ids/erased-persons.ts';
import { fromJsonText, isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import type { ActionWarning } from '../../logs/action-log-entry.ts';
import type { Action } from '../action.ts';
import { isNothing } from './params.ts';

export type WithoutErased =
  /** `left out`: how many erased persons the parameters named. */
  | { kind: 'run'; payload: JsonObject; leftOut: number }
  /** It is for erased persons alone. */
  | { kind: 'refused' };

export const erasedDetail = 'the person was erased here';

/**
 * An action's parameters without the persons who were erased. It runs for the others. Cancelling for
 * an erased person alone must not become cancelling for all: nothing runs then.
 */
export function withoutErased(
  { isFor = [], mentions = [] }: Pick<Action, 'isFor' | 'mentions'>,
  payload: JsonObject,
  erased: ErasedPersons | undefined,
): WithoutErased {
  const kept = new Map(Object.entries(payload));
  let leftOut = 0;
  if (erased !== undefined) {
    for (const name of [...isFor, ...mentions]) {
      const value = fromJsonText(payload[name] ?? null);
      const entries = Array.isArray(value) ? value : [value];
      const others = entries.filter((entry) => !isErased(entry, erased));
      if (others.length === entries.length) continue;
      leftOut += entries.length - others.length;
      if (others.length > 0) kept.set(name, others);
      else kept.delete(name);
    }
  }
  if (leftOut === 0) return { kind: 'run', payload, leftOut };
  const namesNone = isFor.every((name) => isNothing(kept.get(name)));
  const namedOne = isFor.some((name) => !isNothing(payload[name]));
  return namesNone && namedOne ? { kind: 'refused' } : { kind: 'run', payload: Object.fromEntries(kept), leftOut };
}

/** For an action that runs for others; none when no one was left out. */
export function leftOutWarning(count: number): ActionWarning[] {
  if (count === 0) return [];
  const who = count === 1 ? 'a person who was erased is' : `${count} persons who were erased are`;
  return [{ code: 'person_erased', message: `${who} left out` }];
}

function isErased(entry: JsonValue, erased: ErasedPersons): boolean {
  const id = personOf(entry);
  return id !== undefined && erased.has(id);
}

/** An id, `{ id }`, `{ user_id }` or `{ user: … }`; objects of a collection are no persons. */
function personOf(entry: JsonValue | undefined): string | undefined {
  if (typeof entry === 'string') return entry;
  if (typeof entry === 'number') return String(entry);
  if (!isJsonObject(entry)) return undefined;
  if (entry.user !== undefined) return personOf(entry.user);
  if (typeof entry.collection === 'string' && entry.collection !== '' && entry.collection !== '$users')
    return undefined;
  return personOf(entry.user_id ?? entry.id);
}
