import * as z from 'zod';
import { usersDelete } from '../../../shared/core/actions/users-delete.ts';
import { usersIdentify } from '../../../shared/core/actions/users-identify.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import { deleteEntityByRequest } from '../../../shared/operations/requests/delete-entity.ts';
import { setEntityByRequest } from '../../../shared/operations/requests/set-entity.ts';
import { invalidFields, missing, noContent, ok } from '../answer.ts';
import { defineRoute, type Route } from '../route.ts';
import { idParam } from '../shapes/ids.ts';
import { User, UserBody, userShape } from '../shapes/user.ts';

const params = z.object({ user_id: idParam('The user.') });
const path = '/v1/users/{user_id}';
const query = z.object({});

const userRef = (id: string) => ({ kind: 'user', id }) as const;

export const userRoutes: readonly Route[] = [
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
