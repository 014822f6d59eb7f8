import type { Subscription, Subscriptions } from '../../ports/subscriptions.ts';
import { defined } from '../defined.ts';
import { type EntityRef, recipientKey } from '../ids/entity-ref.ts';

export type ObjectRef = Extract<EntityRef, { kind: 'object' }>;

/** The position of a walk over subscribers, from which another process can continue. JSON. */
export type Place = {
  /** The position among the listed objects. */
  object: number;
  /** The page of its subscribers, named by the store of subscriptions; absent for the first. */
  after?: string;
  /**
   * The subscriber of that page whose own subscribers are being walked; absent for the page itself.
   */
  child?: { key: string; sinceMs: number };
  childAfter?: string;
};

/**
 * Subscribers of one object, in the order in which they subscribed, and the position before them.
 */
export type SubscriberPage = { place: Place; object: ObjectRef; subscriptions: Subscription[] };

const pageLimit = 500;

/**
 * All subscribers of `objects`, and the subscribers of subscribers that are objects, but no
 * further. After each page come the subscribers of its objects, then the next page, so only one
 * page is held at a time. Within a page, earlier subscribers come first. Objects in `listed` are
 * not walked as subscribers, since they have their own walk. Duplicates are not removed.
 */
export async function* subscriberPages(
  objects: ObjectRef[],
  listed: ReadonlySet<string>,
  subscriptions: Pick<Subscriptions, 'subscribersOf'>,
  from: Place = { object: 0 },
): AsyncGenerator<SubscriberPage> {
  let resumed: Place | undefined = from;
  for (let i = from.object; i < objects.length; i++) {
    const object = objects[i] as ObjectRef;
    let after: string | undefined = resumed?.after;
    do {
      const page = await subscriptions.subscribersOf(object, { limit: pageLimit, ...defined({ after }) });
      const place = { object: i, ...defined({ after }) };
      const entries = page.entries.toSorted(byAge);
      if (resumed?.child === undefined) yield { place, object, subscriptions: entries };
      for (const entry of entries) {
        const child = entry.recipient;
        const key = recipientKey(child);
        if (child.kind === 'user' || listed.has(key) || isBefore(entry, resumed?.child)) continue;
        let childAfter: string | undefined = resumed?.child?.key === key ? resumed.childAfter : undefined;
        do {
          const nested = await subscriptions.subscribersOf(child, {
            limit: pageLimit,
            ...defined({ after: childAfter }),
          });
          yield {
            place: {
              ...place,
              child: { key, sinceMs: entry.insertedAtMs },
              ...(childAfter !== undefined && { childAfter }),
            },
            object: child,
            subscriptions: nested.entries.toSorted(byAge),
          };
          childAfter = nested.next;
        } while (childAfter !== undefined);
      }
      resumed = undefined;
      after = page.next;
    } while (after !== undefined);
  }
}

function byAge(a: Subscription, b: Subscription): number {
  return a.insertedAtMs - b.insertedAtMs || (recipientKey(a.recipient) < recipientKey(b.recipient) ? -1 : 1);
}

function isBefore({ insertedAtMs, recipient }: Subscription, child: Place['child']): boolean {
  if (child === undefined || insertedAtMs > child.sinceMs) return false;
  return insertedAtMs < child.sinceMs || recipientKey(recipient) < child.key;
}
