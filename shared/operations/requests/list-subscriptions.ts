import type { Entity } from '../../core/directory/entity.ts';
import { type EntityRef, type ObjectRef, recipientKey } from '../../core/ids/entity-ref.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Page, PageRequest, Subscription, Subscriptions } from '../../ports/subscriptions.ts';
import { type FilledPage, readPage, type WantedPage } from './read-page.ts';
import type { ApiRequest } from './request.ts';

/** What the API shows of an entity; of a deleted one only its reference. */
export type Shown = Pick<Entity, 'ref' | 'attributes' | 'updatedAtMs'>;

/** A subscription with both its ends as they are now. */
export type ShownSubscription = Omit<Subscription, 'object' | 'recipient'> & { object: Shown; recipient: Shown };

type Ports = {
  directory: Pick<Directory, 'readEach'>;
  subscriptions: Pick<Subscriptions, 'readEach' | 'subscribersOf' | 'subscriptionsOf'>;
  nowMs(): number;
};

/** Whose subscriptions: the subscribers of an object, or what a recipient is subscribed to. */
export type Side =
  | { of: 'object'; object: ObjectRef; recipients?: EntityRef[] | undefined }
  | { of: 'recipient'; recipient: EntityRef; objects?: ObjectRef[] | undefined };

/**
 * A page of subscriptions, in the order of the other end's key. Given `recipients` or `objects`,
 * only those to them.
 * @throws RetryableError when the table is throttled or unavailable, or the time did not suffice
 */
export async function listSubscriptions(
  side: Side,
  wanted: WantedPage,
  { deadlineMs }: Pick<ApiRequest, 'deadlineMs'>,
  ports: Ports,
): Promise<FilledPage<ShownSubscription>> {
  const otherEnd = ({ object, recipient }: Pick<Subscription, 'object' | 'recipient'>) =>
    recipientKey(side.of === 'object' ? recipient : object);
  const page = await readPage(
    wanted,
    (request) => pageOf(side, request, otherEnd, ports.subscriptions),
    otherEnd,
    () => ports.nowMs() > deadlineMs,
  );
  return { ...page, entries: await showSubscriptions(page.entries, ports.directory) };
}

async function pageOf(
  side: Side,
  request: PageRequest,
  otherEnd: (subscription: Subscription) => string,
  subscriptions: Ports['subscriptions'],
): Promise<Page<Subscription>> {
  const named = await readNamed(side, subscriptions);
  if (named === undefined)
    return side.of === 'object'
      ? subscriptions.subscribersOf(side.object, request)
      : subscriptions.subscriptionsOf(side.recipient, request);
  const { after, before } = request;
  const entries = named
    .filter((one) => (after === undefined || otherEnd(one) > after) && (before === undefined || otherEnd(one) < before))
    .sort((a, b) => (otherEnd(a) < otherEnd(b) ? -1 : 1));
  return { entries };
}

/** Those to the given recipients or objects; undefined when none are given. */
async function readNamed(side: Side, subscriptions: Ports['subscriptions']): Promise<Subscription[] | undefined> {
  const named = side.of === 'object' ? side.recipients : side.objects;
  if (named === undefined) return undefined;
  const refs = [...new Map(named.map((ref) => [recipientKey(ref), ref])).values()];
  const stored =
    side.of === 'object'
      ? await subscriptions.readEach(side.object, refs)
      : (await Promise.all(refs.map((object) => subscriptions.readEach(object as ObjectRef, [side.recipient])))).flat();
  return stored.flatMap((one) => (one === undefined || one.isRemoved ? [] : [one]));
}

/** Both ends of each, read once. An end that no longer exists is shown with nothing in it. */
export async function showSubscriptions(
  subscriptions: readonly Subscription[],
  directory: Pick<Directory, 'readEach'>,
): Promise<ShownSubscription[]> {
  const ends = subscriptions.flatMap(({ object, recipient }): EntityRef[] => [object, recipient]);
  const refs = [...new Map(ends.map((ref) => [recipientKey(ref), ref])).values()];
  const entities = refs.length === 0 ? [] : await directory.readEach(refs);
  const byKey = new Map(refs.map((ref, i) => [recipientKey(ref), entities[i]]));
  return subscriptions.map((subscription) => {
    const show = (ref: EntityRef): Shown =>
      byKey.get(recipientKey(ref)) ?? { ref, attributes: {}, updatedAtMs: subscription.updatedAtMs };
    return { ...subscription, object: show(subscription.object), recipient: show(subscription.recipient) };
  });
}
