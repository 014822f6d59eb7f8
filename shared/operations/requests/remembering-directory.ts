import { type Entity, isTombstone, type Tombstone } from '../../core/directory/entity.ts';
import { type EntityRef, recipientKey } from '../../core/ids/entity-ref.ts';
import type { Directory } from '../../ports/directory.ts';

export type RememberingDirectory = Directory & {
  /** As it was last read or written here; undefined when it was neither, or does not exist. */
  lastSeen(ref: EntityRef): Entity | Tombstone | undefined;
  /** The source time of the newest thing that was done to any entity seen here; 0 for none. */
  newestSeenMs(): number;
  /** Like `readEach`, but reads only those that were not seen yet. */
  seenEach(refs: EntityRef[]): Promise<(Entity | undefined)[]>;
};

/**
 * The directory for one request. It remembers what the request's actions read and wrote, so that
 * the answer shows the entity without another read.
 */
export function rememberingDirectory(directory: Directory): RememberingDirectory {
  const seen = new Map<string, Entity | Tombstone>();
  const remember = <Stored extends Entity | Tombstone | undefined>(refs: EntityRef[], stored: Stored[]): Stored[] => {
    for (const [i, one] of stored.entries()) {
      const key = recipientKey(refs[i] as EntityRef);
      if (one === undefined) seen.delete(key);
      else seen.set(key, one);
    }
    return stored;
  };
  const lastSeen = (ref: EntityRef) => seen.get(recipientKey(ref));
  return {
    lastSeen,
    newestSeenMs: () => Math.max(0, ...[...seen.values()].map(newestTimeMs)),
    async seenEach(refs) {
      const others = refs.filter((ref) => lastSeen(ref) === undefined);
      if (others.length > 0) remember(others, await directory.readEach(others));
      return refs.map((ref) => {
        const one = lastSeen(ref);
        return isTombstone(one) ? undefined : one;
      });
    },
    readEach: async (refs) => remember(refs, await directory.readEach(refs)),
    readStoredEach: async (refs) => remember(refs, await directory.readStoredEach(refs)),
    async writeIfUnchanged(entity, versionSeen) {
      const isWritten = await directory.writeIfUnchanged(entity, versionSeen);
      if (isWritten) seen.set(recipientKey(entity.ref), entity);
      return isWritten;
    },
  };
}

/** The source time of the newest thing that was done to it. */
export function newestTimeMs(stored: Entity | Tombstone | undefined): number {
  if (stored === undefined) return 0;
  return isTombstone(stored) ? stored.deletedSourceTimeMs : stored.sourceTimeMs;
}
