import type { RelationChange } from '../core/directory/relation.ts';
import type { EntityRef, ObjectRef } from '../core/ids/entity-ref.ts';
import type { JsonObject } from '../core/json/values.ts';

export type Subscription = {
  object: ObjectRef;
  recipient: EntityRef;
  properties: JsonObject;
  /** When the event that last requested it happened at its source. */
  sourceTimeMs: number;
  insertedAtMs: number;
  updatedAtMs: number;
};

/** One that was removed stays for a while as a mark of its time. */
export type StoredSubscription = Subscription & { isRemoved: boolean };

/**
 * At most `limit` (1-1000) entries behind the name `after`, or those right in front of the name
 * `before`; both in ascending order. An entry with that name need not exist.
 */
export type PageRequest = { limit: number; after?: string; before?: string };

/**
 * `next` is present while more may follow in that direction, even after a short page: pass it as
 * `after`, or as `before` when that was given.
 */
export type Page<Entry> = { entries: Entry[]; next?: string };

/** One page of deleted subscriptions; `next` as in a page. */
export type Erased = { erased: number; next?: string };

/**
 * Which recipients are subscribed to which objects. Each direction is one Query of one partition,
 * never a scan. Source time decides between subscribing and unsubscribing, whatever arrives first.
 * If one event asks for the same twice, it changes once. All calls throw RetryableError when the
 * table is throttled or unavailable.
 */
export interface Subscriptions {
  /** Answers in order, removed ones included; undefined for one that never was. */
  readEach(object: ObjectRef, recipients: EntityRef[]): Promise<(StoredSubscription | undefined)[]>;
  /**
   * Creates or updates, answering in order; absent `properties` keep the existing ones, and
   * `keepsExisting` leaves existing subscriptions as they are. At most 100 at a time.
   */
  subscribe(
    object: ObjectRef,
    recipients: EntityRef[],
    wish: { properties?: JsonObject; keepsExisting?: boolean; sourceTimeMs: number; nowMs: number },
  ): Promise<RelationChange[]>;
  /** Removes those that exist, answering in order. At most 100 at a time. */
  unsubscribe(
    object: ObjectRef,
    recipients: EntityRef[],
    wish: { sourceTimeMs: number; nowMs: number },
  ): Promise<RelationChange[]>;
  /** Subscribers of an object, by the `recipientKey` of each. */
  subscribersOf(object: ObjectRef, page: PageRequest): Promise<Page<Subscription>>;
  /** The objects that a recipient is subscribed to, by the `recipientKey` of each. */
  subscriptionsOf(recipient: EntityRef, page: PageRequest): Promise<Page<Subscription>>;
  /**
   * Deletes a page of an object's subscribers for good, except those requested after `notAfterMs`.
   */
  eraseSubscribersOf(object: ObjectRef, notAfterMs: number, page: PageRequest): Promise<Erased>;
  /** Deletes a page of a recipient's subscriptions in the same way. */
  eraseSubscriptionsOf(recipient: EntityRef, notAfterMs: number, page: PageRequest): Promise<Erased>;
}
