import type { Action } from '../../actions/action.ts';
import type { EntityRef } from '../../ids/entity-ref.ts';
import { describeType, type JsonObject } from '../../json/values.ts';
import type { Deed, Operation } from '../destination.ts';

/** Names that an entity keeps for itself: no column of a warehouse may take one. */
export const reservedNames = ['preferences', 'channel_data', 'id', '__typename'];

/** An id in a record: text, or a number, whose digits are the id. */
export function idOf(
  record: JsonObject,
  field: string,
  problemOf: (id: string) => string | undefined,
): { id: string } | { problem: string } {
  const value = record[field];
  if (value === undefined || value === null || value === '') return { problem: `${field} is missing` };
  if (typeof value !== 'string' && typeof value !== 'number')
    return { problem: `${field} must be text or a number, not ${describeType(value)}` };
  const id = String(value);
  const problem = problemOf(id);
  return problem === undefined ? { id } : { problem: `${field} ${problem}` };
}

type Entity = {
  ref: EntityRef;
  /** The action's parameters that name it. */
  identity: JsonObject;
  properties: JsonObject;
  set: Action;
};

/** Creates, changes or deletes one user, object or tenant. */
export function entityDeed({ ref, identity, properties, set }: Entity, operation: Operation): Deed {
  if (operation === 'delete') return { kind: 'remove', ref };
  const deed = { kind: 'set', ref, action: set, payload: { ...identity, properties } } as const;
  if (operation === 'upsert') return deed;
  return { ...deed, only: operation === 'insert' ? 'create' : 'change' };
}
