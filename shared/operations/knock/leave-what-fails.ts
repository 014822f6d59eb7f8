import { type EnvironmentFile, type Snapshot, SourceFile } from '../../core/configuration/schema.ts';
import { checkReferences } from '../configuration/files/configuration-checks.ts';
import type { DocumentPath } from '../configuration/files/read-yaml.ts';
import type { Report } from './report.ts';

/**
 * Leaves out what `config validate` would call an error, so that what an import writes can be
 * committed: mappings with a path that leads nowhere or without a required parameter, and
 * workflows' schemas.
 * @throws Error for an error that is in no mapping, which is a bug of the conversion
 */
export function leaveWhatFails(
  given: Snapshot,
  environments: Record<string, EnvironmentFile>,
  report: Report,
): { content: Snapshot; environments: Record<string, EnvironmentFile> } {
  const content: Snapshot = {
    ...given,
    sources: Object.fromEntries(
      Object.entries(given.sources).map(([key, file]) => [key, leaveByShape(key, file, report)]),
    ),
  };
  for (let again = true; again; ) {
    again = false;
    const failing = new Map<string, { i: number; message: string }[]>();
    for (const { kind, key, path, message } of errorsIn(content, environments)) {
      const [first, i] = path;
      if (kind !== 'sources' || first !== 'mappings' || typeof i !== 'number')
        throw new Error(`an import made ${kind}/${key}.yaml, which fails: ${path.join('.')} ${message}`);
      failing.set(key, [...(failing.get(key) ?? []), { i, message: `${path.slice(2).join('.')} ${message}`.trim() }]);
    }
    for (const [key, found] of failing) {
      again = true;
      content.sources[key] = without(key, content.sources[key] as SourceFile, found, report);
    }
  }
  return { content, environments: withoutUnknown(environments, content) };
}

type Failing = { i: number; message: string };

function without(key: string, file: SourceFile, failing: Failing[], report: Report): SourceFile {
  for (const [i, [{ message }]] of Map.groupBy(failing, (one) => one.i) as Map<number, [Failing]>) {
    const mapping = file.mappings[i];
    if (mapping !== undefined)
      report({
        reason: 'mapping_refused',
        where: `source ${key}`,
        what: `the mapping ${mapping.event} → ${mapping.action}`,
        why: `A file with it could not be committed: ${message}.`,
        instead: 'Write it by hand: docs/mappings.md.',
      });
  }
  return { ...file, mappings: file.mappings.filter((_, i) => !failing.some((one) => one.i === i)) };
}

/** The schema of a file sees one mapping at a time, and more of it than checks of references. */
function leaveByShape(key: string, file: SourceFile, report: Report): SourceFile {
  const result = SourceFile.safeParse(file);
  if (result.success) return file;
  const failing = result.error.issues.map(({ path, message }): Failing => {
    const [first, i] = path;
    if (first !== 'mappings' || typeof i !== 'number')
      throw new Error(`an import made sources/${key}.yaml, which fails: ${path.join('.')} ${message}`);
    return { i, message: `${path.slice(2).join('.')} ${message}` };
  });
  return without(key, file, failing, report);
}

type Found = { kind: string; key: string; path: DocumentPath; message: string };

function errorsIn(content: Snapshot, environments: Record<string, EnvironmentFile>): Found[] {
  const places: Omit<Found, 'message'>[] = [];
  const keys = {
    sources: Object.keys(content.sources),
    workflows: Object.keys(content.workflows),
    audiences: Object.keys(content.audiences),
    environments: Object.keys(environments),
  };
  const problems = checkReferences(
    content,
    {},
    (kind, key, path) => {
      // The place comes back with its problem, so its number finds it.
      places.push({ kind, key, path });
      return { file: String(places.length - 1), path: '' };
    },
    keys,
  );
  return problems.flatMap(({ severity, file, message }) => {
    const place = places[Number(file)];
    return severity === 'error' && place !== undefined ? [{ ...place, message }] : [];
  });
}

/** Ids of mappings that were left out cannot be inactive. */
function withoutUnknown(
  environments: Record<string, EnvironmentFile>,
  { sources }: Snapshot,
): Record<string, EnvironmentFile> {
  return Object.fromEntries(
    Object.entries(environments).map(([name, environment]) => [
      name,
      {
        ...environment,
        sources: Object.fromEntries(
          Object.entries(environment.sources).map(([key, settings]) => {
            const ids = new Set(sources[key]?.mappings.map(({ id }) => id));
            return [key, { ...settings, inactive_mappings: settings.inactive_mappings.filter((id) => ids.has(id)) }];
          }),
        ),
      },
    ]),
  );
}
