import type { Directory } from '../../ports/directory.ts';
import { RetryableError } from '../errors.ts';
import { type EntityRef, recipientKey } from '../ids/entity-ref.ts';
import { type Entity, isTombstone, type Tombstone } from './entity.ts';
import { isBeforeDelete, timeOf } from './merge-entity.ts';

/**
 * - `removed`: it existed and is deleted;
 * - `absent`: it did not exist;
 * - `renewed`: an event that happened after the delete had already described it again. Values from
 *   before the delete are removed, the rest stays.
 */
export type Removal = 'removed' | 'absent' | 'renewed';

const attemptsMax = 10;

/**
 * Deletes an entity as of `sourceTimeMs`. The time stays on a tombstone, or on the renewed entity,
 * so that an older event does not bring values back. So deleting a missing entity is a write too,
 * but only the first time.
 * @throws RetryableError when the table is unavailable or the entity keeps changing
 */
export async function removeEntity(
  ref: EntityRef,
  sourceTimeMs: number,
  directory: Directory,
  nowMs: number,
  mark: Pick<Tombstone, 'mergedInto'> = {},
): Promise<Removal> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const [stored] = await directory.readStoredEach([ref]);
    const { removal, next } = remove(stored, ref, sourceTimeMs, nowMs, mark);
    if (next === undefined || (await directory.writeIfUnchanged(next, stored?.version ?? 0))) return removal;
  }
  throw new RetryableError(`${recipientKey(ref)} kept changing while it was deleted`);
}

function remove(
  stored: Entity | Tombstone | undefined,
  ref: EntityRef,
  sourceTimeMs: number,
  nowMs: number,
  mark: Pick<Tombstone, 'mergedInto'>,
): { removal: Removal; next?: Entity | Tombstone } {
  if (isBeforeDelete(stored, sourceTimeMs)) {
    if (!isTombstone(stored)) return { removal: 'renewed' };
    // The same delete again, after an attempt that did not finish: it gives the same answer.
    const isSame = stored.deletedSourceTimeMs === sourceTimeMs;
    return { removal: isSame && stored.wasThere ? 'removed' : 'absent' };
  }
  const version = (stored?.version ?? 0) + 1;
  if (stored === undefined || isTombstone(stored) || stored.sourceTimeMs <= sourceTimeMs) {
    const wasThere = stored !== undefined && !isTombstone(stored);
    const next = { ref, deletedSourceTimeMs: sourceTimeMs, wasThere, ...mark, deletedAtMs: nowMs, version };
    return { removal: wasThere ? 'removed' : 'absent', next };
  }
  const said = Object.entries(stored.attributes).filter(([name]) => timeOf(stored, name) > sourceTimeMs);
  const times = said.flatMap(([name]): [string, number][] =>
    timeOf(stored, name) === stored.sourceTimeMs ? [] : [[name, timeOf(stored, name)]],
  );
  const next = {
    ...stored,
    attributes: Object.fromEntries(said),
    propertyTimesMs: Object.fromEntries(times),
    deletedSourceTimeMs: sourceTimeMs,
    updatedAtMs: nowMs,
    version,
  };
  return { removal: 'renewed', next };
}
