import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonObject } from '../json/values.ts';

export type CompiledSchema = ValidateFunction | { problem: string };

/**
 * A compiled `data_schema` of a workflow; `problem` when it is not a JSON Schema. Ajv compiles the
 * schema's text to code. It quotes every name and value, and the text is our own configuration,
 * never a sender's. Formats are only notes; their regular expressions do not run.
 * https://ajv.js.org/security.html
 * @param Validator given by the caller, so that a function loads it only if needed
 */
export function compileDataSchema(Validator: typeof Ajv2020, schema: JsonObject): CompiledSchema {
  try {
    checkerOf(Validator).validateSchema(schema, true);
    // A validator keeps what it compiled, so each schema has one of its own.
    return new Validator({ ...options, validateSchema: false }).compile(schema);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

const options = {
  allErrors: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  validateFormats: false,
  logger: false,
} as const;

const checkers = new WeakMap<typeof Ajv2020, Ajv2020>();

/** Compiles the rules for schemas once: that takes longer than to compile most schemas. */
function checkerOf(Validator: typeof Ajv2020): Ajv2020 {
  const checker = checkers.get(Validator) ?? new Validator(options);
  checkers.set(Validator, checker);
  return checker;
}
