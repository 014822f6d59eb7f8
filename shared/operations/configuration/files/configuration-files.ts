import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import {
  AudienceFile,
  EnvironmentFile,
  type Snapshot,
  SourceFile,
  WorkflowFile,
} from '../../../core/configuration/schema.ts';
import { ResourceKey } from '../../../core/ids/resource-key.ts';
import { printable } from '../../words/text.ts';
import { checkReferences } from './configuration-checks.ts';
import { type DocumentPath, type ParsedFile, pathText, place, problemsOf } from './configuration-errors.ts';
import { readPlainYaml } from './plain-yaml.ts';

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
  path: DocumentPath,
  /** Whether the value there is meant, or the name that it goes by. */
  at?: 'key' | 'value',
) => Omit<ConfigurationProblem, 'severity' | 'message'>;

/** Where this checkout keeps them. */
export const shippedDirectory = join(import.meta.dirname, '../../../../infra/config');

const kinds = {
  sources: SourceFile,
  workflows: WorkflowFile,
  audiences: AudienceFile,
  environments: EnvironmentFile,
} as const satisfies Record<string, z.ZodType>;
export type FileKind = keyof typeof kinds;

/**
 * Reads `<directory>/{sources,workflows,audiences,environments}/<key>.yaml` and checks all of it.
 *
 * Nothing is thrown for a bad file: every problem of every file is in `problems`, and what could be read is in the
 * snapshot. Push only when no problem is an error.
 */
export function readConfigurationFiles(directory: string): ConfigurationFiles {
  const problems: ConfigurationProblem[] = [];
  const parsed = new Map<string, ParsedFile>();
  const keys: Record<FileKind, string[]> = { sources: [], workflows: [], audiences: [], environments: [] };
  const read = <Kind extends FileKind>(kind: Kind) => {
    const contents: Record<string, z.infer<(typeof kinds)[Kind]>> = {};
    for (const name of filesOf(join(directory, kind))) {
      const key = name.replace(/\.ya?ml$/, '');
      keys[kind].push(key);
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
      const result = kinds[kind].safeParse(source.content ?? {});
      if (result.success) contents[key] = result.data as z.infer<(typeof kinds)[Kind]>;
      else problems.push(...problemsOf(result.error, source, kinds[kind]));
    }
    return contents;
  };
  const snapshot: Snapshot = {
    sources: read('sources'),
    workflows: read('workflows'),
    audiences: read('audiences'),
  };
  const environments = read('environments');
  const locate: Locate = (kind, key, path, at) => {
    const source = parsed.get(`${kind}/${key}`);
    return source ? place(source, path, at) : { file: join(directory, kind, `${key}.yaml`), path: pathText(path) };
  };
  problems.push(...checkReferences(snapshot, environments, locate, keys));
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
  let positioned: { document: Document; lines: LineCounter } | undefined;
  const withPositions = () => {
    positioned ??= parseWithPositions(text);
    return positioned;
  };
  const plain = readPlainYaml(text);
  if (plain !== undefined) return { file, content: plain.content, document: withPositions };
  const { document, lines } = withPositions();
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.push({ severity: 'error', file, line, column: col, path: '', message: `is not YAML: ${error.message}` });
  }
  return document.errors.length > 0 ? undefined : { file, content: document.toJS(), document: withPositions };
}

function parseWithPositions(text: string): { document: Document; lines: LineCounter } {
  const lines = new LineCounter();
  return { document: parseDocument(text, { lineCounter: lines, prettyErrors: false }), lines };
}

/** `infra/config/sources/rudderstack.yaml:7:13 mappings[0].action: …` */
export function problemText({ severity, file, line, column, path, message }: ConfigurationProblem): string {
  const where = line === undefined ? file : `${file}:${line}:${column}`;
  // Names and values are quoted from the file, which may be anybody's.
  return printable(`${where} ${severity}: ${path === '' ? '' : `${path} `}${message}`);
}
