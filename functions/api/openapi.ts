import * as z from 'zod';
import { refusalCodes } from './answer.ts';
import type { Route } from './route.ts';

type Schema = Record<string, unknown>;
export type OpenApiDocument = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> } & Record<string, unknown>;
} & Record<string, unknown>;
export type Operation = { operationId: string; responses: Record<string, unknown> } & Record<string, unknown>;

/** The form of every refusal. */
const Problem = z
  .object({
    code: z.enum([...refusalCodes, 'unavailable']),
    message: z.string(),
    status: z.int(),
    type: z.enum(['authentication_error', 'invalid_request_error', 'api_error']),
    errors: z
      .array(z.object({ field: z.string(), message: z.string(), type: z.string().nullable() }))
      .optional()
      .describe('With 422 only: each wrong field.'),
  })
  .meta({ id: 'Error' });

/** The OpenAPI 3.1 document of these routes: from the schemas that requests are checked with. */
export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const components = makeComponents();
  const error = components.refTo(Problem, 'output');
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    const operation = operationOf(route, components);
    const path = documentedPath(route);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Signalbox',
      version: '1',
      description: 'Users, objects, tenants, subscriptions, audiences and workflows, as clients of Knock call them.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name, description: `Calls of \`${name}\`.` })),
    paths,
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'A secret key, `sk_…`.' } },
      schemas: components.schemas,
      responses: Object.fromEntries(
        Object.entries(refusals).map(([status, description]) => [status, { description, content: json(error) }]),
      ),
    },
  };
}

export function documentedPath({ path }: Pick<Route, 'path'>): string {
  return path.replace('+}', '}');
}

function tagOf({ call }: Route): string {
  return call.slice(0, call.indexOf('.'));
}

type Components = ReturnType<typeof makeComponents>;

/** Refusals by their status; all have one form. */
const refusals = {
  400: 'The body is not JSON.',
  401: 'No valid key.',
  403: 'A public key.',
  404: 'No such thing.',
  413: 'The body is too large.',
  415: 'The content encoding is not gzip.',
  422: 'Fields that are wrong, each in `errors`.',
  503: 'A fault on our side; `Retry-After` says when to send it again.',
};

function operationOf(route: Route, components: Components): Operation {
  const isSecret = route.permission === 'secret';
  const unproven = { secret: [401, 403], source: [401], none: [] }[route.permission];
  const refused = [...unproven, ...(route.body ? [400, 413, 415] : []), 404, 422, 503];
  return {
    operationId: route.call,
    summary: sentence(route.does),
    tags: [tagOf(route)],
    ...(!isSecret && { security: [] }),
    parameters: [...parametersOf(route.params, 'path', components), ...parametersOf(route.query, 'query', components)],
    ...(route.body && {
      requestBody: {
        required: !route.body.safeParse({}).success,
        content: json(components.refTo(route.body, 'input')),
      },
    }),
    responses: {
      ...(route.answer && { 200: { description: 'Done.', content: json(components.refTo(route.answer, 'output')) } }),
      ...((route.answer === undefined || route.mayBeEmpty) && { 204: { description: 'Done.' } }),
      ...Object.fromEntries(refused.map((status) => [status, { $ref: `#/components/responses/${status}` }])),
    },
  };
}

function json(schema: Schema): Schema {
  return { 'application/json': { schema } };
}

function sentence(does: string): string {
  return `${does.charAt(0).toUpperCase()}${does.slice(1)}.`;
}

function parametersOf(schema: z.ZodObject, place: 'path' | 'query', components: Components): Schema[] {
  const { properties = {}, required = [] } = components.inline(schema, 'input') as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    // Lists are written with brackets, by the official client as well.
    name: rest.type === 'array' ? `${name}[]` : name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

/** Named schemas become components; the others stay where they are. */
function makeComponents() {
  const schemas: Record<string, Schema> = {};
  function inline(schema: z.ZodType, io: 'input' | 'output'): Schema {
    const { $schema: _$schema, $defs = {}, ...whole } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
    for (const [name, definition] of Object.entries($defs)) schemas[name] ??= withPaths(definition) as Schema;
    return withPaths(whole) as Schema;
  }
  return {
    schemas,
    inline,
    refTo(schema: z.ZodType, io: 'input' | 'output'): Schema {
      const whole = inline(schema, io);
      const name = z.globalRegistry.get(schema)?.id;
      if (name === undefined) return whole;
      schemas[name] ??= whole;
      return { $ref: `#/components/schemas/${name}` };
    },
  };
}

/** References as OpenAPI has them. */
function withPaths(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPaths);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'id' || typeof (value as Schema).id !== 'string')
      .map(([name, inner]) =>
        name === '$ref' && typeof inner === 'string'
          ? [name, inner.replace('#/$defs/', '#/components/schemas/')]
          : [name, withPaths(inner)],
      ),
  );
}
