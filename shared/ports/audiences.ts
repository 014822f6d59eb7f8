import type { Page } from './subscriptions.ts';

/** One row of an audience: a user may be in with several tenants and once with none. */
export type AudienceMember = { userId: string; tenant: string | null; addedAtMs: number };
export type MemberKey = { userId: string; tenant: string | null };

export interface Audiences {
  /** Whether the audience exists; `create` makes it when it does not. Answers whether it is there afterwards. */
  ensure(key: string, create: boolean, nowMs: number): Promise<boolean>;
  /** Adds rows; one that is in already is left as it is. Answers which were new, in order. */
  add(key: string, members: MemberKey[], nowMs: number): Promise<{ added: boolean }[]>;
  remove(key: string, members: MemberKey[]): Promise<{ removed: boolean }[]>;
  membersOf(key: string, page: { limit: number; after?: string }): Promise<Page<AudienceMember>>;
  /** The audiences a user is in. */
  membershipsOf(userId: string, page: { limit: number; after?: string }): Promise<Page<{ audience: string; tenant: string | null }>>;
}
