import { takesPath } from './insert-path.ts';
import { type PathPart, placeAt, type YamlPlace } from './yaml-place.ts';

export type JsonSchema = {
  $ref?: string;
  definitions?: Record<string, JsonSchema>;
  description?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  required?: string[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  if?: JsonSchema;
  then?: JsonSchema;
};

/** What can be completed with, besides the schema. */
export type Words = {
  schema: JsonSchema;
  sources: readonly string[];
  workflows: readonly string[];
  audiences: readonly string[];
  event_types: readonly string[];
  /** Parameters that name a resource. */
  naming: readonly { action: string; parameter: string; type: string }[];
  /** Of the event that is shown. */
  paths: readonly { path: string; shown: string }[];
};

export type Completion = { label: string; kind: 'name' | 'value' | 'path'; detail?: string; info?: string };
export type Completions = { from: number; place: YamlPlace; options: Completion[] };

/** What can be written at an offset: names that the schema knows, its values, and paths of the event. */
export function completionsAt(text: string, offset: number, words: Words): Completions | undefined {
  const place = placeAt(text, offset);
  if (place === undefined) return undefined;
  const action = actionAround(text, offset);
  const schemas = schemasAt(words.schema, place.path, action);
  const options = place.at === 'name' ? namesOf(schemas, place, words.schema) : [];
  // A word in a list may be a name or a value.
  const isValue = place.at === 'value' || typeof place.path.at(-1) === 'number';
  if (isValue) options.push(...valuesOf(schemas), ...namedAt(place.path, action, words));
  if (isValue && takesPath(place))
    options.push(...words.paths.map(({ path, shown }) => ({ label: path, kind: 'path' as const, detail: shown })));
  const unique = [...new Map(options.map((option) => [option.label, option])).values()];
  return unique.length === 0 ? undefined : { from: place.from, place, options: unique };
}

function namesOf(schemas: JsonSchema[], { taken }: YamlPlace, root: JsonSchema): Completion[] {
  return schemas.flatMap(({ properties = {}, required = [] }) =>
    Object.entries(properties)
      .filter(([name]) => !taken.includes(name))
      .map(([name, schema]): Completion => {
        const info =
          schema.description ?? expanded(schema, root, undefined).find(({ description }) => description)?.description;
        return {
          label: name,
          kind: 'name',
          ...(required.includes(name) && { detail: 'required' }),
          ...(info !== undefined && { info }),
        };
      }),
  );
}

function valuesOf(schemas: JsonSchema[]): Completion[] {
  return schemas.flatMap((schema) => {
    const values =
      schema.enum ?? (schema.const !== undefined ? [schema.const] : schema.type === 'boolean' ? [true, false] : []);
    return values.map((value): Completion => ({ label: String(value), kind: 'value' }));
  });
}

/** Keys of resources, and event types, where one is named. */
function namedAt(path: readonly PathPart[], action: string | undefined, words: Words): Completion[] {
  const last = path.at(-1);
  const of = (names: readonly string[], detail: string) =>
    names.map((label): Completion => ({ label, kind: 'value', detail }));
  if (path.length === 3 && last === 'event') return of(words.event_types, 'came');
  if (path.length === 3 && path[0] === 'triggers' && last === 'source') return of(words.sources, 'source');
  if (path.length === 1 && last === 'audience') return of(words.audiences, 'audience');
  const naming = words.naming.find((one) => one.action === action && one.parameter === last);
  if (naming === undefined || path.at(-2) !== 'parameters') return [];
  return of(naming.type === 'workflow' ? words.workflows : words.audiences, naming.type);
}

/** The action of the mapping that an offset is in: it decides which parameters there are. */
function actionAround(text: string, offset: number): string | undefined {
  const lines = text.split('\n');
  const at = text.slice(0, offset).split('\n').length - 1;
  const isStart = (line: string | undefined) =>
    /^\s*-\s+id\s*:|^\s*-\s+\w+\s*:/.test(line ?? '') && /^ {0,4}-/.test(line ?? '');
  let from = at;
  while (from > 0 && !isStart(lines[from])) from--;
  let to = at + 1;
  while (to < lines.length && !isStart(lines[to])) to++;
  const found = lines.slice(from, to).map((line) => /^\s*(?:-\s+)?action\s*:\s*['"]?([\w-]+)/.exec(line)?.[1]);
  return found.find((action) => action !== undefined);
}

/** Every schema that a value at a path may have. */
function schemasAt(root: JsonSchema, path: readonly PathPart[], action: string | undefined): JsonSchema[] {
  return path.reduce<JsonSchema[]>(
    (schemas, part) =>
      schemas.flatMap((schema) => {
        if (typeof part === 'number') return schema.items === undefined ? [] : expanded(schema.items, root, action);
        const { properties, additionalProperties } = schema;
        const member =
          properties !== undefined && Object.hasOwn(properties, part)
            ? properties[part]
            : typeof additionalProperties === 'object'
              ? additionalProperties
              : undefined;
        return member === undefined ? [] : expanded(member, root, action);
      }),
    expanded(root, root, action),
  );
}

/** A schema with all that it refers to, or combines; of conditions those for the action. */
function expanded(schema: JsonSchema, root: JsonSchema, action: string | undefined, depth = 0): JsonSchema[] {
  if (depth > 8) return [];
  const referred = schema.$ref?.startsWith('#/definitions/') ? root.definitions?.[schema.$ref.slice(14)] : undefined;
  const wanted = schema.if?.properties?.action?.const;
  const inner = [
    ...(referred === undefined ? [] : [referred]),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.allOf ?? []),
    ...(schema.then !== undefined && wanted !== undefined && wanted === action ? [schema.then] : []),
  ];
  return [schema, ...inner.flatMap((one) => expanded(one, root, action, depth + 1))];
}
