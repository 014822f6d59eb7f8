import * as z from 'zod';
import { type ObjectRef, recipientKey } from '../../../shared/core/ids/entity-ref.ts';
import type { JsonObject, JsonValue } from '../../../shared/core/json/values.ts';
import {
  type ChangedSubscriptions,
  subscribeByRequest,
  unsubscribeByRequest,
} from '../../../shared/operations/requests/change-subscriptions.ts';
import { listSubscriptions, type Side } from '../../../shared/operations/requests/list-subscriptions.ts';
import { type Answer, invalidFields, missing, ok } from '../answer.ts';
import { defineRoute, type Route } from '../route.ts';
import { collectionParam } from '../shapes/collection.ts';
import { idParam } from '../shapes/ids.ts';
import { include, pagedList, pageOf, pageQuery } from '../shapes/page.ts';
import { objectsQuery, RecipientReference, RecipientRequest, recipientsQuery } from '../shapes/references.ts';
import { Subscription, subscriptionShape } from '../shapes/subscription.ts';

const params = z.object({
  collection: collectionParam,
  object_id: idParam('The object that is subscribed to; unique within its collection.'),
});
const path = '/v1/objects/{collection}/{object_id}/subscriptions';
const query = z.object({});
const recipientsMax = 100;

type Params = z.output<typeof params>;
const objectRef = ({ collection, object_id: id }: Params): ObjectRef => ({ kind: 'object', collection, id });

export const objectSubscriptionRoutes: readonly Route[] = [
  defineRoute({
    call: 'objects.addSubscriptions',
    method: 'POST',
    path,
    does: 'subscribes recipients to an object; those described are set first, and the object need not exist',
    permission: 'secret',
    params,
    query,
    body: z
      .object({
        recipients: z.array(RecipientRequest).min(1).max(recipientsMax),
        properties: z
          .record(z.string(), z.unknown())
          .nullable()
          .optional()
          .describe('Kept on each subscription. Given, they replace what is there.'),
      })
      .meta({ id: 'AddSubscriptionsRequest' }),
    answer: z.array(Subscription),
    async handle({ params, body: { recipients, properties }, request, ports }) {
      const given = (properties ?? undefined) as JsonObject | undefined;
      const object = objectRef(params);
      return answerOf(await subscribeByRequest(object, recipients as JsonValue[], given, request, ports));
    },
  }),
  defineRoute({
    call: 'objects.deleteSubscriptions',
    method: 'DELETE',
    path,
    does: 'ends subscriptions to an object and returns those that were there',
    permission: 'secret',
    params,
    query,
    body: z
      .object({ recipients: z.array(RecipientReference).min(1).max(recipientsMax) })
      .meta({ id: 'DeleteSubscriptionsRequest' }),
    answer: z.array(Subscription),
    async handle({ params, body: { recipients }, request, ports }) {
      return answerOf(await unsubscribeByRequest(objectRef(params), recipients as JsonValue[], request, ports));
    },
  }),
  defineRoute({
    call: 'objects.listSubscriptions',
    method: 'GET',
    path,
    does: 'lists who is subscribed to an object, or what the object itself is subscribed to',
    permission: 'secret',
    params,
    query: z.object({
      ...pageQuery,
      include,
      mode: z
        .enum(['object', 'recipient'])
        .default('object')
        .describe('`object`: its subscribers. `recipient`: what it is subscribed to.'),
      recipients: recipientsQuery.describe('With mode `object`: only these subscribers.'),
      objects: objectsQuery.describe('With mode `recipient`: only these objects.'),
    }),
    answer: pageOf(Subscription),
    async handle({ params, query, request, ports }) {
      const object = objectRef(params);
      const list = pagedList(`subscriptions ${query.mode} ${recipientKey(object)}`, query);
      if (list.kind === 'refused') return list;
      const [stored] = await ports.directory.readEach([object]);
      if (stored === undefined) return missing(`there is no object ${object.id} in ${object.collection}`);
      const side: Side =
        query.mode === 'object'
          ? { of: 'object', object, recipients: query.recipients }
          : { of: 'recipient', recipient: object, objects: query.objects };
      const page = await listSubscriptions(side, list.wanted, request, ports);
      const withPreferences = query.include !== undefined;
      return ok(list.answerOf(page, (one) => subscriptionShape(one, withPreferences)));
    },
  }),
];

function answerOf(changed: ChangedSubscriptions): Answer {
  if (changed.kind === 'refused') return invalidFields(changed.errors);
  return ok(
    changed.subscriptions.map((one) => subscriptionShape(one)),
    changed.recorded,
  );
}
