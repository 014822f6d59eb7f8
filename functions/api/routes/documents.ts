import * as z from 'zod';
import { ok } from '../answer.ts';
import { defineRoute, type Route } from '../route.ts';

export const documentRoutes: readonly Route[] = [
  defineRoute({
    call: 'openapi.get',
    method: 'GET',
    path: '/v1/openapi.json',
    does: 'returns the OpenAPI 3.1 document of this API, without a key',
    permission: 'none',
    params: z.object({}),
    query: z.object({}),
    answer: z.looseObject({ openapi: z.string() }),
    async handle({ ports }) {
      return ok(await ports.openApi());
    },
  }),
];
