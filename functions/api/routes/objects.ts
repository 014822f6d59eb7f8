import * as z from 'zod';
import { objectsDelete } from '../../../shared/core/actions/objects-delete.ts';
import { objectsSet } from '../../../shared/core/actions/objects-set.ts';
import type { ObjectRef } from '../../../shared/core/ids/entity-ref.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import { deleteEntityByRequest } from '../../../shared/operations/requests/delete-entity.ts';
import { listEntities } from '../../../shared/operations/requests/list-entities.ts';
import { setEntityByRequest } from '../../../shared/operations/requests/set-entity.ts';
import { invalidFields, missing, noContent, ok } from '../answer.ts';
import { defineRoute, type Route } from '../route.ts';
import { collectionParam } from '../shapes/collection.ts';
import { idParam } from '../shapes/ids.ts';
import { ObjectBody, ObjectShape, objectShape } from '../shapes/object.ts';
import { include, pagedList, pageOf, pageQuery } from '../shapes/page.ts';

const params = z.object({ collection: collectionParam, id: idParam('The object; unique within its collection.') });
const path = '/v1/objects/{collection}/{id}';
const query = z.object({});

const objectRef = (collection: string, id: string): ObjectRef => ({ kind: 'object', collection, id });

export const objectRoutes: readonly Route[] = [
  defineRoute({
    call: 'objects.list',
    method: 'GET',
    path: '/v1/objects/{collection}',
    does: 'lists the objects of a collection by id',
    permission: 'secret',
    params: z.object({ collection: collectionParam }),
    query: z.object({ ...pageQuery, include }),
    answer: pageOf(ObjectShape),
    async handle({ params: { collection }, query, request, ports }) {
      const list = pagedList(`objects ${collection}`, query);
      if (list.kind === 'refused') return list;
      const page = await listEntities({ kind: 'object', collection }, list.wanted, request, ports);
      const withPreferences = query.include !== undefined;
      return ok(list.answerOf(page, (object) => objectShape(object, withPreferences)));
    },
  }),
  defineRoute({
    call: 'objects.set',
    method: 'PUT',
    path,
    does: 'creates or changes an object; maps merge, and every unknown name is a custom property',
    permission: 'secret',
    params,
    query,
    body: ObjectBody,
    answer: ObjectShape,
    async handle({ params: { collection, id }, body, request, ports }) {
      const payload = { collection, id, properties: body as JsonObject };
      const set = await setEntityByRequest(objectsSet, payload, objectRef(collection, id), request, ports);
      return set.kind === 'set' ? ok(objectShape(set.entity), set.recorded) : invalidFields(set.errors);
    },
  }),
  defineRoute({
    call: 'objects.get',
    method: 'GET',
    path,
    does: 'returns an object',
    permission: 'secret',
    params,
    query,
    answer: ObjectShape,
    async handle({ params: { collection, id }, ports }) {
      const [object] = await ports.directory.readEach([objectRef(collection, id)]);
      return object === undefined ? missing(`there is no object ${id} in ${collection}`) : ok(objectShape(object));
    },
  }),
  defineRoute({
    call: 'objects.delete',
    method: 'DELETE',
    path,
    does: 'deletes an object, its subscribers and its own subscriptions; it need not exist',
    permission: 'secret',
    params,
    query,
    async handle({ params: { collection, id }, request, ports }) {
      const ref = objectRef(collection, id);
      return noContent(await deleteEntityByRequest(objectsDelete, { collection, id }, ref, request, ports));
    },
  }),
];
