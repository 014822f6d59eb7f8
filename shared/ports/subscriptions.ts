import type { RelationChange } from '../core/directory/relation.ts';
import type { EntityRef, ObjectRef } from '../core/ids/entity-ref.ts';
import type { JsonObject } from '../core/json/values.ts';

export type Subscription = {
  object: ObjectRef;
  recipient: EntityRef;
  properties: JsonObject;
  /** When the event that last asked for it happened at its source. */
  sourceTimeMs: number;
  insertedAtMs: number;
  updatedAtMs: number;
};

/** At most `limit` (1-1000) entries from `after` on. */
export type PageRequest = { limit: number; after?: string };

/** `next` is there while more may follow, however few the entries: give it back as `after`. */
export type Page<Entry> = { entries: Entry[]; next?: string };

/** One page of what was forgotten; `next` as in a page. */
export type Erased = { erased: number; next?: string };

/**
 * Who follows which object, and the inverse. Both directions are one Query of one partition; nothing scans. Source time
 * decides between asking and taking back, whatever arrives first. What is asked for twice by one event changes once.
 * All calls throw RetryableError when the table is throttled or away.
 */
export interface Subscriptions {
  /** Creates or updates, answering in order; `properties` absent keeps those of an existing one. At most 100 at a time. */
  subscribe(
    object: ObjectRef,
    recipients: EntityRef[],
    wish: { properties?: JsonObject; sourceTimeMs: number; nowMs: number },
  ): Promise<RelationChange[]>;
  /** Removes those that exist, answering in order. At most 100 at a time. */
  unsubscribe(
    object: ObjectRef,
    recipients: EntityRef[],
    wish: { sourceTimeMs: number; nowMs: number },
  ): Promise<RelationChange[]>;
  /** Subscribers of an object in a stable order. */
  subscribersOf(object: ObjectRef, page: PageRequest): Promise<Page<Subscription>>;
  /** What a recipient is subscribed to. */
  subscriptionsOf(recipient: EntityRef, page: PageRequest): Promise<Page<Subscription>>;
  /** Forgets a page of an object's subscribers, for good, but those asked for after `notAfterMs`. */
  eraseSubscribersOf(object: ObjectRef, notAfterMs: number, page: PageRequest): Promise<Erased>;
  /** Forgets a page of what a recipient is subscribed to, likewise. */
  eraseSubscriptionsOf(recipient: EntityRef, notAfterMs: number, page: PageRequest): Promise<Erased>;
}
