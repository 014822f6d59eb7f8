import type { Command } from 'commander';
import { notFound } from '../../../shared/operations/refusal.ts';
import { switchSource } from '../../../shared/operations/settings/switches.ts';
import { pickSources, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { sourceRows } from '../../../shared/operations/sources/source-rows.ts';
import { didYouMean } from '../../../shared/operations/words/did-you-mean.ts';
import { addReason, examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { askedNow, unknownName } from '../settings/asked.ts';
import { printSwitched } from '../settings/switched.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { addAdd } from './add.ts';
import { addKinds } from './kinds.ts';
import { addRotate } from './rotate.ts';
import { printSource, printSources } from './tables.ts';

export function register(program: Command): void {
  const sources = program
    .command('sources')
    .description('sources: kind, ingest URL, last event, settings; switch one, replace its URL');
  addList(sources);
  addShow(sources);
  addSwitch(sources, 'enable', true, 'let what its events ask for run again');
  addSwitch(sources, 'disable', false, 'accept its events and log them as rejected; nothing runs');
  addRotate(sources);
  addKinds(sources);
  addAdd(sources);
}

/** `sources` and `sources KEY`: what is named and is no command is a source. One that is called like a command: `show`. */
function addList(sources: Command): void {
  const list = sources
    .command('list [key]', { isDefault: true })
    .description('all sources of the environment; with a key, one of them (the same as show)')
    .action((key: string | undefined, _options, command: Command) => {
      const commands = sources.commands.map((one) => one.name());
      return showCommand(key, optionsOf(command), commands);
    });
  examples(
    list,
    ['sources', 'all of them'],
    ['sources rudderstack', 'one, with its settings'],
    ['sources -e production --json', 'for scripts'],
  );
}

function addShow(sources: Command): void {
  const show = sources
    .command('show <key>')
    .description('one source, with its settings and whether its old URL is still used')
    .action((key: string, _options, command: Command) => showCommand(key, optionsOf(command)));
  examples(show, ['sources show rudderstack', 'also for a source that is called like a command']);
}

/** @param commands what might have been meant instead of a source */
async function showCommand(key: string | undefined, options: GlobalOptions, commands: string[] = []): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const directory = await readSources(environment);
  const keys = directory.known.map((source) => source.key);
  const slip = key === undefined || keys.includes(key) ? '' : didYouMean(key, [...commands, ...keys]);
  if (key !== undefined && slip.startsWith('; did'))
    throw notFound(
      `there is no source "${key}" in ${environment.name}${slip}`,
      `there are: ${keys.join(', ') || 'none'}`,
    );
  const picked = pickSources(directory.known, key);
  const rows = await sourceRows(environment, directory, picked);
  if (options.json) printJson(terminal, rows);
  else if (key !== undefined) for (const row of rows) printSource(terminal, row, Date.now());
  else printSources(terminal, rows, Date.now());
  if (!options.json && rows.some(({ url }) => url !== null))
    terminal.note('A URL is a credential: knowing it is enough to send events. Give each sender only its own.');
}

function addSwitch(sources: Command, name: 'enable' | 'disable', enabled: boolean, what: string): void {
  const command = addReason(sources.command(`${name} <key>`))
    .description(`${what}: within 30 s, here only, kept through later pushes`)
    .action((key: string, _options, self: Command) => switchCommand(key, enabled, optionsOf(self)));
  examples(
    command,
    [`sources ${name} rudderstack`, 'in development'],
    [`sources ${name} rudderstack -e production -m "flood of test events"`, 'with a reason'],
  );
}

async function switchCommand(
  source: string,
  enabled: boolean,
  options: GlobalOptions & { message?: string },
): Promise<void> {
  const terminal = processTerminal();
  const { configuration, name } = await connect(options);
  const switched = await switchSource(configuration, { source, enabled, ...askedNow(options) });
  if (switched.kind === 'unknown') throw unknownName(switched, name);
  printSwitched(terminal, options, switched, {
    environment: name,
    what: `source ${source}`,
    state: enabled ? 'on' : 'off',
    row: { source, enabled },
  });
  if (enabled && switched.kind === 'changed')
    terminal.note(
      `What came in meanwhile is in the log as rejected: npx signalbox events --source ${source} --status rejected; replay --force runs it.`,
    );
}
