import * as z from 'zod';
import type { Action } from '../../../core/actions/action.ts';
import { actions } from '../../../core/actions/index.ts';
import { AudienceFile, EnvironmentFile, SourceFile, WorkflowFile } from '../../../core/configuration/schema.ts';
import { defaultParameters } from '../../../core/mappings/action-facts.ts';
import { sourceKinds } from '../../../core/sources/index.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Each kind of configuration file; also the name of its JSON Schema. */
export const fileKinds = ['source', 'workflow', 'audience', 'environment'] as const;
export type FileKindName = (typeof fileKinds)[number];

/**
 * The first line of a file in `sources/`, `workflows/` …, which tells editors where its schema is.
 */
export function modeline(kind: FileKindName): string {
  return `# yaml-language-server: $schema=../schemas/${kind}.schema.json`;
}

/**
 * JSON Schemas for editors, made from the zod schemas that check files. The listings fill in what
 * zod does not know: kinds of sources, actions and their parameters. `config validate` checks what
 * JSON Schema cannot express: references between files, paths that lead nowhere. Draft 7, which
 * every editor's YAML server supports.
 */
export function fileSchemas(): Record<FileKindName, JsonSchema> {
  return {
    source: sourceSchema(),
    workflow: schemaOf(WorkflowFile, 'A workflow: what one trigger starts, and where its runs go.'),
    audience: schemaOf(AudienceFile, 'An audience that exists before it has members.'),
    environment: schemaOf(
      EnvironmentFile,
      'First values for a new environment. Once it runs, its own state wins; this file changes nothing there.',
    ),
  };
}

function schemaOf(schema: z.ZodType, description: string): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', override: withoutNoise });
  return { $schema: 'http://json-schema.org/draft-07/schema#', description, ...rest };
}

/** Keys of JSON objects are always text. */
function withoutNoise({ jsonSchema }: { jsonSchema: JsonSchema }): void {
  const { propertyNames } = jsonSchema;
  if (typeof propertyNames === 'object' && Object.keys(propertyNames).every((name) => name === 'type'))
    delete jsonSchema.propertyNames;
}

function sourceSchema(): JsonSchema {
  const schema = schemaOf(SourceFile, 'A source: who sends, and what its events do.');
  const { properties } = schema as { properties: Record<string, JsonSchema> };
  Object.assign(member(properties, 'kind'), { enum: sourceKinds.map(({ id }) => id) });
  const mapping = member(properties, 'mappings').items as JsonSchema & { properties: Record<string, JsonSchema> };
  Object.assign(member(mapping.properties, 'action'), { enum: actions.map(({ id }) => id) });
  const anyParameter = member(mapping.properties, 'parameters').additionalProperties as JsonSchema;
  return {
    ...schema,
    properties: {
      ...properties,
      mappings: {
        ...properties.mappings,
        type: ['array', 'null'],
        items: { ...mapping, allOf: actions.map((action) => parametersOf(action, anyParameter)) },
      },
    },
  };
}

/** The schema of a member of the zod schemas; a rename there must be repeated here. */
function member(properties: Record<string, JsonSchema>, name: string): JsonSchema {
  const schema = properties[name];
  if (schema === undefined) throw new Error(`the schema has no member "${name}"`);
  return schema;
}

/** For mappings with one action: its parameters' names, their meaning, and which are required. */
function parametersOf({ id, params }: Action, anyParameter: JsonSchema): JsonSchema {
  const shape = params.shape as Record<string, z.ZodType>;
  const properties = Object.entries(shape).map(([name, { description = '' }]) => {
    // Links lead from page to page; an editor cannot follow them.
    const text = description.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1');
    return [name, { description: text, allOf: [anyParameter] }] as [string, JsonSchema];
  });
  const required = Object.entries(shape).flatMap(([name, schema]) =>
    schema.isOptional() || Object.hasOwn(defaultParameters(id), name) ? [] : [name],
  );
  return {
    if: { properties: { action: { const: id } }, required: ['action'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: {
      properties: {
        parameters: {
          properties: Object.fromEntries(properties),
          additionalProperties: false,
          ...(required.length > 0 && { required }),
        },
      },
      ...(required.length > 0 && { required: ['parameters'] }),
    },
  };
}

/** A schema as its file has it. */
export function schemaText(schema: JsonSchema): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}
