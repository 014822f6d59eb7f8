import type { EntityRef } from '../core/directory/entity.ts';
import type { JsonObject } from '../core/json.ts';

type ObjectRef = Extract<EntityRef, { kind: 'object' }>;

export type Subscription = {
  object: ObjectRef;
  recipient: EntityRef;
  properties: JsonObject;
  insertedAtMs: number;
  updatedAtMs: number;
};

/** `next` is there while more follow: give it back as `after`. */
export type Page<Entry> = { entries: Entry[]; next?: string };

/** Who follows which object, and the inverse. Both directions are one Query of one partition; nothing scans. */
export interface Subscriptions {
  /** Creates or updates; `properties` absent keeps those of an existing one. Answers which were created, in order. */
  subscribe(object: ObjectRef, recipients: EntityRef[], properties: JsonObject | undefined, nowMs: number): Promise<{ created: boolean }[]>;
  /** Removes those that exist; answers which did, in order. */
  unsubscribe(object: ObjectRef, recipients: EntityRef[]): Promise<{ removed: boolean }[]>;
  /** Subscribers of an object in a stable order, at most `limit` (1-1000) from `after` on. */
  subscribersOf(object: ObjectRef, page: { limit: number; after?: string }): Promise<Page<Subscription>>;
  /** What a recipient is subscribed to. */
  subscriptionsOf(recipient: EntityRef, page: { limit: number; after?: string }): Promise<Page<Subscription>>;
}
