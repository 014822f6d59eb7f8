import { isJsonObject } from '../../../core/json/values.ts';

/**
 * What a file says, where `mappings:` with nothing but comments below it's a list without entries. A schema would take it for
 * null, and the file that `sources add` writes has its mappings as comments there.
 */
export function withEmptyList(content: unknown): unknown {
  if (!isJsonObject(content) || content.mappings !== null) return content ?? {};
  const { mappings: _none, ...rest } = content;
  return rest;
}
