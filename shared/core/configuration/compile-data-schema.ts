import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonObject } from '../json/values.ts';

export type CompiledSchema = ValidateFunction | { problem: string };

/**
 * A workflow's `data_schema`, ready to check with; `problem` when it is no JSON Schema. Ajv makes a function of the
 * schema's text: it quotes every name and value in it, and the text is our own configuration, never a sender's. Formats
 * are notes to the reader, their regular expressions are not run.
 * https://ajv.js.org/security.html
 *
 * @param Validator given by the caller, so that a function loads it only where it is needed
 */
export function compileDataSchema(Validator: typeof Ajv2020, schema: JsonObject): CompiledSchema {
  try {
    const options = { allErrors: true, strictTypes: false, strictRequired: false, validateFormats: false } as const;
    return new Validator({ ...options, strict: true, logger: false }).compile(schema);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
