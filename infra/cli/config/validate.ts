import type { Command } from 'commander';
import { examples, optionsOf } from '../command.ts';
import { problemText, readConfigurationFiles } from '../configuration-files.ts';
import { printJson, processTerminal } from '../output/terminal.ts';
import { type DirectoryOption, errorsOf, summaryOf, withDirectory } from './files.ts';

export function addValidate(config: Command): void {
  const validate = withDirectory(config.command('validate'))
    .description('check every configuration file; exit code 1 when one has an error')
    .action((_options, command: Command) => run(optionsOf(command)));
  examples(
    validate,
    ['config validate', 'file:line:column for every problem'],
    ['config validate --json', 'for editors and CI'],
  );
}

function run(options: DirectoryOption): void {
  const terminal = processTerminal();
  const { out, colours } = terminal;
  const files = readConfigurationFiles(options.dir);
  if (options.json) printJson(terminal, files.problems);
  else
    for (const problem of files.problems)
      out((problem.severity === 'error' ? colours.red : colours.yellow)(problemText(problem)));
  if (errorsOf(files).length > 0) process.exitCode = 1;
  else if (!options.json) out(`${summaryOf(files)}: no errors`);
}
