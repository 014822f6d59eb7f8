import { type Command, InvalidArgumentError, Option } from 'commander';
import { usageError } from '../../shared/operations/refusal.ts';
import { nearestName } from '../../shared/operations/words/did-you-mean.ts';
import { parseTime } from '../../shared/operations/words/times.ts';
import type { EnvironmentOptions } from './environment.ts';

/** Options that every command takes, before or after its name. */
export type GlobalOptions = EnvironmentOptions & { json?: boolean };

export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(
      new Option('-e, --environment <name>', 'the environment to work on')
        .env('SIGNALBOX_ENVIRONMENT')
        .default('development'),
    )
    .option('--profile <name>', 'AWS profile, for environments on AWS')
    .option('--region <name>', 'AWS region, for environments on AWS')
    .option('--json', 'data as JSON on standard output: a list as one array, a stream as one object per line');
}

/** A command's own options together with the global ones. */
export function optionsOf<Options>(command: Command): Options & GlobalOptions {
  return command.optsWithGlobals() as Options & GlobalOptions;
}

/** Whether -e or its variable names an environment; otherwise it is the default. */
export function isEnvironmentNamed(command: Command): boolean {
  let root = command;
  while (root.parent) root = root.parent;
  return root.getOptionValueSource('environment') !== 'default';
}

/** For `.option('--count <n>', …, positiveInteger)`. */
export function positiveInteger(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1)
    throw new InvalidArgumentError('It is a whole number from 1 to 999,999,999.');
  return Number(text);
}

export function positiveNumber(text: string): number {
  const number = Number(text);
  if (!(number > 0) || !Number.isFinite(number)) throw new InvalidArgumentError('It is a number above 0.');
  return number;
}

/** For `--rate 5` or `--rate 5/s`: things per second. */
export function rate(text: string): number {
  return positiveNumber(text.replace(/\/s$/, ''));
}

/**
 * For `--status failed,skipped`: one or several values, each from a closed list.
 * @throws Refusal (invalid) with the value, the nearest valid one, and all valid ones
 */
export function anyOf<Value extends string>(noun: string, values: readonly Value[]): (text: string) => Value[] {
  return (text) =>
    text.split(',').map((part) => {
      const found = values.find((value) => value === part.trim());
      if (found !== undefined) return found;
      const near = nearestName(part.trim(), values);
      throw usageError(
        `"${part.trim()}" is not a ${noun}${near === undefined ? '' : `; did you mean "${near}"?`}`,
        `one or several of ${values.join(',')}`,
      );
    });
}

/** For times: `15m`, `2h`, `3d`, ISO. */
export function time(text: string): number {
  return parseTime(text, Date.now());
}

/** For commands that change the state or configuration in force. */
export function addReason(command: Command): Command {
  return command.option('-m, --message <text>', 'why: recorded with the change, besides who and when');
}

type Example = [command: string, what: string];
const examplesOf = new WeakMap<Command, Example[]>();

/** Examples under a command's help. */
export function examples(command: Command, ...lines: Example[]): Command {
  examplesOf.set(command, lines);
  return command.addHelpText('after', examplesText(lines));
}

function examplesText(lines: readonly Example[]): string {
  const width = Math.max(...lines.map(([text]) => text.length));
  return `\nExamples:\n${lines.map(([line, what]) => `  $ npx signalbox ${line.padEnd(width)}  ${what}`).join('\n')}`;
}

/** A group's help shows the first example of each of its commands. */
export function addExamplesOfGroups(program: Command): void {
  for (const group of program.commands) {
    if (group.commands.length === 0) continue;
    const firsts = group.commands.flatMap((command) => examplesOf.get(command)?.slice(0, 1) ?? []);
    if (firsts.length > 0 && !examplesOf.has(group)) group.addHelpText('after', examplesText(firsts));
    addExamplesOfGroups(group);
  }
}

/**
 * The list that a group shows when no command of it is named: `events` is `events list`. An unknown
 * name ends here too, and the message lists the commands.
 */
export function defaultList(group: Command): Command {
  return group
    .command('list', { isDefault: true })
    .allowExcessArguments()
    .hook('preAction', (_group, list) => {
      const [unknown] = list.args;
      if (unknown === undefined) return;
      const names = group.commands.map((command) => `${group.name()} ${command.name()}`);
      throw usageError(`there is no command "${group.name()} ${unknown}"`, `there are: ${names.join(', ')}`);
    });
}
