import type { Command } from 'commander';
import type { Environment } from '../../../shared/operations/environment.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import { switchSource } from '../../../shared/operations/settings/switches.ts';
import { unknownName } from '../../../shared/operations/settings/unknown-name.ts';
import { pickSources, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { type Reached, type SourceThere, sourceAcross } from '../../../shared/operations/sources/source-across.ts';
import { sourceRows } from '../../../shared/operations/sources/source-rows.ts';
import { nearestName } from '../../../shared/operations/words/did-you-mean.ts';
import { environments } from '../../environments.ts';
import { addReason, examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect, runsHere } from '../environment.ts';
import { explainError } from '../errors.ts';
import { askedNow } from '../settings/asked.ts';
import { printSwitched } from '../settings/switched.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { addAdd } from './add.ts';
import { addKinds } from './kinds.ts';
import { addLinks } from './link.ts';
import { addPause } from './pause.ts';
import { addRotate } from './rotate.ts';
import { printSideBySide, printSource, printSources } from './tables.ts';

export function register(program: Command): void {
  const sources = program
    .command('sources')
    .description('sources: kind, ingest URL, last event, settings; switch one, replace its URL');
  addList(sources);
  addShow(sources);
  addSwitch(sources, 'enable', true, 'let what its events ask for run again');
  addSwitch(
    sources,
    'disable',
    false,
    'accept its events and log them as rejected; nothing runs, and nothing is kept to run later: see pause',
  );
  addPause(sources);
  addRotate(sources);
  addKinds(sources);
  addAdd(sources);
  addLinks(sources);
}

/**
 * `sources` and `sources KEY`: a name that is not a command is a source. `show` reaches a source
 * with a command's name.
 */
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
    ['sources rudderstack', 'one, with its settings, and side by side with the other environments'],
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

/** @param commands names that may have been meant instead of a source */
async function showCommand(key: string | undefined, options: GlobalOptions, commands: string[] = []): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const directory = await readSources(environment);
  const keys = directory.known.map((source) => source.key);
  const meant = key === undefined || keys.includes(key) ? undefined : nearestName(key, [...commands, ...keys]);
  if (meant !== undefined)
    throw notFound(
      `there is no source "${key}" in ${environment.name}; did you mean "${meant}"?`,
      `there are: ${keys.join(', ') || 'none'}`,
    );
  const picked = pickSources(directory.known, key);
  const rows = await sourceRows(environment, directory, picked);
  const elsewhere = key === undefined ? [] : await inOtherEnvironments(key, environment, options);
  const others = elsewhere.flatMap((there) => (there.kind === 'there' ? [there.row] : []));
  if (options.json) printJson(terminal, [...rows, ...others]);
  else if (key !== undefined) {
    for (const row of rows) printSource(terminal, row, Date.now());
    if (others.length > 0) printSideBySide(terminal, [...rows, ...others], Date.now());
    for (const there of elsewhere) {
      if (there.kind === 'absent') terminal.note(`${there.environment} does not have it`);
      if (there.kind === 'unreachable') terminal.note(`${there.environment}: ${there.message}`);
    }
  } else printSources(terminal, rows, Date.now());
  if (!options.json && rows.some(({ url }) => url !== null))
    terminal.note('A URL is a credential: knowing it is enough to send events. Give each sender only its own.');
}

/**
 * The same source in the other environments: the local runtime's for a local one, else the deployed
 * ones. An unreachable environment is shown with its problem.
 */
async function inOtherEnvironments(key: string, here: Environment, options: GlobalOptions): Promise<SourceThere[]> {
  const names = environments
    .map(({ name }) => name)
    .filter((name) => name !== here.name && (!here.local || runsHere(name)));
  const reached = await Promise.all(
    names.map(async (name): Promise<Reached> => {
      try {
        return { name, environment: await connect({ ...options, environment: name }) };
      } catch (error) {
        const refusal = explainError(error, options.profile);
        if (refusal === undefined) throw error;
        return { name, refusal };
      }
    }),
  );
  return sourceAcross(reached, key);
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
      `What came in meanwhile is in the log as rejected: npx signalbox events --source ${source} --status rejected; npx signalbox replay ID runs one of them.`,
    );
}
