import { type Entity, isTombstone, type Tombstone } from '../../../core/directory/entity.ts';
import { type EntityRef, recipientKey } from '../../../core/ids/entity-ref.ts';
import type { Directory } from '../../../ports/directory.ts';

/**
 * The directory for a batch of records whose entities were read together. An entity is read again
 * only after a write lost to another writer.
 * @throws RetryableError when the table is throttled or unavailable
 */
export async function readBatchDirectory(directory: Directory, refs: EntityRef[]): Promise<Directory> {
  const stored = new Map<string, Entity | Tombstone | undefined>();
  const read = await directory.readStoredEach(refs);
  for (const [i, ref] of refs.entries()) stored.set(recipientKey(ref), read[i]);

  async function readStoredEach(refs: EntityRef[]): Promise<(Entity | Tombstone | undefined)[]> {
    const unread = refs.filter((ref) => !stored.has(recipientKey(ref)));
    const found = unread.length > 0 ? await directory.readStoredEach(unread) : [];
    for (const [i, ref] of unread.entries()) stored.set(recipientKey(ref), found[i]);
    return refs.map((ref) => stored.get(recipientKey(ref)));
  }

  return {
    readStoredEach,
    async readEach(refs) {
      return (await readStoredEach(refs)).map((one) => (isTombstone(one) ? undefined : one));
    },
    async writeIfUnchanged(entity, versionSeen) {
      const isWritten = await directory.writeIfUnchanged(entity, versionSeen);
      if (isWritten) stored.set(recipientKey(entity.ref), entity);
      else stored.delete(recipientKey(entity.ref));
      return isWritten;
    },
  };
}
