import * as z from 'zod';
import { usersDelete } from '../../../shared/core/actions/users-delete.ts';
import { usersIdentify } from '../../../shared/core/actions/users-identify.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import { deleteEntityByRequest } from '../../../shared/operations/requests/delete-entity.ts';
import { listEntities } from '../../../shared/operations/requests/list-entities.ts';
import { listSubscriptions, type Side } from '../../../shared/operations/requests/list-subscriptions.ts';
import { mergeUsersByRequest } from '../../../shared/operations/requests/merge-users.ts';
import { setEntityByRequest } from '../../../shared/operations/requests/set-entity.ts';
import { invalid, invalidFields, missing, noContent, ok } from '../answer.ts';
import { defineRoute, type Route } from '../route.ts';
import { idParam } from '../shapes/ids.ts';
import { include, pagedList, pageOf, pageQuery } from '../shapes/page.ts';
import { objectsQuery } from '../shapes/references.ts';
import { Subscription, subscriptionShape } from '../shapes/subscription.ts';
import { User, UserBody, userShape } from '../shapes/user.ts';

const params = z.object({ user_id: idParam('The user.') });
const path = '/v1/users/{user_id}';
const query = z.object({});

const userRef = (id: string) => ({ kind: 'user', id }) as const;

export const userRoutes: readonly Route[] = [
  defineRoute({
    call: 'users.list',
    method: 'GET',
    path: '/v1/users',
    does: 'lists users by id',
    permission: 'secret',
    params: z.object({}),
    query: z.object({ ...pageQuery, include }),
    answer: pageOf(User),
    async handle({ query, request, ports }) {
      const list = pagedList('users', query);
      if (list.kind === 'refused') return list;
      const page = await listEntities({ kind: 'user' }, list.wanted, request, ports);
      const withPreferences = query.include !== undefined;
      return ok(list.answerOf(page, (user) => userShape(user, withPreferences)));
    },
  }),
  defineRoute({
    call: 'users.update',
    method: 'PUT',
    path,
    does: 'creates or changes a user; maps merge, and every unknown name is a custom property',
    permission: 'secret',
    params,
    query,
    body: UserBody,
    answer: User,
    async handle({ params: { user_id: id }, body, request, ports }) {
      const payload = { id, properties: body as JsonObject };
      const set = await setEntityByRequest(usersIdentify, payload, userRef(id), request, ports);
      return set.kind === 'set' ? ok(userShape(set.entity), set.recorded) : invalidFields(set.errors);
    },
  }),
  defineRoute({
    call: 'users.get',
    method: 'GET',
    path,
    does: 'returns a user',
    permission: 'secret',
    params,
    query,
    answer: User,
    async handle({ params: { user_id: id }, ports }) {
      const [user] = await ports.directory.readEach([userRef(id)]);
      return user === undefined ? missing(`there is no user ${id}`) : ok(userShape(user));
    },
  }),
  defineRoute({
    call: 'users.merge',
    method: 'POST',
    path: `${path}/merge`,
    does: 'folds another user into this one and deletes it; this one wins where both have a value',
    permission: 'secret',
    params,
    query,
    body: z.object({ from_user_id: idParam('The user that ends.') }).meta({ id: 'UserMergeRequest' }),
    answer: User,
    async handle({ params: { user_id: id }, body: { from_user_id: fromId }, request, ports }) {
      if (fromId === id)
        return invalid([
          { field: 'from_user_id', message: 'must be another user than the one in the path', type: null },
        ]);
      const merged = await mergeUsersByRequest(id, fromId, request, ports);
      if (merged.kind === 'merged') return ok(userShape(merged.user), merged.recorded);
      return merged.kind === 'refused' ? invalidFields(merged.errors) : missing(`there is no user ${merged.id}`);
    },
  }),
  defineRoute({
    call: 'users.listSubscriptions',
    method: 'GET',
    path: `${path}/subscriptions`,
    does: 'lists what a user is subscribed to, by collection and id',
    permission: 'secret',
    params,
    query: z.object({ ...pageQuery, include, objects: objectsQuery.describe('Only those to these objects.') }),
    answer: pageOf(Subscription),
    async handle({ params: { user_id: id }, query, request, ports }) {
      const recipient = userRef(id);
      const list = pagedList(`subscriptions of ${id}`, query);
      if (list.kind === 'refused') return list;
      const [user] = await ports.directory.readEach([recipient]);
      if (user === undefined) return missing(`there is no user ${id}`);
      const side: Side = { of: 'recipient', recipient, objects: query.objects };
      const page = await listSubscriptions(side, list.wanted, request, ports);
      const withPreferences = query.include !== undefined;
      return ok(list.answerOf(page, (one) => subscriptionShape(one, withPreferences)));
    },
  }),
  defineRoute({
    call: 'users.delete',
    method: 'DELETE',
    path,
    does: 'deletes a user, its subscriptions, memberships and unfinished runs; it need not exist',
    permission: 'secret',
    params,
    query,
    async handle({ params: { user_id: id }, request, ports }) {
      return noContent(await deleteEntityByRequest(usersDelete, { id }, userRef(id), request, ports));
    },
  }),
];
