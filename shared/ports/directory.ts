import type { Entity, Tombstone } from '../core/directory/entity.ts';
import type { EntityRef } from '../core/ids/entity-ref.ts';

/** Users and objects (tenants among them). All reads are consistent. */
export interface Directory {
  /**
   * Answers in order; undefined for who is not there. What is asked for at the same moment is read together.
   * @throws RetryableError when the table is throttled or away
   */
  readEach(refs: EntityRef[]): Promise<(Entity | undefined)[]>;
  /** As `readEach`, with the marks that deletes left. */
  readStoredEach(refs: EntityRef[]): Promise<(Entity | Tombstone | undefined)[]>;
  /**
   * Writes the whole entity if the stored version is still `versionSeen` (0: nothing stored, no tombstone either).
   * @returns false when another writer was faster: read again, merge, try again
   * @throws RetryableError when the table is throttled or away
   */
  writeIfUnchanged(entity: Entity | Tombstone, versionSeen: number): Promise<boolean>;
}
