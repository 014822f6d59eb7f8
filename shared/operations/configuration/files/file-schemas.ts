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

/** The first line of a file in `sources/`, `workflows/` …, which tells editors where its schema is. */
export function modeline(kind: FileKindName): string {
  return `# yaml-language-server: $schema=../schemas/${kind}.schema.json`;
}

/**
 * JSON Schemas for editors, made from the zod schemas that files are checked with. What zod cannot know there (kinds of
 * sources, actions and the parameters of each) is filled in from the listings; what JSON Schema cannot say (references
 * between files, paths that lead nowhere) is left to `config validate`. Draft 7, which every editor's YAML server speaks.
 */
export function fileSchemas(): Record<FileKindName, JsonSchema> {
  return {
    source: sourceSchema(),
    workflow: schemaOf(WorkflowFile, 'A workflow: what one trigger starts, and where its runs go.'),
    audience: schemaOf(AudienceFile, 'An audience that is there before anybody is in it.'),
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

/** Every JSON object has keys that are text. */
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

/** The schema of a member that the zod schemas have; a rename there has to be followed here. */
function member(properties: Record<string, JsonSchema>, name: string): JsonSchema {
  const schema = properties[name];
  if (schema === undefined) throw new Error(`the schema has no member "${name}"`);
  return schema;
}

/** For mappings with one action: the names of its parameters, what they are, and which must be there. */
function parametersOf({ id, params }: Action, anyParameter: JsonSchema): JsonSchema {
  const shape = params.shape as Record<string, z.ZodType>;
  const properties = Object.entries(shape).map(([name, { description = '' }]) => {
    // Links lead from page to page, and nowhere from an editor.
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
