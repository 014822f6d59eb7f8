import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import {
  AudienceFile,
  EnvironmentFile,
  ResourceKey,
  type Snapshot,
  SourceFile,
  WorkflowFile,
} from '../../shared/core/configuration/schema.ts';
import { checkReferences } from './configuration-checks.ts';

/** One thing that is wrong, or odd, in a configuration file. Lines and columns count from 1. */
export type ConfigurationProblem = {
  severity: 'error' | 'warning';
  file: string;
  line?: number;
  column?: number;
  /** Where in the document: `mappings[0].action`. */
  path: string;
  message: string;
};

export type ConfigurationFiles = {
  directory: string;
  snapshot: Snapshot;
  environments: Record<string, EnvironmentFile>;
  problems: ConfigurationProblem[];
};

/** Points at a place in a file; used by checks that span files. */
export type Locate = (
  kind: FileKind,
  key: string,
  path: (string | number)[],
) => Omit<ConfigurationProblem, 'severity' | 'message'>;

/** Where this checkout keeps them. */
export const shippedDirectory = join(import.meta.dirname, '..', 'config');

const kinds = {
  sources: SourceFile,
  workflows: WorkflowFile,
  audiences: AudienceFile,
  environments: EnvironmentFile,
} as const satisfies Record<string, z.ZodType>;
export type FileKind = keyof typeof kinds;

type ParsedFile = { file: string; document: Document; lines: LineCounter };

/**
 * Reads `<directory>/{sources,workflows,audiences,environments}/<key>.yaml` and checks all of it.
 *
 * Nothing is thrown for a bad file: every problem of every file is in `problems`, and what could be read is in the
 * snapshot. Push only when no problem is an error.
 */
export function readConfigurationFiles(directory: string): ConfigurationFiles {
  const problems: ConfigurationProblem[] = [];
  const parsed = new Map<string, ParsedFile>();
  const read = <Kind extends FileKind>(kind: Kind) => {
    const contents: Record<string, z.infer<(typeof kinds)[Kind]>> = {};
    for (const name of filesOf(join(directory, kind))) {
      const key = name.replace(/\.ya?ml$/, '');
      const file = relative(process.cwd(), join(directory, kind, name));
      const source = parseFile(file, readFileSync(join(directory, kind, name), 'utf8'), problems);
      if (!ResourceKey.safeParse(key).success) {
        problems.push({
          severity: 'error',
          file,
          path: '',
          message: `"${key}" cannot be a key; name the file with lower-case letters, digits, "-" or "_"`,
        });
      }
      if (source === undefined) continue;
      parsed.set(`${kind}/${key}`, source);
      const result = kinds[kind].safeParse(source.document.toJS() ?? {});
      if (result.success) contents[key] = result.data as z.infer<(typeof kinds)[Kind]>;
      else problems.push(...result.error.issues.flatMap((issue) => issueProblems(issue, source)));
    }
    return contents;
  };
  const snapshot: Snapshot = {
    sources: read('sources'),
    workflows: read('workflows'),
    audiences: read('audiences'),
  };
  const environments = read('environments');
  const locate: Locate = (kind, key, path) => {
    const source = parsed.get(`${kind}/${key}`);
    return source ? place(source, path) : { file: join(directory, kind, `${key}.yaml`), path: pathText(path) };
  };
  problems.push(...checkReferences(snapshot, environments, locate));
  return { directory, snapshot, environments, problems };
}

function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function parseFile(file: string, text: string, problems: ConfigurationProblem[]): ParsedFile | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.push({ severity: 'error', file, line, column: col, path: '', message: `is not YAML: ${error.message}` });
  }
  return document.errors.length > 0 ? undefined : { file, document, lines };
}

/** One problem per cause: a union's issue says only that nothing fitted, so its most telling branch speaks instead. */
function issueProblems(issue: z.core.$ZodIssue, source: ParsedFile): ConfigurationProblem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const deepest = issue.errors
      .map((issues) => ({ issues, depth: Math.max(...issues.map((inner) => inner.path.length), 0) }))
      .sort((a, b) => b.depth - a.depth || a.issues.length - b.issues.length)[0];
    const inner = deepest?.issues.map((cause) => ({ ...cause, path: [...issue.path, ...cause.path] })) ?? [];
    if (inner.length > 0) return inner.flatMap((cause) => issueProblems(cause, source));
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      severity: 'error',
      ...place(source, [...path, key]),
      message: `is not a field here; remove it or check its spelling`,
    }));
  }
  return [{ severity: 'error', ...place(source, path), message: issue.message }];
}

function place(source: ParsedFile, path: (string | number)[]): Omit<ConfigurationProblem, 'severity' | 'message'> {
  // A missing field has no place of its own: the nearest thing above it does.
  for (let length = path.length; length > 0; length--) {
    const node = source.document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) {
      const { line, col } = source.lines.linePos(node.range[0]);
      return { file: source.file, line, column: col, path: pathText(path) };
    }
  }
  return { file: source.file, line: 1, column: 1, path: pathText(path) };
}

function pathText(path: (string | number)[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

/** `infra/config/sources/rudderstack.yaml:7:13 mappings[0].action: …` */
export function problemText({ severity, file, line, column, path, message }: ConfigurationProblem): string {
  const where = line === undefined ? file : `${file}:${line}:${column}`;
  return `${where} ${severity}: ${path === '' ? '' : `${path} `}${message}`;
}
