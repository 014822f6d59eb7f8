import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import type { FieldError } from '../actions/action.ts';
import type { JsonObject } from '../json.ts';

type Compiled = ValidateFunction | { problem: string };

// A snapshot's schema object lives as long as the snapshot.
const compiled = new WeakMap<JsonObject, Promise<Compiled>>();

/** @returns why `schema` is no JSON Schema; undefined when it is one */
export async function dataSchemaProblem(schema: JsonObject): Promise<string | undefined> {
  const validate = await compile(schema);
  return 'problem' in validate ? validate.problem : undefined;
}

/** What is wrong with `data`, by field; nothing when it matches. A schema that cannot be compiled matches nothing. */
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

function compile(schema: JsonObject): Promise<Compiled> {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const made = makeValidator(schema);
  compiled.set(schema, made);
  return made;
}

/**
 * Loaded only where a workflow has a schema. Ajv makes a function of the schema's text; it quotes every name and value in
 * it, and the text is our own configuration, never a sender's. Formats are notes to the reader: their regular
 * expressions are not run.
 */
async function makeValidator(schema: JsonObject): Promise<Compiled> {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  try {
    const ajv = new Ajv2020({
      allErrors: true,
      strict: true,
      strictTypes: false,
      strictRequired: false,
      validateFormats: false,
      logger: false,
    });
    return ajv.compile(schema);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
