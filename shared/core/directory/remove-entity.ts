import type { Directory } from '../../ports/directory.ts';
import { RetryableError } from '../errors.ts';
import { type EntityRef, recipientKey } from '../ids/entity-ref.ts';
import { type Entity, isTombstone, type Tombstone } from './entity.ts';
import { isBeforeDelete, timeOf } from './merge-entity.ts';

/**
 * - `removed`: it was there and is gone;
 * - `absent`: it was not there;
 * - `renewed`: an event that happened after the delete had described it again already. What was said before the delete
 *   is gone from it, the rest stays.
 */
export type Removal = 'removed' | 'absent' | 'renewed';

const attemptsMax = 10;

/**
 * Deletes an entity as of `sourceTimeMs`. The time is left behind, on a tombstone or on what lives on, so that an event
 * that happened before brings nothing back; therefore deleting what is not there is a write too, but for the second time.
 * @throws RetryableError when the table is away or the entity keeps changing
 */
export async function removeEntity(
  ref: EntityRef,
  sourceTimeMs: number,
  directory: Directory,
  nowMs: number,
): Promise<Removal> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const [stored] = await directory.readStoredEach([ref]);
    const { removal, next } = remove(stored, ref, sourceTimeMs, nowMs);
    if (next === undefined || (await directory.writeIfUnchanged(next, stored?.version ?? 0))) return removal;
  }
  throw new RetryableError(`${recipientKey(ref)} kept changing while it was deleted`);
}

function remove(
  stored: Entity | Tombstone | undefined,
  ref: EntityRef,
  sourceTimeMs: number,
  nowMs: number,
): { removal: Removal; next?: Entity | Tombstone } {
  if (isBeforeDelete(stored, sourceTimeMs)) {
    if (!isTombstone(stored)) return { removal: 'renewed' };
    // The same delete again, after an attempt that did not get to its end: it says what it said.
    const isSame = stored.deletedSourceTimeMs === sourceTimeMs;
    return { removal: isSame && stored.wasThere ? 'removed' : 'absent' };
  }
  const version = (stored?.version ?? 0) + 1;
  if (stored === undefined || isTombstone(stored) || stored.sourceTimeMs <= sourceTimeMs) {
    const wasThere = stored !== undefined && !isTombstone(stored);
    const next = { ref, deletedSourceTimeMs: sourceTimeMs, wasThere, deletedAtMs: nowMs, version };
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
