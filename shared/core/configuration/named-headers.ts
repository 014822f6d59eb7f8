import { headerName } from '../mappings/event-path.ts';
import { parseFieldPath } from '../mappings/field-path.ts';
import { pathsOfMapping } from '../mappings/parameter-value.ts';
import type { Mapping } from '../mappings/schema.ts';
import type { SourceFile, SourceSettings } from './schema.ts';

type Read = {
  file: SourceFile;
  /** All mappings that read the source's events. Absent: those in its file. */
  mappings?: readonly Mapping[];
  settings: { idempotency: Pick<SourceSettings['idempotency'], 'path'> };
};

/**
 * The request headers that a source's configuration reads, in lower case, each once: in parameters,
 * conditions and templates of mappings, in paths of the file (`event_type_path` …) and of the
 * environment's settings, and by name in its expression. Without these headers an event cannot be
 * read as configured. The caller decides which may be kept; credentials may not. An expression can
 * also compute a name; the file's `headers` must name such a header.
 * @throws Error for a malformed path: a snapshot that we did not write
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
    // A cheap check first: most paths lead elsewhere, and there may be thousands.
    const name = path?.startsWith('headers') ? headerName(parseFieldPath(path)) : undefined;
    if (name !== undefined) names.add(name);
  }
  return [...names];
}

/**
 * `headers.x`, `headers."x-y"`, `` headers.`x-y` `` and `$lookup(headers, "x-y")`, as JSONata
 * writes them.
 */
function headersOfExpression(text: string): string[] {
  const members = text.matchAll(/\bheaders\s*\.\s*(?:"([^"\\]+)"|'([^'\\]+)'|`([^`]+)`|([A-Za-z_][\w]*))/g);
  const lookups = text.matchAll(/\$lookup\(\s*(?:\$+\.)?headers\s*,\s*(?:"([^"\\]+)"|'([^'\\]+)')/g);
  return [...members, ...lookups].flatMap(([, ...names]) =>
    names.filter((name) => name !== undefined).map((name) => name.toLowerCase()),
  );
}
