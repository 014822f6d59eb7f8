import type { Command } from 'commander';
import {
  problemText,
  readConfigurationFiles,
} from '../../../shared/operations/configuration/files/configuration-files.ts';
import { lackingSecrets } from '../../../shared/operations/configuration/lacking-secrets.ts';
import { examples, isEnvironmentNamed, optionsOf } from '../command.ts';
import { connect, runsHere } from '../environment.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { type DirectoryOption, errorsOf, folderNamed, summaryOf, withDirectory } from './files.ts';

export function addValidate(config: Command): void {
  const validate = withDirectory(config.command('validate'))
    .description('check every configuration file; exit code 1 when one has an error')
    .action((_options, command: Command) => run(optionsOf(command), isEnvironmentNamed(command)));
  validate.addHelpText(
    'after',
    '\nWith -e, or where the local runtime runs the environment, also looks whether sources that have to be verified, and targets\nthat need one, have a secret there.',
  );
  examples(
    validate,
    ['config validate', 'file:line:column for every problem'],
    ['config validate -e production', 'and whether production has the secrets'],
    ['config validate --json', 'for editors and CI'],
  );
}

async function run(options: DirectoryOption, isNamed: boolean): Promise<void> {
  const terminal = processTerminal();
  const { out, colours } = terminal;
  const files = readConfigurationFiles(folderNamed(options.dir));
  // Problems of the files themselves come first, and need no environment.
  if (errorsOf(files).length === 0 && (isNamed || runsHere(options.environment)))
    files.problems.push(...(await lackingSecrets(await connect(options), files)));
  if (options.json) printJson(terminal, files.problems);
  else
    for (const problem of files.problems)
      out((problem.severity === 'error' ? colours.red : colours.yellow)(problemText(problem)));
  if (errorsOf(files).length > 0) process.exitCode = 1;
  else if (!options.json) out(`${summaryOf(files)}: no errors`);
}
