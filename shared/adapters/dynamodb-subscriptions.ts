import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type EntityRef, type ObjectRef, recipientKey, refFromRecipientKey } from '../core/ids/entity-ref.ts';
import type { Page, PageRequest, StoredSubscription, Subscription, Subscriptions } from '../ports/subscriptions.ts';
import { entityPartition, refFromPartition } from './dynamodb-directory.ts';
import type { ItemKey } from './dynamodb-get-each.ts';
import { makeRelations, type RelationKeys, type StoredRelation } from './dynamodb-relations.ts';

const subscriber = 'subscriber#';
const subscription = 'subscription#';

/**
 * A subscription is an item in its object's partition, `sk = subscriber#{recipient}`, with an
 * inverse in the recipient's, `sk = subscription#{object}`. Subscribing costs 2 write units,
 * unsubscribing 2, subscribing again by a later event 2, by the same event none.
 */
export function makeSubscriptions(client: DynamoDBDocumentClient, table: string): Subscriptions {
  const relations = makeRelations(client, table, subscriptionKeys);
  const all = (object: ObjectRef, recipients: EntityRef[]) => recipients.map((recipient) => keysOf(object, recipient));
  return {
    async readEach(object, recipients) {
      const keys = all(object, recipients);
      const rows = await relations.readRows(keys);
      return rows.map((relation, i) => relation && asSubscription({ keys: keys[i] as RelationKeys, relation }));
    },
    subscribe: (object, recipients, { nowMs, ...wish }) =>
      relations.change(all(object, recipients), { kind: 'set', ...wish }, nowMs),
    unsubscribe: (object, recipients, { nowMs, ...wish }) =>
      relations.change(all(object, recipients), { kind: 'remove', ...wish }, nowMs),
    async subscribersOf(object, page) {
      return asSubscriptions(await relations.page(entityPartition(object), subscriber, keyed(subscriber, page)));
    },
    async subscriptionsOf(recipient, page) {
      return asSubscriptions(
        await relations.inversePage(entityPartition(recipient), subscription, keyed(subscription, page)),
      );
    },
    eraseSubscribersOf: (object, notAfterMs, page) =>
      relations.erase('row', { pk: entityPartition(object), prefix: subscriber }, notAfterMs, page),
    eraseSubscriptionsOf: (recipient, notAfterMs, page) =>
      relations.erase('inverse', { pk: entityPartition(recipient), prefix: subscription }, notAfterMs, page),
  };
}

/** Edges as sort keys: a page's `next` is one already. No name holds a "#". */
function keyed(prefix: string, { limit, after, before }: PageRequest): PageRequest {
  const key = (edge: string) => (edge.includes('#') ? edge : `${prefix}${edge}`);
  return {
    limit,
    ...(after !== undefined && { after: key(after) }),
    ...(before !== undefined && { before: key(before) }),
  };
}

function keysOf(object: ObjectRef, recipient: EntityRef): RelationKeys {
  return {
    row: { pk: entityPartition(object), sk: `${subscriber}${recipientKey(recipient)}` },
    inverse: { pk: entityPartition(recipient), sk: `${subscription}${recipientKey(object)}` },
  };
}

function endsOf({ pk, sk }: ItemKey): { object: ObjectRef; recipient: EntityRef } {
  const one = refFromPartition(pk);
  const other = refFromRecipientKey(sk.slice(sk.indexOf('#') + 1));
  const [object, recipient] = sk.startsWith(subscriber) ? [one, other] : [other, one];
  return { object: object as ObjectRef, recipient };
}

function subscriptionKeys(item: ItemKey): RelationKeys {
  const { object, recipient } = endsOf(item);
  return keysOf(object, recipient);
}

function asSubscriptions({ entries, ...rest }: Page<StoredRelation>): Page<Subscription> {
  return {
    entries: entries.map((entry) => {
      const { isRemoved: _isRemoved, ...subscription } = asSubscription(entry);
      return subscription;
    }),
    ...rest,
  };
}

function asSubscription({ keys, relation }: StoredRelation): StoredSubscription {
  const { isRemoved, properties, sourceTimeMs, insertedAtMs, updatedAtMs } = relation;
  return { ...endsOf(keys.row), isRemoved, properties, sourceTimeMs, insertedAtMs, updatedAtMs };
}
