import type { Command } from 'commander';
import type { GlobalOptions } from '../command.ts';
import {
  type ConfigurationFiles,
  type ConfigurationProblem,
  problemText,
  readConfigurationFiles,
  shippedDirectory,
} from '../configuration-files.ts';
import { failure } from '../errors.ts';
import type { Terminal } from '../output/terminal.ts';
import { plural } from '../output/text.ts';

export type DirectoryOption = GlobalOptions & { dir: string };

/** Names the folder of the files; infra/config where nothing else is said. */
export function withDirectory(command: Command): Command {
  return command.option('--dir <path>', 'folder of the configuration files', shippedDirectory);
}

export const errorsOf = ({ problems }: ConfigurationFiles): ConfigurationProblem[] =>
  problems.filter(({ severity }) => severity === 'error');

/**
 * The files, when none has an error.
 * @throws CliError after every problem was printed
 */
export function readFaultlessFiles(terminal: Terminal, directory: string, consequence: string): ConfigurationFiles {
  const files = readConfigurationFiles(directory);
  const errors = errorsOf(files);
  if (errors.length === 0) return files;
  for (const problem of files.problems) terminal.note(problemText(problem));
  throw failure(`${plural(errors.length, 'error')} in the configuration; ${consequence}`);
}

export function summaryOf({ snapshot }: Pick<ConfigurationFiles, 'snapshot'>): string {
  const sources = Object.values(snapshot.sources);
  const mappings = sources.reduce((count, source) => count + source.mappings.length, 0);
  return `${plural(sources.length, 'source')}, ${plural(mappings, 'mapping')}, ${plural(Object.keys(snapshot.workflows).length, 'workflow')}`;
}
