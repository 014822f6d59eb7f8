import { type JsonObject, sameJson } from '../json/values.ts';

/**
 * A row that ties two things together: a subscription, a membership. One that was taken back stays for a while as the mark
 * of when, so that a late event cannot bring it back.
 */
export type Relation = {
  isRemoved: boolean;
  /** When the event that last said something about it happened at its source. */
  sourceTimeMs: number;
  properties: JsonObject;
  /** The action that made it. */
  by?: string;
  insertedAtMs: number;
  updatedAtMs: number;
  /** Raised by one with every write; 0 for one that is not stored. */
  version: number;
};

/**
 * What became of a wish. `older`: an event that happened later has said otherwise, and that stands. `absent`: there was
 * nothing to remove.
 */
export type RelationChange = 'created' | 'updated' | 'unchanged' | 'removed' | 'absent' | 'older';

export type RelationWish =
  | { kind: 'set'; properties?: JsonObject; by?: string; sourceTimeMs: number }
  | { kind: 'remove'; sourceTimeMs: number };

/** How long the mark of a removal outlives it: longer than any event can be on its way, dead-letter queues included. */
export const markDays = 90;

/**
 * What a wish makes of a row: what to say of it, and what to write, if anything. The later of two events wins, and of two
 * at the same moment the removal, so that the order of arrival does not matter. A repeated wish that is newer is written
 * even if it changes nothing else, because a removal between the two may still be on its way.
 * Rule: docs/directory.md.
 */
export function nextRelation(
  current: Relation | undefined,
  wish: RelationWish,
  nowMs: number,
): { change: RelationChange; next?: Relation } {
  const stored = current ?? { isRemoved: true, sourceTimeMs: Number.NEGATIVE_INFINITY, version: 0 };
  const isSame = wish.sourceTimeMs === stored.sourceTimeMs;
  if (wish.sourceTimeMs < stored.sourceTimeMs) return { change: 'older' };
  const base = { sourceTimeMs: wish.sourceTimeMs, updatedAtMs: nowMs, version: stored.version + 1 };

  if (wish.kind === 'remove') {
    if (stored.isRemoved && isSame) return { change: 'absent' };
    const insertedAtMs = current?.insertedAtMs ?? nowMs;
    const next = { ...base, isRemoved: true, properties: {}, insertedAtMs };
    return { change: stored.isRemoved ? 'absent' : 'removed', next };
  }
  const by = wish.by === undefined ? {} : { by: wish.by };
  if (current === undefined || current.isRemoved) {
    if (isSame) return { change: 'older' };
    const next = { ...base, ...by, isRemoved: false, properties: wish.properties ?? {}, insertedAtMs: nowMs };
    return { change: 'created', next };
  }
  const properties = wish.properties ?? current.properties;
  const isMine = wish.by !== undefined && current.by === wish.by;
  if (isSame && sameJson(properties, current.properties)) return { change: isMine ? 'created' : 'unchanged' };
  return { change: isMine ? 'created' : 'updated', next: { ...current, ...base, properties } };
}
