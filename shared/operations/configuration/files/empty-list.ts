import { isJsonObject } from '../../../core/json/values.ts';

/**
 * A file's content, in which `mappings:` with only comments below it counts as an empty list. A
 * schema would read null, and the file of `sources add` has its mappings as comments there.
 */
export function withEmptyList(content: unknown): unknown {
  if (!isJsonObject(content) || content.mappings !== null) return content ?? {};
  const { mappings: _none, ...rest } = content;
  return rest;
}
