import { type JsonObject, sameJson } from '../json/values.ts';

/**
 * A row that relates two things: a subscription or a membership. A removed one stays for a while as
 * a mark of its time, so that a late event cannot bring it back.
 */
export type Relation = {
  isRemoved: boolean;
  /** When the last event about it happened at its source. */
  sourceTimeMs: number;
  properties: JsonObject;
  /** The action that made it. */
  by?: string;
  insertedAtMs: number;
  updatedAtMs: number;
  /** Each write raises it by one; 0 for a relation that is not stored. */
  version: number;
};

/**
 * The outcome of a request. `older`: an event that happened later decided otherwise, and wins.
 * `absent`: the relation to remove did not exist.
 */
export type RelationChange = 'created' | 'updated' | 'unchanged' | 'removed' | 'absent' | 'older';

export type RelationWish =
  /** `keepsExisting`: one that exists stays as it is. */
  | { kind: 'set'; properties?: JsonObject; by?: string; keepsExisting?: boolean; sourceTimeMs: number }
  | { kind: 'remove'; sourceTimeMs: number };

/**
 * How long the mark of a removal is kept: longer than any event can be on its way, including
 * dead-letter queues.
 */
export const markDays = 90;

/**
 * Decides a request on a row: its outcome, and the row to write, if any. The later of two events
 * wins, and of two at the same moment the removal, so the order of arrival does not matter. A newer
 * repeated request is written even if it only changes the time, because a removal between the two
 * may still be on its way. Rule: docs/directory.md.
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
  if (wish.keepsExisting) return { change: 'unchanged' };
  const properties = wish.properties ?? current.properties;
  const isMine = wish.by !== undefined && current.by === wish.by;
  if (isSame && sameJson(properties, current.properties)) return { change: isMine ? 'created' : 'unchanged' };
  return { change: isMine ? 'created' : 'updated', next: { ...current, ...base, properties } };
}
