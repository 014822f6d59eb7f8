import { beforeAll, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { addExamplesOfGroups, addGlobalOptions } from '../../infra/cli/command.ts';
import { type CommandFile, commandFiles } from '../../infra/cli/commands.ts';

const program = addGlobalOptions(new Command('signalbox'));

beforeAll(async () => {
  const files: CommandFile[] = [];
  for (const load of Object.values(commandFiles)) files.push(await load());
  for (const { register } of files) register(program);
  addExamplesOfGroups(program);
});

function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  return help;
}

const below = (command: Command, words: string[] = []): [string, Command][] =>
  command.commands.flatMap((inner) => {
    const name = [...words, inner.name()];
    return [[name.join(' '), inner] as [string, Command], ...below(inner, name)];
  });

test('the help of every command, and of every group of commands, has examples', () => {
  const without = below(program).filter(([, command]) => !helpOf(command).includes('\nExamples:\n  $ npx signalbox '));
  expect(without.map(([name]) => name)).toEqual([]);
});

test("a group's examples are the first of each of its commands", () => {
  const workflow = below(program).find(([name]) => name === 'workflow')?.[1] as Command;
  for (const text of ['workflow pause order-completed', 'workflow resume order-completed', 'workflow run'])
    expect(helpOf(workflow)).toContain(`$ npx signalbox ${text}`);
});
