import { isJsonObject, type JsonValue } from './values.ts';

const depthMax = 6;
const namesMax = 50;

/**
 * The form of a document without its values: names of members, and kinds of values. A list has the
 * form of its first element. Deep and wide parts are cut.
 */
export function formOf(value: JsonValue, depth = 0): JsonValue {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value[0] === undefined ? [] : [depth < depthMax ? formOf(value[0], depth + 1) : '…'];
  if (!isJsonObject(value)) return typeof value === 'string' ? 'text' : typeof value;
  if (depth === depthMax) return '…';
  const members = Object.entries(value);
  const shown = members.slice(0, namesMax).map(([name, inner]) => [name.slice(0, 100), formOf(inner, depth + 1)]);
  return {
    ...Object.fromEntries(shown),
    ...(members.length > namesMax && { '…': `${members.length - namesMax} more` }),
  };
}
