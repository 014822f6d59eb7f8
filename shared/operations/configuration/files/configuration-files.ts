import { join } from 'node:path';
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
import { type ParsedFile, pathText, place, problemsOf } from './configuration-errors.ts';
import { withEmptyList } from './empty-list.ts';
import { type ListedFile, listFiles } from './list-files.ts';
import type { ConfigurationProblem, FileKind, Locate } from './problem.ts';
import { readYaml } from './read-yaml.ts';

export type { ConfigurationProblem, FileKind } from './problem.ts';

/** A file as someone is writing it. */
export type EditedFile = { kind: FileKind; key: string; text: string };

export type ConfigurationFiles = {
  directory: string;
  snapshot: Snapshot;
  environments: Record<string, EnvironmentFile>;
  problems: ConfigurationProblem[];
};

/** This checkout's folder of them. */
export const shippedDirectory = join(import.meta.dirname, '../../../../infra/config');

const kinds = {
  sources: SourceFile,
  workflows: WorkflowFile,
  audiences: AudienceFile,
  environments: EnvironmentFile,
} as const satisfies Record<FileKind, z.ZodType>;
const fileKinds = Object.keys(kinds) as FileKind[];

/**
 * Reads `<directory>/{sources,workflows,audiences,environments}/<key>.yaml` and checks all of it.
 *
 * It never throws for the folder's content: `problems` has every problem of every file, and the
 * snapshot has all that could be read. Push only when no problem is an error: a missing folder
 * looks as if everything had been removed.
 * @param edited files that are being written, in place of those in the folder or besides them
 */
export function readConfigurationFiles(directory: string, edited: readonly EditedFile[] = []): ConfigurationFiles {
  const { files: listed, problems } = listFiles(directory, fileKinds);
  const files = withEdited(listed, edited, directory);
  const parsed = new Map<string, ParsedFile>();
  const keys: Record<FileKind, string[]> = { sources: [], workflows: [], audiences: [], environments: [] };
  const read = <Kind extends FileKind>(kind: Kind) => {
    const contents: Record<string, z.infer<(typeof kinds)[Kind]>> = {};
    for (const { key, file, bytes } of files.filter((one) => one.kind === kind)) {
      keys[kind].push(key);
      const problem = keyProblem(key);
      if (problem !== undefined) problems.push({ severity: 'error', file, path: '', message: problem });
      const result = readYaml(bytes);
      if (result.kind === 'wrong') {
        for (const { path, ...problem } of result.problems)
          problems.push({ severity: 'error', file, path: pathText(path), ...problem });
        continue;
      }
      const source: ParsedFile = { file, ...result.yaml };
      parsed.set(`${kind}/${key}`, source);
      const checked = kinds[kind].safeParse(withEmptyList(source.content));
      if (checked.success) contents[key] = checked.data as z.infer<(typeof kinds)[Kind]>;
      else problems.push(...problemsOf(checked.error, source, kinds[kind]));
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

function withEdited(listed: readonly ListedFile[], edited: readonly EditedFile[], directory: string): ListedFile[] {
  const isSame = (a: EditedFile | ListedFile, b: EditedFile) => a.kind === b.kind && a.key === b.key;
  const added = edited.filter((one) => !listed.some((file) => isSame(file, one)));
  return [
    ...listed.map((file) => {
      const written = edited.find((one) => isSame(file, one));
      return written === undefined ? file : { ...file, bytes: Buffer.from(written.text) };
    }),
    ...added.map(({ kind, key, text }) => ({
      kind,
      key,
      file: join(directory, kind, `${key}.yaml`),
      bytes: Buffer.from(text),
    })),
  ];
}

/** Why a file's name is not a valid key, with a valid one; undefined when it is. */
function keyProblem(key: string): string | undefined {
  const problem = ResourceKey.safeParse(key).error?.issues[0]?.message;
  return problem && `"${key}" cannot be a key, and the file's name is its key: it ${problem}`;
}

/** `infra/config/sources/rudderstack.yaml:7:13 mappings[0].action: …` */
export function problemText({ severity, file, line, column, path, message }: ConfigurationProblem): string {
  const where = line === undefined ? file : `${file}:${line}:${column}`;
  // Names and values are quoted from the file, which may come from a stranger.
  return printable(`${where} ${severity}: ${path === '' ? '' : `${path} `}${message}`);
}
