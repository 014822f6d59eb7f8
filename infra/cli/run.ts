import { inspect } from 'node:util';
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { addExamplesOfGroups, addGlobalOptions } from './command.ts';
import { type CommandFile, commandFiles } from './commands.ts';
import { exitCodeOf, explainError, refusalLines } from './errors.ts';
import { printNote } from './terminal/terminal.ts';

/** Runs one command line and answers its exit code; its output goes to the process's streams. */
export async function runCli(args: string[]): Promise<number> {
  const program = addGlobalOptions(new Command('signalbox'))
    .description('Operate Signalbox: what came in, what became of it, and what to run again.')
    .version(packageJson.version, '-V, --version', 'the version of this checkout')
    .showHelpAfterError('(--help shows what it takes)')
    .exitOverride()
    // The message about a mistyped argument repeats it.
    .configureOutput({ writeErr: (text) => printNote(text.trimEnd()) })
    .addHelpText(
      'after',
      '\nAn environment that the local runtime runs (npm start) is used there, any other on AWS.\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 not found.',
    );
  for (const { register } of await loadCommands(firstOperand(args))) register(program);
  for (const command of program.commands) inheritExit(command);
  addExamplesOfGroups(program);
  try {
    if (args.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return reportError(error, program.opts<{ profile?: string }>().profile);
  }
}

/**
 * The file of one command. All files for help, which lists them, and for a typo, whose message
 * names the nearest.
 */
function loadCommands(name: string | undefined): Promise<CommandFile[]> {
  const one = name === undefined ? undefined : new Map(Object.entries(commandFiles)).get(name);
  return Promise.all((one ? [one] : Object.values(commandFiles)).map((load) => load()));
}

/** The first argument that is neither an option nor an option's value. */
function firstOperand(args: string[]): string | undefined {
  const probe = addGlobalOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  try {
    return probe.parseOptions(args).operands[0];
  } catch {
    // A global option without its value; the real parse of the arguments reports it.
    return undefined;
  }
}

function inheritExit(command: Command): void {
  command
    .exitOverride()
    .showHelpAfterError('(--help shows what it takes)')
    .configureOutput({ writeErr: (text) => printNote(text.trimEnd()) });
  for (const inner of command.commands) inheritExit(inner);
}

/** One line for each problem and one per remedy; a stack trace only for a bug of ours. */
function reportError(error: unknown, profile: string | undefined): number {
  // Commander has printed its own message; its exit code 0 is for --help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const explained = explainError(error, profile);
  if (explained === undefined) {
    printNote(inspect(error));
    printNote('This is a bug in Signalbox; please report it with the lines above.');
    return 1;
  }
  for (const line of refusalLines(explained)) printNote(line);
  return exitCodeOf(explained);
}
