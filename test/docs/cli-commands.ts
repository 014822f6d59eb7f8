import { Command, CommanderError } from 'commander';
import { addGlobalOptions } from '../../infra/cli/command.ts';
import { type CommandFile, commandFiles } from '../../infra/cli/commands.ts';

const loaded: CommandFile[] = [];
/** Before the first question. */
export async function loadCommands(): Promise<void> {
  if (loaded.length > 0) return;
  // One after the other: Jest on Node 20 cannot load two files at once that share a third.
  for (const load of Object.values(commandFiles)) loaded.push(await load());
}

/** What the CLI has against a command, as its own parser says it; undefined when it would run it. */
export function refusedBecause(command: string): string | undefined {
  const program = addGlobalOptions(new Command('signalbox'));
  for (const { register } of loaded) register(program);
  quieten(program);
  const words = command.match(/"[^"]*"|'[^']*'|\$\([^)]*\)|\S+/g) ?? [];
  try {
    program.parse(
      words.map((word) => word.replaceAll(/^["']|["']$/g, '')),
      { from: 'user' },
    );
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    return (error as Error).message;
  }
}

/** Parses as ever and does nothing. */
function quieten(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  if (command.commands.length === 0) command.action(() => undefined);
  for (const inner of command.commands) quieten(inner);
}

/** Every command that does something, by its words: `runs cancel`. */
export function commandNames(): string[] {
  const program = addGlobalOptions(new Command('signalbox'));
  for (const { register } of loaded) register(program);
  const namesBelow = (command: Command, words: string[]): string[] =>
    command.commands.length === 0
      ? [words.join(' ')]
      : command.commands.flatMap((inner) => namesBelow(inner, [...words, inner.name()]));
  return namesBelow(program, []);
}
