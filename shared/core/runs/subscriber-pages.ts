import type { Subscription, Subscriptions } from '../../ports/subscriptions.ts';
import { defined } from '../defined.ts';
import { type EntityRef, recipientKey } from '../ids/entity-ref.ts';

export type ObjectRef = Extract<EntityRef, { kind: 'object' }>;

/** Where a walk over subscribers stands: enough to go on from there in another process. JSON. */
export type Place = {
  /** Which of the objects that were listed. */
  object: number;
  /** The page of its subscribers, as the store of subscriptions names it; absent for the first. */
  after?: string;
  /** The subscriber of that page whose own subscribers are being gone through; absent for the page itself. */
  child?: { key: string; sinceMs: number };
  childAfter?: string;
};

/** Subscribers of one object, in the order in which they subscribed, and where the walk stands before them. */
export type SubscriberPage = { place: Place; object: ObjectRef; subscriptions: Subscription[] };

const pageLimit = 500;

/**
 * Everybody who is reached through `objects`: the subscribers of each, and those of subscribers that are objects
 * themselves; no further. A page is followed by what its objects lead to, then comes the next one, so whatever the
 * number of subscribers only a page of them is held. Who subscribed first comes first within a page. Objects in `listed`
 * are not gone through for being subscribers: they have a walk of their own. Nobody is left out for coming up twice.
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
