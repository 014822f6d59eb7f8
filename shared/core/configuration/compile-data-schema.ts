import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonObject } from '../json.ts';

export type CompiledSchema = ValidateFunction | { problem: string };

/**
 * A workflow's `data_schema`, ready to check with; `problem` when it is no JSON Schema. Ajv makes a function of the
 * schema's text: it quotes every name and value in it, and the text is our own configuration, never a sender's. Formats
 * are notes to the reader, their regular expressions are not run.
 * https://ajv.js.org/security.html
 */
export function compileDataSchema(schema: JsonObject): CompiledSchema {
  try {
    const options = { allErrors: true, strictTypes: false, strictRequired: false, validateFormats: false } as const;
    return new Ajv2020({ ...options, strict: true, logger: false }).compile(schema);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
