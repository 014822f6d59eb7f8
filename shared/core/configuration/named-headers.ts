import { headerName } from '../mappings/event-path.ts';
import { parseFieldPath } from '../mappings/field-path.ts';
import { pathsOfMapping } from '../mappings/parameter-value.ts';
import type { Mapping } from '../mappings/schema.ts';
import type { SourceFile, SourceSettings } from './schema.ts';

type Read = {
  file: SourceFile;
  /** All that read the source's events. Absent: those of its file. */
  mappings?: readonly Mapping[];
  settings: { idempotency: Pick<SourceSettings['idempotency'], 'path'> };
};

/**
 * The request headers that a source's configuration reads, in lower case, each once: in parameters, conditions and
 * templates of mappings, in paths of the file (`event_type_path` …) and of the environment's settings, and by name in
 * its expression. An event that loses one of these on its way cannot be read as configured.
 *
 * Whether they may be kept (a credential may not) is for the caller to decide. An expression can also work a name out;
 * such a header is named in the file's `headers`.
 *
 * @throws Error for a path that is malformed: a snapshot that we did not write
 */
export function namedHeaders({ file, mappings = file.mappings, settings }: Read): string[] {
  const paths = [
    file.event_type_path,
    file.idempotency_key_path,
    file.user_id_path,
    file.timestamp_path,
    settings.idempotency.path,
    ...mappings.flatMap(pathsOfMapping),
  ];
  const names = new Set(file.preprocess === undefined ? [] : headersOfExpression(file.preprocess.jsonata));
  for (const path of paths) {
    // Most paths lead elsewhere, and there may be thousands.
    const name = path?.startsWith('headers') ? headerName(parseFieldPath(path)) : undefined;
    if (name !== undefined) names.add(name);
  }
  return [...names];
}

/** `headers.x`, `headers."x-y"`, `` headers.`x-y` `` and `$lookup(headers, "x-y")`, as JSONata writes them. */
function headersOfExpression(text: string): string[] {
  const members = text.matchAll(/\bheaders\s*\.\s*(?:"([^"\\]+)"|'([^'\\]+)'|`([^`]+)`|([A-Za-z_][\w]*))/g);
  const lookups = text.matchAll(/\$lookup\(\s*(?:\$+\.)?headers\s*,\s*(?:"([^"\\]+)"|'([^'\\]+)')/g);
  return [...members, ...lookups].flatMap(([, ...names]) =>
    names.filter((name) => name !== undefined).map((name) => name.toLowerCase()),
  );
}
