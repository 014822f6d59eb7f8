import type { RelationChange } from '../core/directory/relation.ts';
import type { Erased, Page, PageRequest } from './subscriptions.ts';

/** One row of an audience. A user can be a member once per tenant, and once without a tenant. */
export type MemberKey = { userId: string; tenant: string | null };
export type AudienceMember = MemberKey & { sourceTimeMs: number; addedAtMs: number };

/** One that was removed stays for a while as a mark of its time. */
export type StoredMember = AudienceMember & { isRemoved: boolean };

/**
 * Audiences that an action made, and the members of all audiences. Source time decides between
 * adding and removing, whatever arrives first. All calls throw RetryableError when the table is
 * throttled or away.
 */
export interface Audiences {
  /**
   * Makes the audience if it is missing and `create` is true. Answers whether it exists afterwards.
   */
  ensure(key: string, create: boolean, nowMs: number): Promise<boolean>;
  /** Answers in order, removed ones included; undefined for one that never was. */
  readEach(key: string, members: MemberKey[]): Promise<(StoredMember | undefined)[]>;
  /**
   * Adds rows, answering in order; new ones go first, so that a call that is made again after it
   * died gets further. An existing member keeps its `addedAtMs`. The action (`by`) that
   * created a row gets `created` also when it asks again, so that a crash does not lose the work
   * that follows from a new member.
   */
  add(
    key: string,
    members: MemberKey[],
    wish: { by: string; sourceTimeMs: number; nowMs: number },
  ): Promise<RelationChange[]>;
  remove(key: string, members: MemberKey[], wish: { sourceTimeMs: number; nowMs: number }): Promise<RelationChange[]>;
  /** By `memberName`. */
  membersOf(key: string, page: PageRequest): Promise<Page<AudienceMember>>;
  /** The audiences that a user is a member of. */
  membershipsOf(userId: string, page: PageRequest): Promise<Page<AudienceMember & { audience: string }>>;
  /** Deletes a page of a user's memberships for good, except those requested after `notAfterMs`. */
  eraseMembershipsOf(userId: string, notAfterMs: number, page: PageRequest): Promise<Erased>;
}
