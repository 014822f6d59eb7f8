import type { ErrorObject } from 'ajv/dist/2020.js';
import type { FieldError } from '../errors.ts';
import type { JsonObject } from '../json/values.ts';
import { type CompiledSchema, compileDataSchema } from './compile-data-schema.ts';

// A snapshot's schema object exists as long as the snapshot.
const compiled = new WeakMap<JsonObject, Promise<CompiledSchema>>();

/**
 * Problems of `data`, by field; empty when it matches. With a schema that cannot be compiled, no
 * data matches.
 */
export async function checkData(schema: JsonObject, data: JsonObject): Promise<FieldError[]> {
  const validate = await compile(schema);
  if ('problem' in validate) return [{ field: 'data', message: `the workflow's data_schema: ${validate.problem}` }];
  if (validate(data)) return [];
  return (validate.errors ?? []).slice(0, fieldErrorsMax).map(fieldError);
}

const fieldErrorsMax = 20;

function fieldError({ instancePath, message = 'does not match', params }: ErrorObject): FieldError {
  const segments = instancePath
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  const extra = typeof params.additionalProperty === 'string' ? `: ${params.additionalProperty}` : '';
  return { field: ['data', ...segments].join('.'), message: `${message}${extra}` };
}

function compile(schema: JsonObject): Promise<CompiledSchema> {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  // Ajv is loaded only if a workflow has a schema.
  const made = import('ajv/dist/2020.js').then(({ Ajv2020 }) => compileDataSchema(Ajv2020, schema));
  compiled.set(schema, made);
  return made;
}
