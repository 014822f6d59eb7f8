import { isAbsolute, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { mappingsOf } from '../../../shared/core/configuration/triggers.ts';
import {
  type ConfigurationFiles,
  type ConfigurationProblem,
  problemText,
  readConfigurationFiles,
  shippedDirectory,
} from '../../../shared/operations/configuration/files/configuration-files.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import type { GlobalOptions } from '../command.ts';
import type { Terminal } from '../terminal/terminal.ts';

export type DirectoryOption = GlobalOptions & { dir: string };

/** Option for the folder of the files; default: infra/config. */
export function withDirectory(command: Command): Command {
  return command.option('--dir <path>', 'folder of the configuration files', shippedDirectory);
}

export const errorsOf = ({ problems }: ConfigurationFiles): ConfigurationProblem[] =>
  problems.filter(({ severity }) => severity === 'error');

/** A folder as shown to people: its relative path if it is below the current one. */
export function folderNamed(directory: string): string {
  const path = relative(process.cwd(), resolve(directory));
  return path.startsWith('..') || isAbsolute(path) ? resolve(directory) : path || '.';
}

/**
 * The files, if none has an error.
 * @throws Refusal after printing every problem
 */
export function readFaultlessFiles(terminal: Terminal, directory: string, consequence: string): ConfigurationFiles {
  const files = readConfigurationFiles(folderNamed(directory));
  const errors = errorsOf(files);
  if (errors.length === 0) return files;
  for (const problem of files.problems) terminal.note(problemText(problem));
  throw failure(`${plural(errors.length, 'error')} in the configuration; ${consequence}`);
}

export function summaryOf({ snapshot }: Pick<ConfigurationFiles, 'snapshot'>): string {
  const sources = Object.keys(snapshot.sources);
  const mappings = sources.reduce((count, source) => count + mappingsOf(snapshot, source).length, 0);
  return `${plural(sources.length, 'source')}, ${plural(mappings, 'mapping')}, ${plural(Object.keys(snapshot.workflows).length, 'workflow')}`;
}
