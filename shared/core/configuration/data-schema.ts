import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';

const textLengthMax = 64 * 1024;
const uniqueItemsMax = 1000;

/**
 * Why a JSON Schema is unsafe to run on senders' data: it refers out of the file, or could keep a
 * function busy without end. Compiling it shows whether it is a schema at all.
 */
export function dataSchemaProblems(schema: JsonObject): string[] {
  if (JSON.stringify(schema).length > textLengthMax) return [`is over ${textLengthMax / 1024} KB`];
  return [...new Set(problemsOf(schema))];
}

function problemsOf(value: JsonValue): string[] {
  if (Array.isArray(value)) return value.flatMap(problemsOf);
  if (!isJsonObject(value)) return [];
  return [
    ...ownProblems(value),
    ...Object.entries(value).flatMap(([name, inner]) =>
      // Properties may have any name, even `pattern`; values are not schemas.
      isJsonObject(inner) && mapsOfSchemas.has(name)
        ? Object.values(inner).flatMap(problemsOf)
        : plainValues.has(name)
          ? []
          : problemsOf(inner),
    ),
  ];
}

const mapsOfSchemas = new Set(['properties', '$defs', 'definitions', 'dependentSchemas']);
const plainValues = new Set(['const', 'enum', 'default', 'examples']);

function ownProblems(schema: JsonObject): string[] {
  const problems: string[] = [];
  for (const name of ['pattern', 'patternProperties']) {
    if (name in schema) problems.push(`${name} is not allowed: a regular expression can hang on a hostile text`);
  }
  for (const name of ['$ref', '$dynamicRef']) {
    const ref = schema[name];
    if (ref !== undefined && !(typeof ref === 'string' && ref.startsWith('#'))) {
      problems.push(`${name} must stay within the schema: "#/$defs/…"`);
    }
  }
  for (const name of ['$id', '$schema']) {
    if (name in schema) problems.push(`${name} is not needed: leave it out`);
  }
  if (schema.uniqueItems === true && !(Number(schema.maxItems) <= uniqueItemsMax)) {
    problems.push(`uniqueItems needs maxItems of at most ${uniqueItemsMax}: comparing more takes too long`);
  }
  return problems;
}
