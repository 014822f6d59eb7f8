import type { Entity, Tombstone } from '../core/directory/entity.ts';
import type { EntityRef } from '../core/ids/entity-ref.ts';
import type { Page, PageRequest } from './subscriptions.ts';

/** Users and objects (tenants among them). All reads are consistent. */
export interface Directory {
  /**
   * Answers in order; undefined for an entity that does not exist. Reads that are requested at the
   * same moment are joined.
   * @throws RetryableError when the table is throttled or unavailable
   */
  readEach(refs: EntityRef[]): Promise<(Entity | undefined)[]>;
  /** Like `readEach`, but also returns tombstones. */
  readStoredEach(refs: EntityRef[]): Promise<(Entity | Tombstone | undefined)[]>;
  /**
   * Writes the whole entity if the stored version is still `versionSeen` (0: nothing stored, no
   * tombstone either).
   * @returns false when another writer was faster: read again, merge, try again
   * @throws RetryableError when the table is throttled or unavailable
   */
  writeIfUnchanged(entity: Entity | Tombstone, versionSeen: number): Promise<boolean>;
}

export type Listing = {
  kind: EntityRef['kind'] | 'audience';
  /** Objects of one collection only; `$tenants` for tenants. */
  collection?: string;
};

/**
 * The names in the directory, in order: ids of users, `collection/id` of objects, keys of audiences
 * that an action made. It is a moment behind, so this is for reading, not for actions.
 */
export interface DirectoryList {
  /** @throws RetryableError when the table is throttled or unavailable */
  page(listing: Listing, page: PageRequest): Promise<Page<string>>;
}
