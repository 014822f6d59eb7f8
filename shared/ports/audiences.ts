import type { RelationChange } from '../core/directory/relation.ts';
import type { Erased, Page, PageRequest } from './subscriptions.ts';

/** One row of an audience: a user may be in with several tenants and once with none. */
export type MemberKey = { userId: string; tenant: string | null };
export type AudienceMember = MemberKey & { sourceTimeMs: number; addedAtMs: number };

/**
 * Audiences that were made by an action, and the members of all of them. Source time decides between adding and removing,
 * whatever arrives first. All calls throw RetryableError when the table is throttled or away.
 */
export interface Audiences {
  /** Whether the audience exists; `create` makes it when it does not. Answers whether it is there afterwards. */
  ensure(key: string, create: boolean, nowMs: number): Promise<boolean>;
  /**
   * Adds rows, answering in order; one that is in already keeps its `addedAtMs`. `created` is also said to the action (`by`)
   * that created the row when it asks again, so that what follows from a new member is not lost in a crash.
   */
  add(
    key: string,
    members: MemberKey[],
    wish: { by: string; sourceTimeMs: number; nowMs: number },
  ): Promise<RelationChange[]>;
  remove(key: string, members: MemberKey[], wish: { sourceTimeMs: number; nowMs: number }): Promise<RelationChange[]>;
  membersOf(key: string, page: PageRequest): Promise<Page<AudienceMember>>;
  /** The audiences a user is in. */
  membershipsOf(userId: string, page: PageRequest): Promise<Page<AudienceMember & { audience: string }>>;
  /** Forgets a page of a user's memberships, for good, but those asked for after `notAfterMs`. */
  eraseMembershipsOf(userId: string, notAfterMs: number, page: PageRequest): Promise<Erased>;
}
